//! People: invited, listed, changed, let back in, kept out.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use execlave_api::error::ErrorBody;
use execlave_api::page::{Data, List};
use execlave_api::users::{InviteUser, PatchUser, User, UserLink};
use execlave_store::users::Role;

use super::params::{PageParams, Params, Segments, id, list as listed};
use crate::auth::caller::Caller;
use crate::auth::permission::{ReadUsers, WriteUsers};
use crate::body::Body;
use crate::error::{AppError, AppResult};
use crate::ops::manage_user::Management;
use crate::state::AppState;
use crate::views;

/// List people, newest first.
#[utoipa::path(get, path = "/users", tag = "users", params(PageParams), responses((status = 200, body = List<User>)))]
pub(crate) async fn list(
    caller: Caller<ReadUsers>,
    State(state): State<AppState>,
    Params(params): Params<PageParams>,
) -> AppResult<Json<List<User>>> {
    let users = state.store.list_users(caller.org, &params.page()?).await?;
    Ok(Json(listed(users, views::access::user)))
}

/// One person.
#[utoipa::path(get, path = "/users/{id}", tag = "users", params(("id" = String, Path)), responses(
    (status = 200, body = Data<User>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn show(
    caller: Caller<ReadUsers>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<Json<Data<User>>> {
    let found = state.store.find_user(caller.org, id("user", &text)?).await?;
    let found = found.ok_or_else(|| AppError::not_found("user", text))?;
    Ok(Json(Data::new(views::access::user(found))))
}

/// Invite somebody. `data.link` is shown this once: whoever opens it within 7 days chooses a name and a password. Nobody gives more than
/// they have.
#[utoipa::path(post, path = "/users", tag = "users", request_body = InviteUser, responses(
    (status = 201, description = "Invited", body = Data<UserLink>), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 409, body = ErrorBody),
))]
pub(crate) async fn invite(
    caller: Caller<WriteUsers>,
    State(state): State<AppState>,
    Body(body): Body<InviteUser>,
) -> AppResult<(StatusCode, Json<Data<UserLink>>)> {
    let actor = caller.actor().id();
    let link = management(&state, &caller, &actor).invite(body, &reach(&caller)).await?;
    Ok((StatusCode::CREATED, Json(Data::new(views::access::user_link(link)))))
}

/// Change the given fields. Who is disabled is signed out at once; the last owner stays one.
#[utoipa::path(patch, path = "/users/{id}", tag = "users", params(("id" = String, Path)), request_body = PatchUser, responses(
    (status = 200, body = Data<User>), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, description = "The last owner", body = ErrorBody),
))]
pub(crate) async fn patch(
    caller: Caller<WriteUsers>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
    Body(body): Body<PatchUser>,
) -> AppResult<Json<Data<User>>> {
    let (id, actor) = (id("user", &text)?, caller.actor().id());
    let user = management(&state, &caller, &actor).change(id, body, &reach(&caller)).await?;
    Ok(Json(Data::new(views::access::user(user))))
}

/// Keep somebody out from this moment on, or take an invitation back. The record stays, so that what they did can be explained.
#[utoipa::path(delete, path = "/users/{id}", tag = "users", params(("id" = String, Path)), responses(
    (status = 200, description = "Disabled", body = Data<User>), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, description = "The last owner", body = ErrorBody),
))]
pub(crate) async fn delete(
    caller: Caller<WriteUsers>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<Json<Data<User>>> {
    let (id, actor) = (id("user", &text)?, caller.actor().id());
    let user = management(&state, &caller, &actor).disable(id, &reach(&caller)).await?;
    Ok(Json(Data::new(views::access::user(user))))
}

/// Make a link that lets somebody in once: an invitation, sent again, if they have not begun. Earlier links are void. `data.link` is shown
/// this once.
#[utoipa::path(post, path = "/users/{id}/reset-link", tag = "users", params(("id" = String, Path)), responses(
    (status = 200, body = Data<UserLink>), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, description = "Disabled", body = ErrorBody),
))]
pub(crate) async fn reset_link(
    caller: Caller<WriteUsers>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<Json<Data<UserLink>>> {
    let (id, actor) = (id("user", &text)?, caller.actor().id());
    let link = management(&state, &caller, &actor).link(id, &reach(&caller)).await?;
    Ok(Json(Data::new(views::access::user_link(link))))
}

/// Remove somebody's second factor, for who has lost both the app and the recovery codes. Nobody does so to themselves.
#[utoipa::path(post, path = "/users/{id}/reset-totp", tag = "users", params(("id" = String, Path)), responses(
    (status = 200, description = "Removed, or there was none", body = Data<User>), (status = 403, body = ErrorBody),
    (status = 404, body = ErrorBody),
))]
pub(crate) async fn reset_totp(
    caller: Caller<WriteUsers>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<Json<Data<User>>> {
    let (id, actor) = (id("user", &text)?, caller.actor().id());
    let user = management(&state, &caller, &actor).reset_totp(id, &reach(&caller)).await?;
    Ok(Json(Data::new(views::access::user(user))))
}

fn management<'a>(
    state: &'a AppState,
    caller: &Caller<WriteUsers>,
    actor: &'a str,
) -> Management<'a> {
    let (store, clock, config) = (&state.store, &state.clock, &state.config);
    Management { store, clock, config, org: caller.org, actor }
}

fn reach(caller: &Caller<WriteUsers>) -> impl Fn(Role, bool) -> bool + Sync {
    |role, approver| caller.reaches_as_far_as(role, approver)
}
