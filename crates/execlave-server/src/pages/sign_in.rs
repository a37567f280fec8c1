//! `/sign-in`: the one-time link becomes a session, and the session ends.

use std::time::Duration;

use askama::Template;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use execlave_api::sessions::SignIn;

use crate::auth::origin::Origin;
use crate::auth::session::{COOKIE, SIGN_IN_PATH, Viewer};
use crate::ops::give_code::Entry;
use crate::ops::sign_in::{self, NewSession};
use crate::pages::assets::AssetUrls;
use crate::pages::code;
use crate::pages::failure::PageError;
use crate::pages::form::{Posted, Sent};
use crate::state::AppState;

/// How to get in.
#[derive(Debug, Template)]
#[template(path = "sign_in/explain.html")]
pub(crate) struct ExplainPage {
    assets: AssetUrls,
    email: String,
    fault: Option<String>,
    /// What the button to the provider says, where there is one.
    provider: Option<String>,
}

impl ExplainPage {
    fn new(state: &AppState) -> Self {
        let provider = state.oidc.as_ref().map(|oidc| oidc.label().to_owned());
        Self { assets: AssetUrls::new(), email: String::new(), fault: None, provider }
    }

    /// The page after an attempt that failed.
    pub(crate) fn refused(
        state: &AppState,
        status: StatusCode,
        message: &str,
    ) -> Result<Response, PageError> {
        let page = Self { fault: Some(sentence(message)), ..Self::new(state) };
        Ok((status, Html(page.render()?)).into_response())
    }
}

/// The link is spent.
#[derive(Debug, Template)]
#[template(path = "sign_in/used.html")]
pub(crate) struct UsedPage {
    assets: AssetUrls,
}

impl UsedPage {
    pub(crate) fn answer() -> Result<Response, PageError> {
        let page = Self { assets: AssetUrls::new() };
        Ok((StatusCode::GONE, Html(page.render()?)).into_response())
    }
}

/// The path of a one-time link.
pub fn path(token: &str) -> String {
    format!("{SIGN_IN_PATH}/{token}")
}

/// `GET /sign-in`
pub(crate) async fn explain(State(state): State<AppState>) -> Result<Html<String>, PageError> {
    Ok(Html(ExplainPage::new(&state).render()?))
}

/// `POST /sign-in`. Where there is no session there is nothing a foreign site could use; that it cannot sign a browser in as somebody
/// else, the check of where the form came from sees to.
pub(crate) async fn with_password(
    State(state): State<AppState>,
    origin: Origin,
    jar: CookieJar,
    form: Sent,
) -> Result<Response, PageError> {
    let email = form.text("email").to_owned();
    let password = form.raw("password").to_owned();
    let body = SignIn { email: email.clone(), password, code: None };
    match sign_in::begin_with_password(&state, body, origin).await {
        Ok(entry) => Ok(enter(&state, jar, entry)),
        Err(error) if error.status().is_client_error() => {
            let fault = Some(sentence(error.message()));
            let page = ExplainPage { email, fault, ..ExplainPage::new(&state) };
            Ok((error.status(), Html(page.render()?)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// A fault as a sentence on a page.
pub(crate) fn sentence(message: &str) -> String {
    let plain = message.replace('`', "");
    let mut letters = plain.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    format!("{}.", first.chain(letters).collect::<String>())
}

/// `GET /sign-in/{token}`
pub(crate) async fn sign_in(
    State(state): State<AppState>,
    Path(token): Path<String>,
    jar: CookieJar,
    origin: Origin,
    request: Request,
) -> Result<Response, PageError> {
    // A browser that fetches the link on suspicion must not use it up.
    if is_prefetch(request.headers()) {
        return Ok(explain(State(state)).await?.into_response());
    }
    if let Some(entry) = sign_in::with_link(&state, &token, origin).await? {
        return Ok(enter(&state, jar, entry));
    }
    // The same link opened twice in one browser: it is signed in already.
    let (mut parts, _) = request.into_parts();
    if Viewer::from_request_parts(&mut parts, &state).await.is_ok() {
        return Ok(Redirect::to("/").into_response());
    }
    UsedPage::answer()
}

/// `POST /sign-out`
pub(crate) async fn sign_out(
    State(state): State<AppState>,
    jar: CookieJar,
    form: Posted<Viewer>,
) -> Result<Response, PageError> {
    let who = &form.who.0;
    let now = state.clock.now();
    state.store.delete_session(who.org, who.session, &who.actor().id(), now).await?;
    let gone = Cookie::build(COOKIE).path("/");
    Ok((jar.remove(gone), Redirect::to(SIGN_IN_PATH)).into_response())
}

/// To the first page, or to where the code is asked for.
fn enter(state: &AppState, jar: CookieJar, entry: Entry) -> Response {
    match entry {
        Entry::SignedIn(session) => {
            (jar.add(cookie(state, session)), Redirect::to("/")).into_response()
        }
        Entry::OwesCode(token) => {
            (jar.add(code::cookie(state, token)), Redirect::to(code::PATH)).into_response()
        }
    }
}

/// The session's cookie; a browser that never closes forgets it when the store does.
pub(crate) fn cookie(state: &AppState, session: NewSession) -> Cookie<'static> {
    let lasts = Duration::from_secs(u64::try_from(session.lasts_seconds).unwrap_or_default());
    let mut cookie = Cookie::build((COOKIE, session.token))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(state.config.public_url().starts_with("https://"))
        .build();
    if let Ok(lasts) = lasts.try_into() {
        cookie.set_max_age(Some(lasts));
    }
    cookie
}

fn is_prefetch(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose", "x-moz"]
        .iter()
        .filter_map(|name| headers.get(*name)?.to_str().ok())
        .any(|value| value.contains("prefetch") || value.contains("preview"))
}

#[cfg(test)]
impl ExplainPage {
    pub(crate) fn sample() -> Self {
        let fault = Some("The address or the password is wrong: try again.".to_owned());
        let provider = Some("Sign in with Northwind".to_owned());
        let email = "ada@northwind.example".to_owned();
        Self { assets: AssetUrls::new(), email, fault, provider }
    }
}

#[cfg(test)]
impl UsedPage {
    pub(crate) fn sample() -> Self {
        Self { assets: AssetUrls::new() }
    }
}
