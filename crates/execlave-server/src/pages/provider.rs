//! `/sign-in/provider`: to the provider that people have an account with, and back.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use serde::Deserialize;

use crate::auth::origin::Origin;
use crate::ops::sign_in_with_provider::{come_back, leave};
use crate::pages::failure::PageError;
use crate::pages::query::Asked;
use crate::pages::sign_in::{self, ExplainPage};
use crate::state::AppState;

/// What the browser keeps of the attempt.
const COOKIE: &str = "execlave_sign_in";
const PATH: &str = "/sign-in/provider";

/// What the provider adds to the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Returned {
    code: String,
    state: String,
    error: String,
}

/// `GET /sign-in/provider`
pub(crate) async fn begin(
    State(state): State<AppState>,
    jar: CookieJar,
) -> Result<Response, PageError> {
    let (attempt, address) = match leave(&state).await {
        Ok(begun) => begun,
        Err(error) if error.status().is_client_error() => {
            return ExplainPage::refused(&state, error.status(), error.message());
        }
        Err(error) => return Err(error.into()),
    };
    // Forgotten with the browser; how long it is good for is written in it. The provider's answer is a navigation from another site.
    let cookie = Cookie::build((COOKIE, attempt.cookie()))
        .path(PATH)
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(state.config.public_url().starts_with("https://"));
    Ok((jar.add(cookie), Redirect::to(&address)).into_response())
}

/// `GET /sign-in/provider/callback`
pub(crate) async fn callback(
    State(state): State<AppState>,
    jar: CookieJar,
    origin: Origin,
    Asked(returned): Asked<Returned>,
) -> Result<Response, PageError> {
    let cookie = jar.get(COOKIE).map(|cookie| cookie.value().to_owned()).unwrap_or_default();
    let jar = jar.remove(Cookie::build(COOKIE).path(PATH));
    if !returned.error.is_empty() {
        let message = "the sign-in provider did not let you in";
        return Ok(
            (jar, ExplainPage::refused(&state, StatusCode::FORBIDDEN, message)?).into_response()
        );
    }
    match come_back(&state, &cookie, &returned.state, &returned.code, origin).await {
        Ok(session) => {
            let jar = jar.add(sign_in::cookie(&state, session));
            Ok((jar, Redirect::to("/")).into_response())
        }
        Err(error) if error.status().is_client_error() => {
            let page = ExplainPage::refused(&state, error.status(), error.message())?;
            Ok((jar, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}
