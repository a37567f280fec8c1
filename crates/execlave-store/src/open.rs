//! Where a store is, and how one is opened.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::db::{Db, postgres, sqlite};
use crate::error::StoreError;
use crate::writer::Writer;
use crate::{Inner, Store};

/// How many notices a slow listener may lag behind before it has to resync.
const NOTICES: usize = 1_024;

/// Where a store is.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// A directory of this machine, with an SQLite database in it.
    Sqlite(PathBuf),
    /// A PostgreSQL database.
    Postgres(Url),
}

impl FromStr for StoreUrl {
    type Err = StoreError;

    /// Reads `postgres://…`, `postgresql://…` or `sqlite:DIRECTORY`.
    fn from_str(text: &str) -> Result<Self, StoreError> {
        if let Some(directory) = text.strip_prefix("sqlite:") {
            return Ok(Self::Sqlite(PathBuf::from(
                directory.strip_prefix("//").unwrap_or(directory),
            )));
        }
        // The text is left out of the message because it may hold a password.
        let url = Url::parse(text)
            .map_err(|error| StoreError::Open(format!("database URL is not a URL: {error}")))?;
        match url.scheme() {
            "postgres" | "postgresql" => Ok(Self::Postgres(url)),
            other => Err(StoreError::Open(format!(
                "database URL begins with `{other}:`, use `postgres://user@host:port/database`"
            ))),
        }
    }
}

/// Without the password, for logs.
impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(directory) => write!(f, "sqlite:{}", directory.display()),
            Self::Postgres(url) => {
                write!(f, "postgres://{}", url.host_str().unwrap_or_default())?;
                if let Some(port) = url.port() {
                    write!(f, ":{port}")?;
                }
                f.write_str(url.path())
            }
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How to open a store.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// Refuse a data directory which another process has opened exclusively. For servers; administration from the command line must
    /// work beside one. On PostgreSQL many servers share a database, so there it means nothing.
    pub exclusive: bool,
    /// Connections for reading (SQLite) or in all (PostgreSQL).
    pub connections: u32,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self { exclusive: false, connections: 10 }
    }
}

impl Store {
    /// Opens a store and starts its background tasks; the schema is left as it is.
    pub async fn open(url: &StoreUrl, options: &ConnectOptions) -> Result<Self, StoreError> {
        let mut lock = None;
        let db = match url {
            StoreUrl::Sqlite(directory) => {
                let db = sqlite::open(directory, options.connections).await?;
                if options.exclusive {
                    lock = Some(sqlite::lock(directory)?);
                }
                db
            }
            StoreUrl::Postgres(url) => postgres::open(url.as_str(), options.connections).await?,
        };
        let (changes, _) = broadcast::channel(NOTICES);
        let tasks = TaskTracker::new();
        let stop = CancellationToken::new();
        let writer = Writer::start(db.clone(), changes.clone(), &tasks, stop.clone())?;
        match &db {
            Db::Sqlite { write, .. } => {
                let watch = sqlite::watch_other_processes(write.clone(), changes.clone());
                tasks.spawn(stop.clone().run_until_cancelled_owned(watch));
            }
            Db::Postgres(pool) => {
                let listener = postgres::subscribe(pool).await?;
                let forward = postgres::forward(pool.clone(), listener, changes.clone());
                tasks.spawn(stop.clone().run_until_cancelled_owned(forward));
            }
        }
        let inner = Inner {
            db,
            changes,
            writer,
            tasks,
            _stop_on_drop: stop.clone().drop_guard(),
            stop,
            _lock: lock,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Opens the SQLite store in a directory.
    pub async fn open_sqlite(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open(&StoreUrl::Sqlite(directory.as_ref().to_owned()), &ConnectOptions::default())
            .await
    }

    /// Opens the store at a URL in text.
    pub async fn connect(url: &str, options: &ConnectOptions) -> Result<Self, StoreError> {
        Self::open(&url.parse()?, options).await
    }
}
