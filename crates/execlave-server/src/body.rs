//! Request bodies: bounded, strictly parsed, and refused with the path of the fault.

use std::pin::Pin;

use axum::body::{self, Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use execlave_api::error::ErrorCode;
use execlave_core::json;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{AppError, AppResult};
use crate::state::AppState;

/// How much of a body over the limit is still read, so that the client gets to see the answer instead of a broken connection.
const DRAIN_FACTOR: usize = 4;

/// A JSON body of type `T`.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

/// A JSON body that may be left out.
#[derive(Debug)]
pub(crate) struct OptionalBody<T>(pub(crate) T);

/// The bytes of a JSON body, for a handler that parses parts of it on their own.
#[derive(Debug)]
pub(crate) struct RawBody(pub(crate) Bytes);

impl FromRequest<AppState> for RawBody {
    type Rejection = AppError;

    async fn from_request(request: Request, state: &AppState) -> AppResult<Self> {
        read(request, state).await.map(Self)
    }
}

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = AppError;

    async fn from_request(request: Request, state: &AppState) -> AppResult<Self> {
        parse(&read(request, state).await?).map(Self)
    }
}

impl<T: DeserializeOwned + Default> FromRequest<AppState> for OptionalBody<T> {
    type Rejection = AppError;

    async fn from_request(request: Request, state: &AppState) -> AppResult<Self> {
        let bytes = read(request, state).await?;
        if bytes.trim_ascii().is_empty() { Ok(Self(T::default())) } else { parse(&bytes).map(Self) }
    }
}

async fn read(request: Request, state: &AppState) -> AppResult<Bytes> {
    check_headers(request.headers())?;
    collect(request.into_body(), state.config.limits.body_bytes).await
}

fn check_headers(headers: &HeaderMap) -> AppResult<()> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        let message = "`Content-Encoding` must be `gzip` or absent";
        return Err(AppError::new(ErrorCode::UnsupportedMediaType, message));
    }
    let content_type = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?"));
    match content_type {
        Some(given) if !is_json(given) => Err(AppError::new(
            ErrorCode::UnsupportedMediaType,
            "`Content-Type` must be `application/json`",
        )),
        _ => Ok(()),
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn collect(mut body: body::Body, limit: usize) -> AppResult<Bytes> {
    let mut bytes =
        Vec::with_capacity(usize::try_from(body.size_hint().lower()).unwrap_or(limit).min(limit));
    let mut read = 0_usize;
    while let Some(frame) =
        std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await
    {
        let frame = frame
            .map_err(|error| AppError::invalid("", format!("the body cannot be read: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        read = read.saturating_add(data.len());
        if read <= limit {
            bytes.extend_from_slice(&data);
        } else if read > limit.saturating_mul(DRAIN_FACTOR) {
            break;
        }
    }
    if read <= limit {
        return Ok(bytes.into());
    }
    let message = format!("the body is larger than {limit} bytes: send less at a time");
    Err(AppError::new(ErrorCode::PayloadTooLarge, message))
}

/// Parses JSON strictly; a fault is a 400 with its path.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> AppResult<T> {
    let value = json::parse(bytes)?;
    // A list of the values in order would be read as the fields.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(AppError::invalid("", "must be a JSON object"));
    }
    refuse_nul(bytes)?;
    Ok(value)
}

/// NUL cannot be stored by PostgreSQL. In JSON text it can only be the escape below, since a bare one is not valid JSON.
pub(crate) fn refuse_nul(bytes: &[u8]) -> AppResult<()> {
    if memchr::memmem::find(bytes, br"\u0000").is_none() {
        return Ok(());
    }
    let value: Value = json::parse(bytes)?;
    match json::find_nul(&value) {
        Some(path) => Err(AppError::invalid(path, "must not contain a NUL character")),
        None => Ok(()),
    }
}
