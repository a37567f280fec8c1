//! Signing in and out, and where somebody is signed in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use execlave_api::error::{ErrorBody, ErrorCode};
use execlave_api::page::{Data, List};
use execlave_api::sessions::{AcceptInvitation, NewSession, Session, SignIn};
use execlave_core::ids::{SessionId, UserId};
use execlave_store::sessions;
use serde::Deserialize;
use utoipa::IntoParams;

use super::params::{Params, Segments, id, list as listed, number, page};
use crate::auth::caller::{Caller, Person};
use crate::auth::origin::Origin;
use crate::auth::permission::{Anything, WriteUsers};
use crate::body::Body;
use crate::error::{AppError, AppResult};
use crate::ops::sign_in;
use crate::state::AppState;
use crate::views;

/// Whose sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// Somebody else's, by their id; needs the scope `users:write`.
    user: Option<String>,
    /// 1 to 200.
    #[serde(default, deserialize_with = "number")]
    limit: Option<u32>,
    /// `meta.nextCursor` of the page before.
    cursor: Option<String>,
}

/// Sign in with a password, and with `code` where the account has a second factor: without it the answer is `SECOND_FACTOR_REQUIRED`. `data.token` is shown this once. Ten failed tries in a quarter of an hour are answered 429 from then on, for the
/// account and for the address they come from.
#[utoipa::path(post, path = "/auth/sign-in", tag = "sessions", security(()), request_body = SignIn, responses(
    (status = 200, body = Data<NewSession>), (status = 400, body = ErrorBody),
    (status = 429, description = "Too many failed tries; `Retry-After` says when to come back", body = ErrorBody),
))]
pub(crate) async fn sign_in(
    State(state): State<AppState>,
    origin: Origin,
    Body(body): Body<SignIn>,
) -> AppResult<Json<Data<NewSession>>> {
    let session = sign_in::with_password(&state, body, origin).await?;
    Ok(Json(Data::new(views::access::new_session(session))))
}

/// Accept an invitation: choose a name and a password, and be signed in. The link is used up.
#[utoipa::path(post, path = "/auth/accept-invitation", tag = "sessions", security(()), request_body = AcceptInvitation, responses(
    (status = 200, body = Data<NewSession>), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
))]
pub(crate) async fn accept_invitation(
    State(state): State<AppState>,
    origin: Origin,
    Body(body): Body<AcceptInvitation>,
) -> AppResult<Json<Data<NewSession>>> {
    let session = sign_in::with_invitation(&state, body, origin).await?;
    let session = session.ok_or_else(|| {
        AppError::new(
            ErrorCode::NotFound,
            "this invitation is not good any more: ask for a new one",
        )
    })?;
    Ok(Json(Data::new(views::access::new_session(session))))
}

/// Sign out: the session that asks is over.
#[utoipa::path(post, path = "/auth/sign-out", tag = "sessions", responses(
    (status = 204, description = "Over"), (status = 403, body = ErrorBody),
))]
pub(crate) async fn sign_out(
    Person(who): Person,
    State(state): State<AppState>,
) -> AppResult<StatusCode> {
    let now = state.clock.now();
    state.store.delete_session(who.org, who.session, &who.actor().id(), now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List where one is signed in, or where somebody else is, newest first.
#[utoipa::path(get, path = "/sessions", tag = "sessions", params(ListParams), responses(
    (status = 200, body = List<Session>), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
))]
pub(crate) async fn list(
    caller: Caller<Anything>,
    State(state): State<AppState>,
    Params(ListParams { user, limit, cursor }): Params<ListParams>,
) -> AppResult<Json<List<Session>>> {
    refuse_most_keys(&caller)?;
    let own = caller.person().map(|person| person.user);
    let user = match &user {
        Some(text) => id::<UserId>("user", text)?,
        None => {
            own.ok_or_else(|| AppError::invalid("user", "must say whose: a key has no sessions"))?
        }
    };
    if own != Some(user) {
        caller.need::<WriteUsers>()?;
        let found = state.store.find_user(caller.org, user).await?;
        found.ok_or_else(|| AppError::not_found("user", user))?;
    }
    let current = caller.person().map(|person| person.session);
    let found = state.store.list_sessions(caller.org, user, &page(limit, cursor)?).await?;
    Ok(Json(listed(found, |session| views::access::session(session, current))))
}

/// End a session of one's own, or of somebody who reaches no further.
#[utoipa::path(post, path = "/sessions/{id}/revoke", tag = "sessions", params(("id" = String, Path)), responses(
    (status = 204, description = "Over"), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
))]
pub(crate) async fn revoke(
    caller: Caller<Anything>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<StatusCode> {
    refuse_most_keys(&caller)?;
    let id: SessionId = id("session", &text)?;
    let found = state.store.find_session_by_id(caller.org, id).await?;
    let (session, user) = found.ok_or_else(|| AppError::not_found("session", &text))?;
    if caller.person().is_none_or(|person| person.user != user.id) {
        caller.need::<WriteUsers>()?;
        caller.need_reach(user.role, user.approver)?;
    }
    end(&state, &caller, &session).await
}

/// A key has no sessions of its own.
fn refuse_most_keys(caller: &Caller<Anything>) -> AppResult<()> {
    if caller.person().is_some() { Ok(()) } else { caller.need::<WriteUsers>() }
}

async fn end(
    state: &AppState,
    caller: &Caller<Anything>,
    session: &sessions::Session,
) -> AppResult<StatusCode> {
    let (actor, now) = (caller.actor().id(), state.clock.now());
    if state.store.delete_session(caller.org, session.id, &actor, now).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(AppError::not_found("session", session.id))
    }
}
