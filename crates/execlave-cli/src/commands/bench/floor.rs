//! The floor: the server's web framework, reading the same body and answering a constant.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::failure::Failure;

/// Runs until it is dropped.
#[derive(Debug)]
pub(super) struct Floor {
    pub(super) address: SocketAddr,
    /// Dropping it ends the task.
    _serving: JoinSet<()>,
}

pub(super) async fn start() -> Result<Floor, Failure> {
    let failed = |error| Failure::unreachable(format!("cannot listen on loopback: {error}"));
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let router = Router::new().fallback(post(constant));
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        // It ends with the measurement; nobody waits for what it says then.
        let _ended = axum::serve(listener, router).await;
    });
    Ok(Floor { address, _serving: serving })
}

async fn constant(_body: Bytes) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], r#"{"allowed":true}"#)
}
