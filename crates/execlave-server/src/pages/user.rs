//! `/users/{id}`: one person, how far they reach, and whether they can sign in.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use execlave_api::users::PatchUser;
use execlave_core::ids::UserId;
use execlave_store::users::User;

use crate::auth::session::{Manager, SignedIn};
use crate::error::AppResult;
use crate::ops::second_factor;
use crate::pages::failure::PageError;
use crate::pages::form::Posted;
use crate::pages::layout::{Layout, Section};
use crate::pages::sign_in::sentence;
use crate::pages::users::{PersonView, ROLES, management, reach, with_link};
use crate::state::AppState;

/// One person.
#[derive(Debug, Template)]
#[template(path = "users/show.html")]
pub(crate) struct UserPage {
    layout: Layout,
    person: PersonView,
    has_second_factor: bool,
    fault: Option<String>,
    roles: [&'static str; 4],
}

/// `GET /users/{id}`
pub(crate) async fn show(
    State(state): State<AppState>,
    Manager(who): Manager,
    Path(id): Path<String>,
) -> Result<Html<String>, PageError> {
    let user = find(&state, &who, &id).await?;
    Ok(Html(UserPage::load(&state, &who, user).await?.render()?))
}

/// `POST /users/{id}`
pub(crate) async fn change(
    State(state): State<AppState>,
    Path(id): Path<String>,
    form: Posted<Manager>,
) -> Result<Response, PageError> {
    let patch = PatchUser {
        name: Some(form.text("name").to_owned()),
        role: Some(form.text("role").to_owned()),
        approver: Some(!form.text("approver").is_empty()),
        state: None,
    };
    apply(&state, &form.who.0, &id, patch).await
}

/// `POST /users/{id}/disable`
pub(crate) async fn disable(
    State(state): State<AppState>,
    Path(id): Path<String>,
    form: Posted<Manager>,
) -> Result<Response, PageError> {
    let patch = PatchUser { state: Some("disabled".to_owned()), ..PatchUser::default() };
    apply(&state, &form.who.0, &id, patch).await
}

/// `POST /users/{id}/enable`
pub(crate) async fn enable(
    State(state): State<AppState>,
    Path(id): Path<String>,
    form: Posted<Manager>,
) -> Result<Response, PageError> {
    let patch = PatchUser { state: Some("active".to_owned()), ..PatchUser::default() };
    apply(&state, &form.who.0, &id, patch).await
}

/// `POST /users/{id}/link`
pub(crate) async fn link(
    State(state): State<AppState>,
    Path(id): Path<String>,
    form: Posted<Manager>,
) -> Result<Response, PageError> {
    let who = &form.who.0;
    let user = find(&state, who, &id).await?;
    let actor = who.actor().id();
    match management(&state, who, &actor).link(user.id, &reach(who)).await {
        Ok(link) => with_link(&state, who, link).await,
        refused => again(&state, who, user, refused.map(drop)).await,
    }
}

/// `POST /users/{id}/reset-totp`
pub(crate) async fn reset_totp(
    State(state): State<AppState>,
    Path(id): Path<String>,
    form: Posted<Manager>,
) -> Result<Response, PageError> {
    let who = &form.who.0;
    let user = find(&state, who, &id).await?;
    let actor = who.actor().id();
    let removed = management(&state, who, &actor).reset_totp(user.id, &reach(who)).await;
    again(&state, who, user, removed.map(drop)).await
}

async fn apply(
    state: &AppState,
    who: &SignedIn,
    id: &str,
    patch: PatchUser,
) -> Result<Response, PageError> {
    let user = find(state, who, id).await?;
    let actor = who.actor().id();
    match management(state, who, &actor).change(user.id, patch, &reach(who)).await {
        Ok(_) => Ok(Redirect::to("/users").into_response()),
        refused => again(state, who, user, refused.map(drop)).await,
    }
}

/// The page again, with what was wrong.
async fn again(
    state: &AppState,
    who: &SignedIn,
    user: User,
    refused: AppResult<()>,
) -> Result<Response, PageError> {
    match refused {
        Err(error) if error.status().is_client_error() => {
            let fault = Some(sentence(error.message()));
            let page = UserPage { fault, ..UserPage::load(state, who, user).await? };
            Ok((error.status(), Html(page.render()?)).into_response())
        }
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Redirect::to("/users").into_response()),
    }
}

async fn find(state: &AppState, who: &SignedIn, id: &str) -> Result<User, PageError> {
    let Ok(parsed) = id.parse::<UserId>() else { return Err(PageError::not_found("user", id)) };
    let found = state.store.find_user(who.org, parsed).await?;
    found.ok_or_else(|| PageError::not_found("user", id))
}

impl UserPage {
    async fn load(state: &AppState, who: &SignedIn, user: User) -> Result<Self, PageError> {
        let factor = second_factor::in_force(state, user.org_id, user.id).await?;
        Ok(Self {
            has_second_factor: factor.is_some(),
            layout: Layout::load(state, who, Section::People).await?,
            person: PersonView::new(state, user),
            fault: None,
            roles: ROLES,
        })
    }

    #[cfg(test)]
    pub(crate) fn sample() -> Self {
        let fault =
            "This is the last owner of the organisation: make somebody else an owner before.";
        Self {
            layout: Layout::sample(Section::People),
            has_second_factor: true,
            person: PersonView::sample("Ada Okafor", "ada@northwind.example", "owner", "active"),
            fault: Some(fault.to_owned()),
            roles: ROLES,
        }
    }
}
