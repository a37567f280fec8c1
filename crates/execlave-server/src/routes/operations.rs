//! For those who run the server: is it alive, can it serve, what does it do, and which keys does it sign with.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use execlave_api::error::ErrorBody;
use execlave_core::certificate;
use serde_json::{Value, json};

use crate::error::AppResult;
use crate::metrics::{render, writer_queue};
use crate::signer::Signer;
use crate::state::AppState;

/// Alive: 200 as soon as the process answers.
#[utoipa::path(get, path = "/health", tag = "operations", security(()), responses((status = 200, description = "Alive", body = Value)))]
pub(crate) async fn health() -> Json<Value> {
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

/// Ready: 200 when the store answers, so that a load balancer may send requests.
#[utoipa::path(get, path = "/ready", tag = "operations", security(()), responses(
    (status = 200, description = "The store answers", body = Value),
    (status = 503, description = "It does not", body = ErrorBody),
))]
pub(crate) async fn ready(State(state): State<AppState>) -> AppResult<Json<Value>> {
    state.store.ping().await.map_err(crate::error::AppError::unavailable)?;
    Ok(Json(json!({ "status": "ready" })))
}

/// Numbers for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operations", security(()), responses(
    (status = 200, description = "Prometheus text format", body = String, content_type = "text/plain"),
))]
pub(crate) async fn metrics(State(state): State<AppState>) -> impl IntoResponse {
    writer_queue(state.store.waiting_rows());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], render())
}

/// The public keys that approval certificates and bundles are signed with (RFC 7517), newest first. Keys that were replaced are among them.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "operations", security(()), responses(
    (status = 200, description = "The key set", body = Value),
    (status = 503, description = "The store does not answer", body = ErrorBody),
))]
pub(crate) async fn jwks(State(state): State<AppState>) -> AppResult<Json<Value>> {
    let published = Signer::published(&state.store).await?;
    let keys: Vec<Value> = published.iter().map(certificate::jwk).collect();
    Ok(Json(json!({ "keys": keys })))
}
