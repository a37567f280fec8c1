//! `/sign-in/code`: the second step of signing in, for who has a second factor. The browser holds a token for what it has shown before;
//! the page holds neither that nor a password.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};

use crate::auth::origin::Origin;
use crate::auth::session::SIGN_IN_PATH;
use crate::ops::give_code::{OWED_SECONDS, give_code, who_owes};
use crate::pages::assets::AssetUrls;
use crate::pages::failure::PageError;
use crate::pages::form::Sent;
use crate::pages::sign_in;
use crate::state::AppState;

/// Where the code is asked for.
pub(crate) const PATH: &str = "/sign-in/code";
const COOKIE: &str = "execlave_sign_in";

/// Asks for a code.
#[derive(Debug, Template)]
#[template(path = "sign_in/code.html")]
pub(crate) struct CodePage {
    assets: AssetUrls,
    email: String,
    fault: Option<String>,
}

/// `GET /sign-in/code`
pub(crate) async fn show(
    State(state): State<AppState>,
    jar: CookieJar,
) -> Result<Response, PageError> {
    let Some(email) = email(&state, &jar).await? else { return Ok(again(jar)) };
    let page = CodePage { assets: AssetUrls::new(), email, fault: None };
    Ok(Html(page.render()?).into_response())
}

/// `POST /sign-in/code`
pub(crate) async fn give(
    State(state): State<AppState>,
    origin: Origin,
    jar: CookieJar,
    form: Sent,
) -> Result<Response, PageError> {
    let Some(email) = email(&state, &jar).await? else { return Ok(again(jar)) };
    let token = jar.get(COOKIE).map(Cookie::value).unwrap_or_default();
    match give_code(&state, token, form.text("code"), origin).await {
        Ok(Some(session)) => {
            let jar = jar.remove(gone()).add(sign_in::cookie(&state, session));
            Ok((jar, Redirect::to("/")).into_response())
        }
        Ok(None) => Ok(again(jar)),
        Err(error) if error.status().is_client_error() => {
            let fault = Some(sign_in::sentence(error.message()));
            let page = CodePage { assets: AssetUrls::new(), email, fault };
            Ok((error.status(), Html(page.render()?)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// What the browser shows together with the code.
pub(crate) fn cookie(state: &AppState, token: String) -> Cookie<'static> {
    let lasts = Duration::from_secs(OWED_SECONDS.unsigned_abs());
    let mut cookie = Cookie::build((COOKIE, token))
        .path(PATH)
        .http_only(true)
        // Not strict: a link that was opened from a mail or a chat leads here as well.
        .same_site(SameSite::Lax)
        .secure(state.config.public_url().starts_with("https://"))
        .build();
    if let Ok(lasts) = lasts.try_into() {
        cookie.set_max_age(Some(lasts));
    }
    cookie
}

async fn email(state: &AppState, jar: &CookieJar) -> Result<Option<String>, PageError> {
    let Some(token) = jar.get(COOKIE) else { return Ok(None) };
    Ok(who_owes(state, token.value()).await?.map(|user| user.email))
}

/// Back to the first step.
fn again(jar: CookieJar) -> Response {
    (jar.remove(gone()), Redirect::to(SIGN_IN_PATH)).into_response()
}

fn gone() -> Cookie<'static> {
    Cookie::build(COOKIE).path(PATH).build()
}

#[cfg(test)]
impl CodePage {
    pub(crate) fn sample() -> Self {
        let fault = Some("The code is wrong or was used already.".to_owned());
        Self { assets: AssetUrls::new(), email: "ada@northwind.example".to_owned(), fault }
    }
}
