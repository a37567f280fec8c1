//! `/api-keys/{id}/rotate` and `/api-keys/{id}/revoke`: asking first, then doing it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use execlave_api::error::ErrorCode;
use execlave_api::keys::RotateKey;
use execlave_core::ids::KeyId;
use execlave_store::keys::ApiKey;

use crate::auth::session::{KeyKeeper, SignedIn};
use crate::error::AppError;
use crate::ops::rotate_key::rotate_key;
use crate::pages::failure::PageError;
use crate::pages::form::Posted;
use crate::pages::keys::MadePage;
use crate::pages::layout::{Layout, Section};
use crate::pages::moment::Moment;
use crate::state::AppState;

/// The question before it is done.
#[derive(Debug, Template)]
#[template(path = "keys/ask.html")]
pub(crate) struct AskPage {
    layout: Layout,
    verb: Verb,
    id: String,
    name: String,
    prefix: String,
    hours: String,
    fault: Option<String>,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Rotate,
    Revoke,
}

impl Verb {
    fn word(self) -> &'static str {
        match self {
            Self::Rotate => "rotate",
            Self::Revoke => "revoke",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Rotate => "Replace",
            Self::Revoke => "Revoke",
        }
    }

    fn is_rotate(self) -> bool {
        self == Self::Rotate
    }
}

/// `GET /api-keys/{id}/rotate`
pub(crate) async fn ask_rotate(
    State(state): State<AppState>,
    KeyKeeper(who): KeyKeeper,
    Path(id): Path<String>,
) -> Result<Html<String>, PageError> {
    let key = find(&state, &who, &id).await?;
    Ok(Html(AskPage::new(&state, &who, key, Verb::Rotate).await?.render()?))
}

/// `POST /api-keys/{id}/rotate`
pub(crate) async fn rotate(
    State(state): State<AppState>,
    Path(id): Path<String>,
    form: Posted<KeyKeeper>,
) -> Result<Response, PageError> {
    let who = &form.who.0;
    let key = find(&state, who, &id).await?;
    who.may_give(&key.scopes)?;
    let hours = form.text("hours").to_owned();
    let rotated = match hours.parse() {
        Ok(overlap_hours) => {
            let wanted = RotateKey { overlap_hours };
            rotate_key(&state, who.org, &who.actor(), &key, &wanted).await
        }
        Err(_) => Err(AppError::invalid("hours", "must be 0 to 720")),
    };
    match rotated {
        Ok((new, secret)) => {
            let old = find(&state, who, &id).await?;
            let now = state.clock.now();
            let page = MadePage {
                layout: Layout::load(&state, who, Section::Keys).await?,
                name: new.name,
                key: secret,
                overlap: old.expires_at.map(|end| Moment::new(end, now)),
            };
            Ok(Html(page.render()?).into_response())
        }
        Err(error) if matches!(error.code(), ErrorCode::ValidationError | ErrorCode::Conflict) => {
            let fault = Some(error.message().to_owned());
            let page = AskPage::new(&state, who, key, Verb::Rotate).await?;
            Ok((error.status(), Html(AskPage { hours, fault, ..page }.render()?)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /api-keys/{id}/revoke`
pub(crate) async fn ask_revoke(
    State(state): State<AppState>,
    KeyKeeper(who): KeyKeeper,
    Path(id): Path<String>,
) -> Result<Html<String>, PageError> {
    let key = find(&state, &who, &id).await?;
    Ok(Html(AskPage::new(&state, &who, key, Verb::Revoke).await?.render()?))
}

/// `POST /api-keys/{id}/revoke`
pub(crate) async fn revoke(
    State(state): State<AppState>,
    Path(id): Path<String>,
    form: Posted<KeyKeeper>,
) -> Result<Response, PageError> {
    let who = &form.who.0;
    let key = find(&state, who, &id).await?;
    state.store.revoke_key(who.org, key.id, &who.actor().id(), state.clock.now()).await?;
    state.directory.refresh_key(&state.store, who.org, key.id).await?;
    Ok(Redirect::to("/api-keys").into_response())
}

async fn find(state: &AppState, who: &SignedIn, id: &str) -> Result<ApiKey, PageError> {
    let Ok(parsed) = id.parse::<KeyId>() else {
        return Err(PageError::not_found("API key", id));
    };
    let key = state.store.find_key(who.org, parsed).await?;
    key.ok_or_else(|| PageError::not_found("API key", id))
}

impl AskPage {
    async fn new(
        state: &AppState,
        who: &SignedIn,
        key: ApiKey,
        verb: Verb,
    ) -> Result<Self, PageError> {
        Ok(Self {
            layout: Layout::load(state, who, Section::Keys).await?,
            verb,
            id: key.id.to_string(),
            name: key.name,
            prefix: key.prefix,
            hours: RotateKey::default().overlap_hours.to_string(),
            fault: None,
        })
    }
}

#[cfg(test)]
impl AskPage {
    pub(crate) fn sample(rotate: bool) -> Self {
        Self {
            layout: Layout::sample(Section::Keys),
            verb: if rotate { Verb::Rotate } else { Verb::Revoke },
            id: "019abf6e-2f0c-7c3d-9d0e-000000000001".to_owned(),
            name: "Release pipeline".to_owned(),
            prefix: "exe_prod_4fT9x".to_owned(),
            hours: "24".to_owned(),
            fault: rotate.then(|| "`overlapHours`: must be 0 to 720".to_owned()),
        }
    }
}
