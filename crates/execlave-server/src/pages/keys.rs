//! `/api-keys`: the list, and the form that makes one.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use execlave_api::error::ErrorCode;
use execlave_api::keys::CreateKey;
use execlave_core::time::Timestamp;
use execlave_store::keys::ApiKey;
use execlave_store::page::PageRequest;
use serde::Deserialize;

use crate::auth::permission::{SCOPES, WriteKeys};
use crate::auth::session::{KeyKeeper, SignedIn, Viewer};
use crate::error::AppError;
use crate::ops::create_key::create_key;
use crate::pages::failure::PageError;
use crate::pages::form::Posted;
use crate::pages::layout::{Layout, Section};
use crate::pages::moment::Moment;
use crate::pages::pill::{Choice, Pill};
use crate::pages::query::Asked;
use crate::pages::query_string;
use crate::state::AppState;

const DAY_MS: i64 = 86_400_000;

/// The list.
#[derive(Debug, Template)]
#[template(path = "keys/index.html")]
pub(crate) struct KeysPage {
    layout: Layout,
    may_change: bool,
    keys: Vec<KeyRow>,
    older: Option<String>,
    scopes: Vec<Choice>,
    fault: Option<String>,
}

/// One key.
#[derive(Debug)]
struct KeyRow {
    id: String,
    name: String,
    prefix: String,
    state: Pill,
    ends: Option<Moment>,
    scopes: String,
    reaches: String,
    signed: bool,
    last_used: Option<Moment>,
    works: bool,
    can_rotate: bool,
}

/// The key that was made, this once.
#[derive(Template)]
#[template(path = "keys/made.html")]
pub(crate) struct MadePage {
    pub(crate) layout: Layout,
    pub(crate) name: String,
    pub(crate) key: String,
    pub(crate) overlap: Option<Moment>,
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Part {
    cursor: Option<String>,
}

/// `GET /api-keys`
pub(crate) async fn list(
    State(state): State<AppState>,
    Viewer(who): Viewer,
    Asked(part): Asked<Part>,
) -> Result<Html<String>, PageError> {
    let page = KeysPage::new(&state, &who, part.cursor).await?;
    Ok(Html(page.render()?))
}

/// `POST /api-keys`
pub(crate) async fn create(
    State(state): State<AppState>,
    form: Posted<KeyKeeper>,
) -> Result<Response, PageError> {
    let who = &form.who.0;
    let made = match wanted(&form, state.clock.now()) {
        Ok(wanted) => {
            who.may_give(&wanted.scopes)?;
            create_key(&state, who.org, &who.actor(), wanted).await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok((record, key)) => {
            let layout = Layout::load(&state, who, Section::Keys).await?;
            let page = MadePage { layout, name: record.name, key, overlap: None };
            Ok(Html(page.render()?).into_response())
        }
        Err(error) if error.code() == ErrorCode::ValidationError => {
            let fault = Some(error.message().to_owned());
            let page = KeysPage { fault, ..KeysPage::new(&state, who, None).await? };
            Ok((StatusCode::BAD_REQUEST, Html(page.render()?)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// What the form says, as the API would be told.
fn wanted(form: &Posted<KeyKeeper>, now: Timestamp) -> Result<CreateKey, AppError> {
    let is_chosen = |scope: &&&str| !form.text(&format!("scope-{scope}")).is_empty();
    let environments: Vec<String> = form
        .text("environments")
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let expires_at = match form.text("days") {
        "" => None,
        text => {
            let days = text.parse::<i64>().ok().filter(|days| (1..=9_999).contains(days));
            let days = days.ok_or_else(|| AppError::invalid("days", "must be 1 to 9999"))?;
            Some(now.plus_millis(days * DAY_MS).to_string())
        }
    };
    Ok(CreateKey {
        name: form.text("name").to_owned(),
        environment: form.text("environment").to_owned(),
        scopes: SCOPES.iter().filter(is_chosen).map(|scope| (*scope).to_owned()).collect(),
        expires_at,
        environments: (!environments.is_empty()).then_some(environments),
        require_signature: !form.text("require-signature").is_empty(),
    })
}

impl KeysPage {
    async fn new(
        state: &AppState,
        who: &SignedIn,
        cursor: Option<String>,
    ) -> Result<Self, PageError> {
        let page = PageRequest { cursor, ..PageRequest::default() };
        let found = state.store.list_keys(who.org, &page).await?;
        let now = state.clock.now();
        Ok(Self {
            layout: Layout::load(state, who, Section::Keys).await?,
            may_change: who.may::<WriteKeys>(),
            keys: found.items.into_iter().map(|key| KeyRow::new(key, now)).collect(),
            older: found.next_cursor.map(|at| query_string("/api-keys", &[("cursor", &at)])),
            scopes: scopes(),
            fault: None,
        })
    }
}

fn scopes() -> Vec<Choice> {
    let choices: Vec<(&str, &str)> = SCOPES
        .iter()
        .map(|scope| (*scope, if *scope == "*" { "everything" } else { *scope }))
        .collect();
    Choice::list(&choices, "sdk")
}

impl KeyRow {
    fn new(key: ApiKey, now: Timestamp) -> Self {
        let expired = key.expires_at.is_some_and(|end| end <= now);
        let works = !expired && key.revoked_at.is_none();
        let state = match (key.revoked_at, expired, key.replaced_by) {
            (Some(_), ..) => "revoked",
            (None, true, _) => "expired",
            (None, false, Some(_)) => "replaced",
            (None, false, None) => "active",
        };
        Self {
            id: key.id.to_string(),
            name: key.name,
            prefix: key.prefix,
            state: Pill::key(state),
            ends: key.revoked_at.or(key.expires_at).map(|end| Moment::new(end, now)),
            scopes: key.scopes.join(", "),
            reaches: key
                .environments
                .map_or_else(|| "everything".to_owned(), |list| list.join(", ")),
            signed: key.require_signature,
            last_used: key.last_used_at.map(|at| Moment::new(at, now)),
            works,
            can_rotate: works && key.replaced_by.is_none(),
        }
    }
}

#[cfg(test)]
impl KeysPage {
    pub(crate) fn sample() -> Self {
        use crate::pages::samples::ago;

        let row = |name: &str, state: &str, last_used| KeyRow {
            id: format!("019abf6e-2f0c-7c3d-9d0e-{:012x}", name.len()),
            name: name.to_owned(),
            prefix: "exe_prod_4fT9x".to_owned(),
            state: Pill::key(state),
            ends: (state != "active").then(|| ago(-3_600)),
            scopes: "sdk, read".to_owned(),
            reaches: "staging, development".to_owned(),
            signed: state == "active",
            last_used,
            works: state != "revoked",
            can_rotate: state == "active",
        };
        Self {
            layout: Layout::sample(Section::Keys),
            may_change: true,
            keys: vec![
                row("Support desk", "active", Some(ago(40))),
                row("Release pipeline", "replaced", Some(ago(9_000))),
                row("Old importer", "revoked", None),
            ],
            older: None,
            scopes: scopes(),
            fault: Some("`name`: must not be empty".to_owned()),
        }
    }
}

#[cfg(test)]
impl MadePage {
    pub(crate) fn sample() -> Self {
        Self {
            layout: Layout::sample(Section::Keys),
            name: "Release pipeline".to_owned(),
            key: format!("exe_prod_{}", "k".repeat(43)),
            overlap: Some(crate::pages::samples::ago(-86_400)),
        }
    }
}
