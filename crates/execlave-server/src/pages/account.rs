//! `/account`: one's own password and second factor, and where one is signed in.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use execlave_api::users::ChangePassword;
use execlave_core::ids::SessionId;
use execlave_core::time::Timestamp;
use execlave_store::page::PageRequest;
use execlave_store::sessions::Session;

use crate::auth::session::{SignedIn, Viewer};
use crate::error::AppError;
use crate::ops::change_password::change_password;
use crate::ops::second_factor;
use crate::pages::failure::PageError;
use crate::pages::form::Posted;
use crate::pages::layout::{Layout, Section};
use crate::pages::moment::Moment;
use crate::pages::sign_in::sentence;
use crate::state::AppState;

/// One's own account.
#[derive(Debug, Template)]
#[template(path = "account/index.html")]
pub(crate) struct AccountPage {
    layout: Layout,
    approver: bool,
    needs_password: bool,
    has_second_factor: bool,
    recovery_codes: i64,
    sessions: Vec<SessionView>,
    fault: Option<String>,
    factor_fault: Option<String>,
    notice: Option<&'static str>,
}

#[derive(Debug)]
struct SessionView {
    id: String,
    program: String,
    address: String,
    current: bool,
    since: Moment,
    last_used: Option<Moment>,
}

/// `GET /account`
pub(crate) async fn show(
    State(state): State<AppState>,
    Viewer(who): Viewer,
) -> Result<Html<String>, PageError> {
    Ok(Html(AccountPage::load(&state, &who).await?.render()?))
}

/// `POST /account/password`
pub(crate) async fn password(
    State(state): State<AppState>,
    form: Posted<Viewer>,
) -> Result<Response, PageError> {
    let who = &form.who.0;
    let current = Some(form.raw("current")).filter(|text| !text.is_empty());
    let body = ChangePassword {
        current_password: current.map(str::to_owned),
        new_password: form.raw("next").to_owned(),
    };
    match change_password(&state, who, body).await {
        Ok(()) => {
            let notice = Some("Your password is changed, and you are signed out everywhere else.");
            let page = AccountPage { notice, ..AccountPage::load(&state, who).await? };
            Ok(Html(page.render()?).into_response())
        }
        Err(error) => again(&state, who, Faulty::Password, error).await,
    }
}

/// Which form of the page was not good.
#[derive(Clone, Copy, Debug)]
pub(super) enum Faulty {
    Password,
    SecondFactor,
}

/// The page again, with what was wrong.
pub(super) async fn again(
    state: &AppState,
    who: &SignedIn,
    form: Faulty,
    error: AppError,
) -> Result<Response, PageError> {
    if !error.status().is_client_error() {
        return Err(error.into());
    }
    let mut page = AccountPage::load(state, who).await?;
    let fault = Some(sentence(error.message()));
    match form {
        Faulty::Password => page.fault = fault,
        Faulty::SecondFactor => page.factor_fault = fault,
    }
    Ok((error.status(), Html(page.render()?)).into_response())
}

/// `POST /account/sessions/{id}/end`
pub(crate) async fn end(
    State(state): State<AppState>,
    Path(id): Path<String>,
    form: Posted<Viewer>,
) -> Result<Response, PageError> {
    let who = &form.who.0;
    let missing = || PageError::not_found("session", &id);
    let parsed: SessionId = id.parse().map_err(|_| missing())?;
    let found = state.store.find_session_by_id(who.org, parsed).await?;
    // Somebody else's is no business of this page, whatever the role.
    found.filter(|(_, user)| user.id == who.user).ok_or_else(missing)?;
    state.store.delete_session(who.org, parsed, &who.actor().id(), state.clock.now()).await?;
    Ok(Redirect::to("/account").into_response())
}

impl AccountPage {
    async fn load(state: &AppState, who: &SignedIn) -> Result<Self, PageError> {
        let now = state.clock.now();
        let page = PageRequest { limit: PageRequest::MAX_LIMIT, cursor: None };
        let sessions = state.store.list_sessions(who.org, who.user, &page).await?;
        let password = state.store.find_password(who.org, who.user).await?;
        let factor = second_factor::in_force(state, who.org, who.user).await?;
        Ok(Self {
            layout: Layout::load(state, who, Section::Account).await?,
            approver: who.approver,
            needs_password: password.is_some() && !who.has_fresh_link(now),
            has_second_factor: factor.is_some(),
            recovery_codes: state.store.count_recovery_codes(who.org, who.user).await?,
            sessions: sessions
                .items
                .into_iter()
                .map(|session| SessionView::new(session, who, now))
                .collect(),
            fault: None,
            factor_fault: None,
            notice: None,
        })
    }
}

impl SessionView {
    fn new(session: Session, who: &SignedIn, now: Timestamp) -> Self {
        Self {
            current: session.id == who.session,
            id: session.id.to_string(),
            program: session.user_agent.unwrap_or_else(|| "unknown program".to_owned()),
            address: session.address.unwrap_or_else(|| "unknown".to_owned()),
            since: Moment::new(session.created_at, now),
            last_used: session.last_used_at.map(|at| Moment::new(at, now)),
        }
    }
}

#[cfg(test)]
impl AccountPage {
    pub(crate) fn sample() -> Self {
        use crate::pages::samples::ago;

        let session = |program: &str, current| SessionView {
            id: "019abf6e-2f0c-7c3d-9d0e-5a3f0f3f8f15".to_owned(),
            program: program.to_owned(),
            address: "192.0.2.7".to_owned(),
            current,
            since: ago(7_200),
            last_used: current.then(|| ago(30)),
        };
        Self {
            layout: Layout::sample(Section::Account),
            approver: true,
            needs_password: true,
            has_second_factor: true,
            recovery_codes: 9,
            sessions: vec![session("Firefox", true), session("curl/8.9.1", false)],
            fault: Some("Must be 12 to 256 characters long.".to_owned()),
            factor_fault: Some("The code is wrong or was used already.".to_owned()),
            notice: None,
        }
    }
}
