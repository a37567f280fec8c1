//! `/invitation/{token}`: somebody who was invited chooses a name and a password.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use execlave_api::sessions::AcceptInvitation;
use execlave_store::users::User;

use crate::auth::origin::Origin;
use crate::ops::sign_in;
use crate::pages::assets::AssetUrls;
use crate::pages::failure::PageError;
use crate::pages::form::Sent;
use crate::pages::sign_in::{UsedPage, cookie, sentence};
use crate::secrets;
use crate::state::AppState;

/// The form.
#[derive(Debug, Template)]
#[template(path = "sign_in/invitation.html")]
pub(crate) struct InvitationPage {
    assets: AssetUrls,
    email: String,
    name: String,
    fault: Option<String>,
}

/// The path of an invitation.
pub fn path(token: &str) -> String {
    format!("/invitation/{token}")
}

/// `GET /invitation/{token}`. Looking does not use it up.
pub(crate) async fn show(
    State(state): State<AppState>,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    match invited(&state, &token).await? {
        Some(User { email, name, .. }) => {
            let page = InvitationPage { assets: AssetUrls::new(), email, name, fault: None };
            Ok(Html(page.render()?).into_response())
        }
        None => UsedPage::answer(),
    }
}

/// `POST /invitation/{token}`. The token is in the address, which no other site knows, so the form needs no other.
pub(crate) async fn accept(
    State(state): State<AppState>,
    Path(token): Path<String>,
    origin: Origin,
    jar: CookieJar,
    form: Sent,
) -> Result<Response, PageError> {
    let (name, password) = (form.text("name").to_owned(), form.raw("password").to_owned());
    let body = AcceptInvitation { token: token.clone(), name: name.clone(), password };
    match sign_in::with_invitation(&state, body, origin).await {
        Ok(Some(session)) => {
            Ok((jar.add(cookie(&state, session)), Redirect::to("/")).into_response())
        }
        Ok(None) => UsedPage::answer(),
        Err(error) if error.status() == StatusCode::BAD_REQUEST => {
            let Some(User { email, .. }) = invited(&state, &token).await? else {
                return UsedPage::answer();
            };
            let fault = Some(sentence(error.message()));
            let page = InvitationPage { assets: AssetUrls::new(), email, name, fault };
            Ok((StatusCode::BAD_REQUEST, Html(page.render()?)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn invited(state: &AppState, token: &str) -> Result<Option<User>, PageError> {
    Ok(state.store.find_invitation(&secrets::hash(token), state.clock.now()).await?)
}

#[cfg(test)]
impl InvitationPage {
    pub(crate) fn sample() -> Self {
        Self {
            assets: AssetUrls::new(),
            email: "ada@northwind.example".to_owned(),
            name: "Ada Okafor".to_owned(),
            fault: Some("Password must be 12 to 256 characters long.".to_owned()),
        }
    }
}
