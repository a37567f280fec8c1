//! The store: everything that outlives a process, in SQLite or in PostgreSQL, behind one [`Store`].
//!
//! SQL is written once, in the dialect both databases share, and each noun's file holds its record, its SQL and its methods. A write
//! of several steps is one method, so no transaction leaves this crate. Ids and times come from the caller.
//!
//! Every method that reads or writes an organisation's data takes its id first, as a type. The exceptions are named `…_across_orgs`,
//! for start-up and jobs, and the look-ups by the hash of a secret, which is how a caller learns the organisation.
//!
//! Absent: HTTP, wire types, clocks, random numbers, caches (who keeps rows in memory listens to [`Store::changes`]).

mod activity;
pub mod agent_versions;
pub mod agents;
pub mod approvals;
pub mod audit;
pub mod bypasses;
pub mod changes;
pub mod cost_rules;
pub mod credentials;
mod db;
pub mod decisions;
pub mod error;
pub mod grants;
pub mod incidents;
mod json;
pub mod keys;
mod open;
pub mod org_settings;
pub mod orgs;
pub mod page;
pub mod passwords;
pub mod policies;
pub mod policy_sets;
pub mod prices;
pub mod prompt_versions;
pub mod resolutions;
pub mod second_factors;
pub mod seen_requests;
pub mod sessions;
pub mod settings;
pub mod spend;
pub mod state;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tool_baselines;
pub mod traces;
pub mod usage;
pub mod users;
pub mod validators;
pub mod webhooks;
mod writer;

use std::fmt;
use std::sync::Arc;

use tokio::sync::broadcast;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::changes::Change;
use crate::db::query::{Query, params};
use crate::db::{Db, Tx};
use crate::writer::Writer;

pub use crate::error::StoreError;
pub use crate::json::Json;
pub use crate::open::{ConnectOptions, StoreUrl};

/// The store; cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    changes: broadcast::Sender<Change>,
    writer: Writer,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// Ends the background tasks when the last clone is dropped without [`Store::close`].
    _stop_on_drop: DropGuard,
    /// Held, not read: keeps other servers out of the data directory.
    _lock: Option<std::fs::File>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("db", &self.inner.db).finish_non_exhaustive()
    }
}

impl Store {
    /// Creates or upgrades the schema. Several processes may do so at once.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        match &self.inner.db {
            Db::Sqlite { write, .. } => MIGRATIONS.run(&mut *write.take().await?).await?,
            Db::Postgres(pool) => MIGRATIONS.run(pool).await?,
        }
        audit::guards::put_up(&self.inner.db).await
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        const SQL: &str = "SELECT CAST(1 AS BIGINT) AS n";
        self.db().number(Query::new(SQL, params![])).await.map(drop)
    }

    /// Notices of every change from this moment on, sent after commit; on PostgreSQL also those of other processes. A listener that
    /// falls behind is told so by its channel and should read everything again, as for [`Change::Resync`].
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.inner.changes.subscribe()
    }

    /// How many rows wait for the shared commit, for monitoring.
    pub fn waiting_rows(&self) -> usize {
        self.inner.writer.waiting()
    }

    /// Writes what is waiting, ends the background tasks and disconnects. Later calls fail as unavailable.
    pub async fn close(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
        self.inner.db.close().await;
    }

    fn db(&self) -> &Db {
        &self.inner.db
    }

    async fn begin(&self) -> Result<Tx<'static>, StoreError> {
        self.inner.db.begin(&self.inner.changes).await
    }
}

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();
