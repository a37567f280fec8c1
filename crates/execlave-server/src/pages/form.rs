//! Forms: who sent one, that it came from our own page, and what it says.
//!
//! A handler that changes something takes [`Posted`]. There is no way to read a form without the checks, so a new form cannot forget
//! them: the browser's own word about where it comes from, and the session's token, which a foreign site cannot know.

use std::collections::HashMap;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, header};
use execlave_api::error::ErrorCode;
use subtle::ConstantTimeEq;

use crate::auth::session::SignedIn;
use crate::error::AppError;
use crate::pages::failure::PageError;
use crate::state::AppState;

/// More than any of our forms holds.
const FORM_BYTES: usize = 64 * 1024;

/// A checked form from somebody with the role `R`.
#[derive(Debug)]
pub(crate) struct Posted<R> {
    /// Who sent it.
    pub(crate) who: R,
    fields: HashMap<String, String>,
}

impl<R> Posted<R> {
    /// What a field holds, without surrounding space; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// What a field holds, as it was typed: space counts in a password.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.fields.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// A form from somebody who is not signed in: it came from our own page, and that is all that is known of it.
#[derive(Debug)]
pub(crate) struct Sent {
    fields: HashMap<String, String>,
}

impl Sent {
    /// What a field holds, without surrounding space; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// What a field holds, as it was typed: space counts in a password.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.fields.get(name).map(String::as_str).unwrap_or_default()
    }
}

impl FromRequest<AppState> for Sent {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, PageError> {
        if !is_from_here(request.headers(), &state.config.public_url()) {
            return Err(foreign());
        }
        let fields = read(&collect(request.into_body()).await?)?;
        Ok(Self { fields })
    }
}

async fn collect(body: Body) -> Result<Bytes, AppError> {
    axum::body::to_bytes(body, FORM_BYTES).await.map_err(|_| {
        AppError::new(
            ErrorCode::PayloadTooLarge,
            "the form is too large: shorten the text and send it again",
        )
    })
}

impl<R> FromRequest<AppState> for Posted<R>
where
    R: FromRequestParts<AppState, Rejection = PageError> + AsRef<SignedIn> + Send,
{
    type Rejection = PageError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, PageError> {
        let (mut parts, body) = request.into_parts();
        let who = R::from_request_parts(&mut parts, state).await?;
        if !is_from_here(&parts.headers, &state.config.public_url()) {
            return Err(foreign());
        }
        let fields = read(&collect(body).await?)?;
        let token = fields.get("csrf").map(String::as_bytes).unwrap_or_default();
        if !bool::from(token.ct_eq(who.as_ref().csrf_token.as_bytes())) {
            return Err(foreign());
        }
        Ok(Self { who, fields })
    }
}

fn read(body: &Bytes) -> Result<HashMap<String, String>, PageError> {
    let fields: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    if fields.values().any(|text| text.contains('\0')) {
        return Err(AppError::new(
            ErrorCode::ValidationError,
            "the form holds a NUL character: remove it",
        )
        .into());
    }
    Ok(fields)
}

fn foreign() -> PageError {
    let message = "this form did not come from your open session, so nothing was changed: go back, reload the page and try again";
    AppError::new(ErrorCode::Forbidden, message).into()
}

/// What the browser says about where the form was. Old browsers and other programs say nothing; the token decides alone then.
fn is_from_here(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(header::ORIGIN) else { return true };
    let host = text(header::HOST).unwrap_or_default();
    let same_host = origin
        .split_once("://")
        .is_some_and(|(_, authority)| !host.is_empty() && authority == host);
    same_host || origin == public_url
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn accepted(headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| {
            (header::HeaderName::from_static(name), HeaderValue::from_static(value))
        });
        is_from_here(&headers.collect(), "https://governance.example")
    }

    #[test]
    fn only_our_own_pages_may_post() {
        assert!(accepted(&[("sec-fetch-site", "same-origin")]));
        assert!(!accepted(&[("sec-fetch-site", "same-site")]));
        assert!(!accepted(&[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://governance.example")
        ]));
        assert!(accepted(&[("origin", "http://127.0.0.1:4000"), ("host", "127.0.0.1:4000")]));
        assert!(accepted(&[("origin", "https://governance.example"), ("host", "10.0.0.7:4000")]));
        assert!(!accepted(&[("origin", "null"), ("host", "127.0.0.1:4000")]));
        assert!(!accepted(&[("origin", "https://evil.example"), ("host", "127.0.0.1:4000")]));
    }
}
