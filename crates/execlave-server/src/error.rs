//! The one place where errors become HTTP answers.
//!
//! A 4xx says what to do next. A 5xx says nothing but a request id; what happened is logged here, once, with its whole chain.

use std::error::Error;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use execlave_api::error::{ErrorBody, ErrorCode, ErrorDetail, FieldError};
use execlave_core::json::JsonFault;
use execlave_store::error::StoreError;

use crate::middleware::request_id;

/// What handlers fail with.
#[derive(Debug)]
pub struct AppError {
    code: ErrorCode,
    message: String,
    fields: Vec<FieldError>,
    retry_after_seconds: u64,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What handlers return.
pub type AppResult<T> = Result<T, AppError>;

impl AppError {
    /// An error with a code of the table and a sentence for a developer.
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            fields: Vec::new(),
            retry_after_seconds: 1,
            source: None,
        }
    }

    /// One fault at one place of the request.
    pub(crate) fn invalid(path: impl Into<String>, message: impl Into<String>) -> Self {
        let field = FieldError { path: path.into(), message: message.into() };
        let summary = match field.path.as_str() {
            "" => field.message.clone(),
            path => format!("`{path}`: {}", field.message),
        };
        Self { fields: vec![field], ..Self::new(ErrorCode::ValidationError, summary) }
    }

    /// The same fault inside a field of the request.
    pub(crate) fn within(mut self, field: &str) -> Self {
        for fault in &mut self.fields {
            fault.path = format!("{field}.{}", fault.path);
        }
        self
    }

    /// Nothing of that kind under that name in the caller's organisation.
    pub(crate) fn not_found(noun: &str, id: impl std::fmt::Display) -> Self {
        Self::new(ErrorCode::NotFound, format!("there is no {noun} `{id}` in this organisation"))
    }

    /// Something of that name exists already; every other failure of the store stays what it is.
    pub(crate) fn taken(noun: &str, name: &str, error: StoreError) -> Self {
        match error {
            StoreError::Conflict(_) => Self::conflict(format!(
                "a {noun} named `{name}` already exists: choose another name or change that one"
            )),
            other => other.into(),
        }
    }

    /// It exists already, or is not in the state the request expects.
    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Conflict, message)
    }

    /// Something that should not happen; the caller learns nothing but the request id.
    pub(crate) fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..Self::new(ErrorCode::Internal, "internal error") }
    }

    /// The store or the server cannot answer at this moment.
    pub(crate) fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let message = "the server cannot reach its store or is shutting down: try again";
        Self { source: Some(source.into()), ..Self::new(ErrorCode::Unavailable, message) }
    }

    /// When it is worth trying again.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = seconds;
        self
    }

    /// Adds what to do next.
    pub(crate) fn hint(&mut self, next: &str) {
        self.message = format!("{}: {next}", self.message);
    }

    /// The code of the table.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The sentence for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What happened inside, for those who may know: never the caller of the API.
    pub fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The wire form, for answers that carry more than the error.
    pub(crate) fn to_body(&self) -> ErrorBody {
        ErrorBody {
            error: ErrorDetail {
                code: self.code.as_str().to_owned(),
                message: self.message.clone(),
                fields: self.fields.clone(),
                resource: None,
                current: None,
                max: None,
                request_id: request_id::current(),
            },
        }
    }

    /// Logs what the caller is not told. Both doors, JSON and HTML, call it before they answer.
    pub(crate) fn log(&self) {
        if let Some(source) = &self.source {
            let request_id = request_id::current();
            tracing::error!(
                request_id,
                code = self.code.as_str(),
                error = chain(source.as_ref()),
                "request failed"
            );
        }
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        self.log();
        let retry_after = HeaderValue::from(self.retry_after_seconds);
        let mut response = (self.status(), Json(self.to_body())).into_response();
        if matches!(self.code, ErrorCode::Unavailable | ErrorCode::RateLimited) {
            response.headers_mut().insert(header::RETRY_AFTER, retry_after);
        }
        if self.code == ErrorCode::PayloadTooLarge {
            // What is left of the body may never be read, so the client must not send anything after it.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(noun) => Self::conflict(format!("{noun} already exists")),
            StoreError::InvalidReference(noun) => Self::new(
                ErrorCode::NotFound,
                format!("{noun} refers to something that does not exist"),
            ),
            // Bodies are checked before; this comes from a path or a query.
            StoreError::InvalidText => Self::invalid("", "text must not contain a NUL character"),
            StoreError::InvalidCursor => Self::new(
                ErrorCode::InvalidCursor,
                "`cursor` was not made by this list: start again without one",
            ),
            StoreError::Unavailable(_) => Self::unavailable(error),
            _ => Self::internal(error),
        }
    }
}

impl From<JsonFault> for AppError {
    fn from(fault: JsonFault) -> Self {
        Self::invalid(fault.path, fault.message)
    }
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
