//! Opening PostgreSQL, and the change notices that reach every node.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPool, PgPoolOptions};
use tokio::sync::broadcast;

use crate::changes::Change;
use crate::db::query::{Query, params};
use crate::db::{Db, Tx};
use crate::error::StoreError;

/// Channels belong to the whole database: a deployment in a schema of its own gets one of its own.
macro_rules! channel {
    () => {
        "'execlave_changes' || CASE current_schema() WHEN 'public' THEN '' ELSE '_' || md5(current_schema()) END"
    };
}
const WAIT: Duration = Duration::from_secs(10);
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Connects to `postgres://…`.
pub(crate) async fn open(url: &str, connections: u32) -> Result<Db, StoreError> {
    let options = PgConnectOptions::from_str(url)?;
    // A pool tries again and again until its patience ends; whoever starts a server wants to know at once that nobody is there.
    let reachable = tokio::time::timeout(WAIT, PgConnection::connect_with(&options)).await;
    reachable
        .map_err(|_| StoreError::Unavailable("database does not answer".to_owned()))??
        .close()
        .await?;
    let pool = PgPoolOptions::new()
        .max_connections(connections.max(2))
        .acquire_timeout(WAIT)
        .connect_with(options)
        .await?;
    Ok(Db::Postgres(pool))
}

/// Sends a notice, which PostgreSQL delivers when the transaction commits.
pub(crate) async fn notify(tx: &mut Tx<'_>, change: &Change) -> Result<(), StoreError> {
    const SQL: &str = concat!("SELECT pg_notify(", channel!(), ", $1)");
    tx.execute(Query::new(SQL, params![change.to_payload()])).await.map(drop)
}

/// Begins to listen. Returns once the server knows, so that nothing committed from here on is missed.
pub(crate) async fn subscribe(pool: &PgPool) -> Result<PgListener, StoreError> {
    const CHANNEL: &str = concat!("SELECT ", channel!());
    let channel: String = sqlx::query_scalar(CHANNEL).fetch_one(pool).await?;
    let mut listener = PgListener::connect_with(pool).await?;
    listener.ignore_pool_close_event(true);
    listener.listen(&channel).await?;
    Ok(listener)
}

/// Hands every notice on, from this process and from others. After a lost connection notices may be missing, hence the resync.
pub(crate) async fn forward(
    pool: PgPool,
    mut listener: PgListener,
    listeners: broadcast::Sender<Change>,
) {
    loop {
        match listener.try_recv().await {
            Ok(Some(notice)) => {
                let _ = listeners.send(Change::from_payload(notice.payload()));
                continue;
            }
            Ok(None) => {
                // The listener has reconnected by itself, but notices sent meanwhile are gone.
                tracing::warn!("connection for change notices was lost");
                let _ = listeners.send(Change::Resync);
                continue;
            }
            Err(error) => tracing::warn!(%error, "connection for change notices failed"),
        }
        listener = loop {
            tokio::time::sleep(RETRY_AFTER).await;
            match subscribe(&pool).await {
                Ok(listener) => break listener,
                Err(error) => tracing::warn!(%error, "cannot listen for change notices"),
            }
        };
        let _ = listeners.send(Change::Resync);
    }
}
