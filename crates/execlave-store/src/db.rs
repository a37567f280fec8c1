//! The door to the two databases. Every query in this crate is SQL text with `$n` placeholders, run by the few functions here; apart
//! from a handful of marked exceptions this is the only file that knows that there are two.
//!
//! SQLite gets one connection that writes, so that writers queue in the process instead of in busy loops, and several readers.

pub(crate) mod column;
pub(crate) mod postgres;
pub(crate) mod query;
pub(crate) mod sqlite;
mod turns;

use sqlx::postgres::{PgConnection, PgPool};
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use sqlx::{AssertSqlSafe, Postgres, Sqlite, Transaction};
use tokio::sync::broadcast;

use crate::changes::Change;
use crate::error::StoreError;
use column::{Param, Record, Row, Table};
use query::Query;
pub(crate) use turns::Held;
use turns::Turns;

/// The pools of the database in use.
#[derive(Clone, Debug)]
pub(crate) enum Db {
    Sqlite { read: SqlitePool, write: Turns },
    Postgres(PgPool),
}

/// An open transaction; dropping it rolls back.
pub(crate) struct Tx<'c> {
    connection: Backend<Transaction<'c, Sqlite>, Transaction<'c, Postgres>>,
    /// On SQLite, what to tell once committed. PostgreSQL delivers its notices itself, at commit.
    changes: Vec<Change>,
    listeners: broadcast::Sender<Change>,
}

/// One thing of each database.
pub(crate) enum Backend<S, P> {
    Sqlite(S),
    Postgres(P),
}

/// Expands the same expression once for each database.
macro_rules! on {
    ($backend:expr, $connection:ident => $expression:expr) => {
        match $backend {
            Backend::Sqlite($connection) => $expression,
            Backend::Postgres($connection) => $expression,
        }
    };
}

/// Turns a [`Query`] into the driver's own, whichever driver the place of use asks for.
macro_rules! bound {
    ($query:expr) => {{
        let Query { sql, params } = $query.checked()?;
        let mut statement = sqlx::query(AssertSqlSafe(sql));
        for param in params {
            statement = match param {
                Param::Text(value) => statement.bind(value),
                Param::Int(value) => statement.bind(value),
                Param::Flag(value) => statement.bind(value),
            };
        }
        statement
    }};
}

impl Db {
    fn reader(&self) -> Backend<&SqlitePool, &PgPool> {
        match self {
            Self::Sqlite { read, .. } => Backend::Sqlite(read),
            Self::Postgres(pool) => Backend::Postgres(pool),
        }
    }

    /// Every row of a query that only reads.
    pub(crate) async fn all<T: Record>(&self, query: Query) -> Result<Vec<T>, StoreError> {
        let query = query.with_columns(T::COLUMNS);
        on!(self.reader(), pool => bound!(query).fetch_all(pool).await?.iter().map(|row| T::read(Row::from(row))).collect())
    }

    /// The first row, if there is one.
    pub(crate) async fn one<T: Record>(&self, query: Query) -> Result<Option<T>, StoreError> {
        let query = query.with_columns(T::COLUMNS);
        on!(self.reader(), pool => bound!(query).fetch_optional(pool).await?.map(|row| T::read(Row::from(&row))).transpose())
    }

    /// The integer in column `n` of the only row.
    pub(crate) async fn number(&self, query: Query) -> Result<i64, StoreError> {
        Ok(self.one::<Number>(query).await?.map_or(0, |number| number.0))
    }

    /// Begins a transaction that writes. On SQLite it takes the write lock at once: a read that turns into a write can fail at any
    /// moment under load.
    pub(crate) async fn begin(
        &self,
        listeners: &broadcast::Sender<Change>,
    ) -> Result<Tx<'static>, StoreError> {
        let connection = match self {
            Self::Sqlite { write, .. } => Backend::Sqlite(write.begin().await?),
            Self::Postgres(pool) => Backend::Postgres(pool.begin().await?),
        };
        Ok(Tx { connection, changes: Vec::new(), listeners: listeners.clone() })
    }

    /// The same for whoever writes all the time, and keeps the connection from one transaction to the next.
    pub(crate) async fn begin_on<'c>(
        &self,
        held: &'c mut Held,
        listeners: &broadcast::Sender<Change>,
    ) -> Result<Tx<'c>, StoreError> {
        let connection = match self {
            Self::Sqlite { write, .. } => Backend::Sqlite(write.begin_on(held).await?),
            Self::Postgres(pool) => Backend::Postgres(pool.begin().await?),
        };
        Ok(Tx { connection, changes: Vec::new(), listeners: listeners.clone() })
    }

    /// Completes when somebody else wants the connection that is held.
    pub(crate) async fn wanted(&self, held: &Held) {
        match self {
            Self::Sqlite { write, .. } if held.is_some() => write.wanted().await,
            Self::Sqlite { .. } | Self::Postgres(_) => std::future::pending().await,
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { read, write } => {
                read.close().await;
                // The last connection to close merges the write-ahead log into the file.
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx<'_> {
    fn connection(&mut self) -> Backend<&mut SqliteConnection, &mut PgConnection> {
        match &mut self.connection {
            Backend::Sqlite(transaction) => Backend::Sqlite(&mut **transaction),
            Backend::Postgres(transaction) => Backend::Postgres(&mut **transaction),
        }
    }

    /// Whether row locks have to be taken: on SQLite the transaction already excludes every other writer.
    pub(crate) fn has_concurrent_writers(&self) -> bool {
        matches!(self.connection, Backend::Postgres(_))
    }

    pub(crate) async fn all<T: Record>(&mut self, query: Query) -> Result<Vec<T>, StoreError> {
        let query = query.with_columns(T::COLUMNS);
        on!(self.connection(), connection => bound!(query).fetch_all(connection).await?.iter().map(|row| T::read(Row::from(row))).collect())
    }

    pub(crate) async fn one<T: Record>(&mut self, query: Query) -> Result<Option<T>, StoreError> {
        let query = query.with_columns(T::COLUMNS);
        on!(self.connection(), connection => bound!(query).fetch_optional(connection).await?.map(|row| T::read(Row::from(&row))).transpose())
    }

    pub(crate) async fn number(&mut self, query: Query) -> Result<i64, StoreError> {
        Ok(self.one::<Number>(query).await?.map_or(0, |number| number.0))
    }

    /// Runs a statement; the number of rows it touched.
    pub(crate) async fn execute(&mut self, query: Query) -> Result<u64, StoreError> {
        Ok(
            on!(self.connection(), connection => bound!(query).execute(connection).await?.rows_affected()),
        )
    }

    /// Inserts one row.
    pub(crate) async fn insert<T: Table>(&mut self, row: &T) -> Result<(), StoreError> {
        self.insert_all(&[row]).await
    }

    /// Inserts rows, many per statement.
    pub(crate) async fn insert_all<T: Table>(&mut self, rows: &[&T]) -> Result<(), StoreError> {
        self.upsert_all(rows, "").await
    }

    /// Inserts rows, many per statement, each with what the `ON CONFLICT` clause says.
    pub(crate) async fn upsert_all<T: Table>(
        &mut self,
        rows: &[&T],
        conflict: &'static str,
    ) -> Result<(), StoreError> {
        let mut rest = rows;
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at(statement_rows(rest.len()));
            self.execute(self.insertion(chunk, conflict)).await?;
            rest = after;
        }
        Ok(())
    }

    /// Inserts one row unless the `ON CONFLICT` clause says otherwise; whether it did.
    pub(crate) async fn insert_unless<T: Table>(
        &mut self,
        row: &T,
        conflict: &'static str,
    ) -> Result<bool, StoreError> {
        Ok(self.execute(self.insertion(&[row], conflict)).await? > 0)
    }

    /// Inserts rows, many per statement, unless the `ON CONFLICT … RETURNING *` clause says otherwise; those it did.
    pub(crate) async fn insert_new<T: Table>(
        &mut self,
        rows: &[&T],
        conflict: &'static str,
    ) -> Result<Vec<T>, StoreError> {
        let mut new = Vec::with_capacity(rows.len());
        let mut rest = rows;
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at(statement_rows(rest.len()));
            new.extend(self.all(self.insertion(chunk, conflict)).await?);
            rest = after;
        }
        Ok(new)
    }

    fn insertion<T: Table>(&self, rows: &[&T], conflict: &str) -> Query {
        let is_numbered = matches!(self.connection, Backend::Postgres(_));
        let mut query = Query::new("INSERT INTO ", Vec::new());
        query.push(T::TABLE).push(" (").push(T::COLUMNS).push(") VALUES ");
        for (index, row) in rows.iter().enumerate() {
            query.push(if index == 0 { "(" } else { ", (" });
            // SQLite finds a numbered parameter by walking through all of them, which makes long statements quadratic.
            if is_numbered {
                query.bind_params(row.params());
            } else {
                query.bind_unnumbered(row.params());
            }
            query.push(")");
        }
        query.push(" ").push(conflict);
        query
    }

    /// Tells everybody about a change once, and only if, this transaction commits.
    pub(crate) async fn announce(&mut self, change: Change) -> Result<(), StoreError> {
        if self.has_concurrent_writers() {
            postgres::notify(self, &change).await
        } else {
            self.changes.push(change);
            Ok(())
        }
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        on!(self.connection, transaction => transaction.commit().await?);
        for change in self.changes {
            // Nobody listening is no failure.
            let _ = self.listeners.send(change);
        }
        Ok(())
    }
}

/// How many of `waiting` rows the next statement takes. Every statement is a trip to the database, so few of them matter; every
/// length is a statement to prepare and to keep, so not every length is used.
pub(crate) fn statement_rows(waiting: usize) -> usize {
    const LONGEST: usize = 64;
    const STEP: usize = 16;
    match waiting {
        0 => 1,
        1..STEP => waiting,
        STEP..LONGEST => waiting - waiting % STEP,
        _ => LONGEST,
    }
}

/// The result of a query that counts.
struct Number(i64);

impl Record for Number {
    fn read(row: Row<'_>) -> Result<Self, StoreError> {
        row.get("result", "n").map(Self)
    }
}
