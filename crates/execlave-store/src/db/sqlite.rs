//! Opening SQLite, and noticing what other processes write to the same file.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::broadcast;

use crate::changes::Change;
use crate::db::Db;
use crate::db::turns::Turns;
use crate::error::StoreError;

const WAIT: Duration = Duration::from_secs(5);

/// How soon a key that was revoked from the command line is known to a running server.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Tables × lengths of statements × conflict clauses, with room to spare.
const STATEMENTS: usize = 256;

/// 32 MB (negative means KiB): rows of a busy hour have their indexes in memory while they are inserted. Taken only as it is used.
const WRITER_CACHE: &str = "-32768";

/// 16 MB of log before pages go to the database file. A page that many commits change is then written there once.
const WAL_PAGES: &str = "4096";

/// Opens `execlave.db` in a directory, which is made readable for its owner only if it does not exist.
pub(crate) async fn open(directory: &Path, readers: u32) -> Result<Db, StoreError> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|error| {
        StoreError::Open(format!("cannot create the directory `{}`: {error}", directory.display()))
    })?;
    let file = directory.join("execlave.db");
    // SQLite gives its side files the mode of the database file.
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&file)
        .map_err(|error| StoreError::Open(format!("cannot write `{}`: {error}", file.display())))?;
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(WAIT);
    let writer = options
        .clone()
        .statement_cache_capacity(STATEMENTS)
        .pragma("cache_size", WRITER_CACHE)
        // What a statement needs to undo itself goes to memory instead of a temporary file.
        .pragma("temp_store", "MEMORY")
        .pragma("wal_autocheckpoint", WAL_PAGES);
    // The write connection stays for good: `foreign_writes` compares what it remembers.
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .acquire_timeout(WAIT * 6)
        .connect_with(writer)
        .await?;
    let read = SqlitePoolOptions::new()
        .max_connections(readers.max(1))
        .max_lifetime(None)
        .acquire_timeout(WAIT * 6)
        .connect_with(options.pragma("query_only", "ON"))
        .await?;
    Ok(Db::Sqlite { read, write: Turns::new(write) })
}

/// Makes sure that no other server uses the directory. The lock lasts as long as the file is open, also through `kill -9`.
pub(crate) fn lock(directory: &Path) -> Result<File, StoreError> {
    let path = directory.join("lock");
    let unusable = |error: std::io::Error| {
        StoreError::Open(format!("cannot lock `{}`: {error}", path.display()))
    };
    let file =
        OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Open(format!(
            "another server is using `{}`: stop it, or choose another directory with `--data`",
            directory.display()
        ))),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

/// Announces a resync whenever another process (`execlave keys revoke` beside a running server) has written to the file.
/// `data_version` changes on a connection exactly when some other connection commits, and in this process only the write pool's
/// single connection ever does.
pub(crate) async fn watch_other_processes(write: Turns, listeners: broadcast::Sender<Change>) {
    let mut known = None;
    loop {
        match data_version(&write).await {
            Ok(version) => {
                if known.is_some_and(|known| known != version) {
                    let _ = listeners.send(Change::Resync);
                }
                known = Some(version);
            }
            Err(sqlx::Error::PoolClosed) => return,
            Err(error) => {
                tracing::warn!(%error, "cannot see whether another process changed the store");
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn data_version(write: &Turns) -> sqlx::Result<i64> {
    let mut connection = write.take().await?;
    sqlx::query("PRAGMA data_version").fetch_one(&mut *connection).await?.try_get(0)
}
