//! Row 5 of the performance table without HTTP: what storing traces costs beside raw inserts of the same rows into the same engine.
//!
//! Batches of 100 traces of 1 KB on SQLite, each batch durable before the next. `raw` is one statement with nothing but the primary
//! key to keep; `raw_indexed` has the indexes of the store as well; `store` is what a request waits for. Figures are for one caller.

#[path = "../tests/it/support.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod support;

use std::path::Path;

use divan::Bencher;
use divan::counter::ItemsCount;
use execlave_core::ids::OrgId;
use execlave_store::traces::Trace;
use execlave_store::{Json, Store};
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};
use tokio::runtime::Runtime;

const BATCH: usize = 100;

fn main() {
    divan::main();
}

#[divan::bench]
fn raw(bencher: Bencher<'_, '_>) {
    insert_raw(bencher, "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'traces'");
}

#[divan::bench]
fn raw_indexed(bencher: Bencher<'_, '_>) {
    insert_raw(
        bencher,
        "SELECT sql FROM sqlite_master WHERE tbl_name = 'traces' AND sql IS NOT NULL",
    );
}

#[divan::bench]
fn store(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let folder = tempfile::tempdir().expect("a folder");
    let (store, org) = runtime.block_on(open(folder.path()));
    let mut number = 0;
    bencher
        .counter(ItemsCount::new(BATCH))
        .with_inputs(|| batch(org, &mut number))
        .bench_local_values(|traces| {
            runtime.block_on(store.insert_traces(traces)).expect("stored");
        });
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

async fn open(folder: &Path) -> (Store, OrgId) {
    let store = Store::open_sqlite(folder).await.expect("a store");
    store.migrate().await.expect("the schema is created");
    let org = support::create_org(&store).await;
    (store, org)
}

fn batch(org: OrgId, number: &mut i64) -> Vec<Trace> {
    let half: Json =
        json!("A sentence of ordinary length, as people write them to agents. ".repeat(8)).into();
    let mut traces = Vec::with_capacity(BATCH);
    for _ in 0..BATCH {
        *number += 1;
        traces.push(Trace {
            input: Some(half.clone()),
            output: Some(half.clone()),
            ..support::trace(org, &format!("tr_{number:016x}"), *number)
        });
    }
    traces
}

/// Inserts the rows of one stored batch again and again, each time under other keys.
fn insert_raw(bencher: Bencher<'_, '_>, schema: &'static str) {
    let runtime = runtime();
    let folder = tempfile::tempdir().expect("a folder");
    let (rows, mut raw) = runtime.block_on(async {
        let (store, org) = open(folder.path()).await;
        store.insert_traces(batch(org, &mut 0)).await.expect("stored");
        store.close().await;
        let mut stored = connect(&folder.path().join("execlave.db")).await;
        let rows = sqlx::query("SELECT * FROM traces").fetch_all(&mut stored).await.expect("rows");
        let schema: Vec<String> =
            sqlx::query_scalar(schema).fetch_all(&mut stored).await.expect("a schema");
        let mut raw = connect(&folder.path().join("raw.db")).await;
        for statement in schema {
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut raw).await.expect("created");
        }
        (rows.iter().map(values).collect::<Vec<_>>(), raw)
    });
    let width = rows.first().map_or(0, Vec::len);
    let row = format!("({})", vec!["?"; width].join(", "));
    let insert = format!("INSERT INTO traces VALUES {}", vec![row; BATCH].join(", "));
    let mut number = 0_i64;
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        let mut statement = sqlx::query(AssertSqlSafe(insert.clone()));
        for (row, values) in rows.iter().enumerate() {
            number += 1;
            for (column, value) in values.iter().enumerate() {
                statement = match value {
                    // The second and third column are the time and the id.
                    _ if column == 1 => statement.bind(number),
                    _ if column == 2 => statement.bind(format!("{number:024x}-{row:011x}")),
                    Value::Text(text) => statement.bind(text.clone()),
                    Value::Int(number) => statement.bind(*number),
                };
            }
        }
        runtime.block_on(statement.execute(&mut raw)).expect("inserted")
    });
}

enum Value {
    Text(Option<String>),
    Int(Option<i64>),
}

fn values(row: &SqliteRow) -> Vec<Value> {
    let read = |column| match row.try_get::<Option<String>, _>(column) {
        Ok(text) => Value::Text(text),
        Err(_) => Value::Int(row.get(column)),
    };
    (0..row.len()).map(read).collect()
}

/// With the settings of the store.
async fn connect(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .foreign_keys(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    SqliteConnection::connect_with(&options).await.expect("a connection")
}
