//! Paths and methods that do not exist.
//!
//! The body is read although nobody wants it: a connection that closes on unread bytes can lose the answer on its way.

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use execlave_api::error::ErrorCode;

use crate::body;
use crate::error::AppError;
use crate::pages;
use crate::state::AppState;

/// No such path. Programs get the error they know, people with a browser a page.
pub(crate) async fn not_found(State(state): State<AppState>, request: Request) -> Response {
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accepts.is_some_and(|types| types.contains("text/html")) {
        return pages::not_found(request.uri().path()).await;
    }
    let message =
        format!("there is no `{} {}`: see `/openapi.json`", request.method(), request.uri().path());
    refuse(&state, request, ErrorCode::NotFound, message).await.into_response()
}

/// The path exists, the method does not.
pub(crate) async fn method_not_allowed(
    State(state): State<AppState>,
    request: Request,
) -> AppError {
    let (method, path) = (request.method(), request.uri().path());
    let message = format!("`{method}` is not a method of `{path}`: see `/openapi.json`");
    refuse(&state, request, ErrorCode::MethodNotAllowed, message).await
}

async fn refuse(state: &AppState, request: Request, code: ErrorCode, message: String) -> AppError {
    let _ = body::collect(request.into_body(), state.config.limits.body_bytes).await;
    AppError::new(code, message)
}
