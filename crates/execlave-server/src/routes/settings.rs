//! What an organisation has switched on.

use axum::Json;
use axum::extract::State;
use execlave_api::error::ErrorBody;
use execlave_api::page::Data;
use execlave_api::settings::{PatchSettings, Settings};

use crate::auth::caller::Caller;
use crate::auth::permission::{Read, WriteSettings};
use crate::body::Body;
use crate::error::AppResult;
use crate::ops::patch_settings::patch_settings;
use crate::state::AppState;
use crate::views;

/// The settings in force.
#[utoipa::path(get, path = "/organization/settings", tag = "settings", responses((status = 200, body = Data<Settings>)))]
pub(crate) async fn show(
    caller: Caller<Read>,
    State(state): State<AppState>,
) -> AppResult<Json<Data<Settings>>> {
    let settings = state.store.find_org_settings(caller.org).await?;
    let default = state.config.decisions.keep_input;
    Ok(Json(Data::new(views::settings(settings.as_ref(), default))))
}

/// Change the given settings.
#[utoipa::path(patch, path = "/organization/settings", tag = "settings", request_body = PatchSettings, responses(
    (status = 200, body = Data<Settings>), (status = 400, body = ErrorBody),
))]
pub(crate) async fn patch(
    caller: Caller<WriteSettings>,
    State(state): State<AppState>,
    Body(body): Body<PatchSettings>,
) -> AppResult<Json<Data<Settings>>> {
    let settings = patch_settings(&state, caller.org, &caller.actor(), body).await?;
    let default = state.config.decisions.keep_input;
    Ok(Json(Data::new(views::settings(Some(&settings), default))))
}
