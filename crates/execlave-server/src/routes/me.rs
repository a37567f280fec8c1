//! The person who asks: who they are, and what they change about themselves.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use execlave_api::error::ErrorBody;
use execlave_api::page::Data;
use execlave_api::users::{ChangePassword, Me, PatchMe, PatchUser};

use crate::auth::caller::Person;
use crate::body::Body;
use crate::error::{AppError, AppResult};
use crate::ops::change_password::change_password;
use crate::ops::manage_user::Management;
use crate::ops::second_factor;
use crate::state::AppState;
use crate::views;

/// Who is asking, and how far they reach.
#[utoipa::path(get, path = "/me", tag = "account", responses((status = 200, body = Data<Me>), (status = 403, body = ErrorBody)))]
pub(crate) async fn show(
    Person(who): Person,
    State(state): State<AppState>,
) -> AppResult<Json<Data<Me>>> {
    let user = state.store.find_user(who.org, who.user).await?;
    let user = user.ok_or_else(|| AppError::not_found("user", who.user))?;
    let password = state.store.find_password(who.org, who.user).await?;
    let factor = second_factor::in_force(&state, who.org, who.user).await?;
    let codes = state.store.count_recovery_codes(who.org, who.user).await?;
    Ok(Json(Data::new(Me {
        user: views::access::user(user),
        scopes: who.scopes().map(str::to_owned).collect(),
        has_password: password.is_some(),
        has_second_factor: factor.is_some(),
        recovery_codes_left: u32::try_from(codes).unwrap_or(u32::MAX),
    })))
}

/// Change what one is called.
#[utoipa::path(patch, path = "/me", tag = "account", request_body = PatchMe, responses(
    (status = 200, body = Data<execlave_api::users::User>), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
))]
pub(crate) async fn patch(
    Person(who): Person,
    State(state): State<AppState>,
    Body(body): Body<PatchMe>,
) -> AppResult<Json<Data<execlave_api::users::User>>> {
    let (store, clock, config) = (&state.store, &state.clock, &state.config);
    let actor = who.actor().id();
    let management = Management { store, clock, config, org: who.org, actor: &actor };
    let name = PatchUser { name: body.name, ..PatchUser::default() };
    // One's own name is one's own business, however far one reaches.
    let user = management.change(who.user, name, &|_, _| true).await?;
    Ok(Json(Data::new(views::access::user(user))))
}

/// Choose another password. Every other session of one's own ends.
#[utoipa::path(post, path = "/me/password", tag = "account", request_body = ChangePassword, responses(
    (status = 204, description = "Changed"), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 429, description = "Too many wrong passwords", body = ErrorBody),
))]
pub(crate) async fn password(
    Person(who): Person,
    State(state): State<AppState>,
    Body(body): Body<ChangePassword>,
) -> AppResult<StatusCode> {
    change_password(&state, &who, body).await?;
    Ok(StatusCode::NO_CONTENT)
}
