//! The page for whatever went wrong: not found, not allowed, our fault.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use execlave_api::error::ErrorCode;
use execlave_store::error::StoreError;

use crate::auth::session::SIGN_IN_PATH;
use crate::error::AppError;
use crate::middleware::request_id;
use crate::pages::assets::AssetUrls;
use crate::pages::prose::Prose;

/// What a page fails with.
#[derive(Debug)]
pub(crate) enum PageError {
    /// Nobody is signed in: the answer leads to the sign-in page.
    SignedOut,
    /// Anything else, with the same meaning as in the API.
    Failed(AppError),
}

/// What happened and where to go from here.
#[derive(Debug, Template)]
#[template(path = "failure.html")]
struct FailurePage {
    assets: AssetUrls,
    title: &'static str,
    message: Prose,
    request_id: Option<String>,
}

impl PageError {
    /// Nothing of that kind under that name in the organisation.
    pub(crate) fn not_found(noun: &str, id: impl std::fmt::Display) -> Self {
        Self::Failed(AppError::not_found(noun, id))
    }
}

impl From<AppError> for PageError {
    fn from(error: AppError) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        Self::Failed(AppError::internal(error))
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let error = match self {
            Self::SignedOut => return Redirect::to(SIGN_IN_PATH).into_response(),
            Self::Failed(error) => error,
        };
        error.log();
        let page = FailurePage {
            assets: AssetUrls::new(),
            title: title(error.code()),
            message: message(&error),
            request_id: request_id::current(),
        };
        match page.render() {
            Ok(html) => (error.status(), Html(html)).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

fn title(code: ErrorCode) -> &'static str {
    match code.status() {
        403 => "Not allowed",
        404 => "Not found",
        409 => "Already done",
        400..500 => "That did not work",
        503 => "Not available at the moment",
        _ => "Something went wrong",
    }
}

fn message(error: &AppError) -> Prose {
    if error.status() == StatusCode::INTERNAL_SERVER_ERROR {
        return Prose::new(
            "the server could not make this page; the request id helps your administrator to find out why",
        );
    }
    Prose::new(error.message())
}

#[cfg(test)]
impl FailurePage {
    fn sample() -> Self {
        Self {
            assets: AssetUrls::new(),
            title: "Not found",
            message: Prose::new("there is no agent `support-bot` in this organisation"),
            request_id: Some("019abf6e-2f0c-7c3d-9d0e-5a3f0f3f8f11".to_owned()),
        }
    }
}

#[cfg(test)]
pub(crate) fn sample() -> String {
    FailurePage::sample().render().expect("the sample renders")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_fault_of_ours_says_nothing_about_itself() {
        let response =
            PageError::from(AppError::internal("column `secret` is missing")).into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a whole body");
        assert!(!String::from_utf8_lossy(&body).contains("secret"));
    }
}
