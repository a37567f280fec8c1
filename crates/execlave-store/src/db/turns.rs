//! Whose turn it is to write to SQLite.
//!
//! Taking the connection from its pool and giving it back costs as much as a small transaction, because the pool tests it both times.
//! So the writer holds it from one batch to the next, and gives it back as soon as somebody else asks for a turn.

use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePool;
use sqlx::{Connection as _, Sqlite, Transaction};
use tokio::sync::Notify;

/// Takes the write lock at once: a read that turns into a write can fail at any moment under load.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// The connection between two transactions of its holder.
pub(crate) type Held = Option<PoolConnection<Sqlite>>;

/// The one connection that writes.
#[derive(Clone, Debug)]
pub(crate) struct Turns {
    pool: SqlitePool,
    /// Rings when somebody waits for a turn.
    bell: Arc<Notify>,
}

impl Turns {
    /// `pool` has one connection.
    pub(super) fn new(pool: SqlitePool) -> Self {
        Self { pool, bell: Arc::default() }
    }

    /// The connection, for one turn.
    pub(crate) async fn take(&self) -> sqlx::Result<PoolConnection<Sqlite>> {
        match self.pool.try_acquire() {
            Some(free) => Ok(free),
            None => self.asked().acquire().await,
        }
    }

    /// A transaction, for one turn.
    pub(super) async fn begin(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        match self.pool.try_begin_with(BEGIN).await? {
            Some(free) => Ok(free),
            None => self.asked().begin_with(BEGIN).await,
        }
    }

    /// The pool, with the holder told. It serves those who wait in their order, so the holder comes after them.
    fn asked(&self) -> &SqlitePool {
        self.bell.notify_one();
        &self.pool
    }

    pub(super) async fn begin_on<'c>(
        &self,
        held: &'c mut Held,
    ) -> sqlx::Result<Transaction<'c, Sqlite>> {
        if held.is_none() {
            *held = Some(self.pool.acquire().await?);
        }
        match held {
            Some(connection) => connection.begin_with(BEGIN).await,
            None => Err(sqlx::Error::PoolClosed),
        }
    }

    /// Completes when somebody waits for a turn.
    pub(super) async fn wanted(&self) {
        self.bell.notified().await;
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}
