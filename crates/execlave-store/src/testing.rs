//! A store for one test. By default a private SQLite database in a temporary directory; if `EXECLAVE_TEST_DATABASE_URL` names a
//! PostgreSQL database, a fresh schema in it, dropped afterwards. So the same test runs on both, and everybody's tests do.

use std::ops::Deref;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use url::Url;

use crate::db::query::Query;
use crate::{ConnectOptions, Store, StoreError, StoreUrl};

impl Store {
    /// How many listen to [`Store::changes`], so that a test can wait for somebody to begin.
    pub fn listeners(&self) -> usize {
        self.inner.changes.receiver_count()
    }
}

/// A store that is removed when dropped.
#[derive(Debug)]
pub struct TestStore {
    store: Store,
    url: StoreUrl,
    // INVARIANT: declared last, so that the store is gone when its place is removed.
    _place: Place,
}

#[derive(Debug)]
enum Place {
    Directory { _directory: tempfile::TempDir },
    Schema { database: Url, name: String },
}

impl TestStore {
    /// Where the store is, for opening it a second time.
    pub fn url(&self) -> &StoreUrl {
        &self.url
    }

    /// Runs a statement as somebody outside the product would: an administrator, or the migration of a newer version.
    ///
    /// # Panics
    /// If the database refuses it.
    pub async fn run_sql(&self, sql: &'static str) {
        self.try_sql(sql).await.expect("the statement runs");
    }

    /// The same for a statement that the database may refuse.
    pub async fn try_sql(&self, sql: &'static str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.execute(Query::new(sql, Vec::new())).await?;
        tx.commit().await
    }
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl Store {
    /// An empty store with the schema in place.
    ///
    /// # Panics
    /// If there is none to be had, which fails the test.
    pub async fn for_test() -> TestStore {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one switch of the test suite, read where tests begin"
        )]
        let (place, url) = match std::env::var("EXECLAVE_TEST_DATABASE_URL") {
            Ok(database) if !database.is_empty() => fresh_schema(&database).await,
            _ => {
                let directory = tempfile::tempdir().expect("a temporary directory");
                let url = StoreUrl::Sqlite(directory.path().join("data"));
                (Place::Directory { _directory: directory }, url)
            }
        };
        let options = ConnectOptions { connections: 4, ..ConnectOptions::default() };
        let store = Store::open(&url, &options).await.expect("the test database opens");
        store.migrate().await.expect("the schema is created");
        TestStore { store, url, _place: place }
    }
}

async fn fresh_schema(database: &str) -> (Place, StoreUrl) {
    let database = Url::parse(database).expect("EXECLAVE_TEST_DATABASE_URL is a URL");
    #[expect(
        clippy::disallowed_methods,
        reason = "a name nobody else has, used by no code under test"
    )]
    let name = format!("test_{}", uuid::Uuid::new_v4().simple());
    let mut connection =
        PgConnection::connect(database.as_str()).await.expect("EXECLAVE_TEST_DATABASE_URL answers");
    let create = format!("CREATE SCHEMA {name}");
    sqlx::raw_sql(AssertSqlSafe(create))
        .execute(&mut connection)
        .await
        .expect("a schema is created");
    connection.close().await.expect("the connection closes");
    let mut url = database.clone();
    // The name of the application finds the connections again that have to end before the schema can go.
    url.query_pairs_mut()
        .append_pair("options[search_path]", &name)
        .append_pair("application_name", &name);
    (Place::Schema { database, name }, StoreUrl::Postgres(url))
}

impl Drop for Place {
    fn drop(&mut self) {
        let Self::Schema { database, name } = self else { return };
        let (database, name) = (database.clone(), name.clone());
        // A runtime of its own: the test's may be the one that drops this.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(drop_schema(&database, &name)).map_err(std::io::Error::other)
        });
        if let Ok(Err(error)) = dropping.join() {
            tracing::warn!(%error, "a test schema is left behind");
        }
    }
}

async fn drop_schema(database: &Url, name: &str) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(database.as_str()).await?;
    sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()")
        .bind(name)
        .execute(&mut connection)
        .await?;
    let drop = format!(
        "SET lock_timeout = '5s'; SET client_min_messages = 'warning'; DROP SCHEMA {name} CASCADE"
    );
    sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await?;
    connection.close().await
}
