//! Custom validators.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use execlave_api::error::ErrorBody;
use execlave_api::page::{Data, List};
use execlave_api::validators::{SaveValidator, TestValidator, Validator, ValidatorTest};

use super::params::{PageParams, Params, Segments, id, list as listed};
use crate::auth::caller::Caller;
use crate::auth::permission::{ReadPolicies, WritePolicies};
use crate::body::{Body, OptionalBody};
use crate::error::{AppError, AppResult};
use crate::ops::save_validator;
use crate::state::AppState;
use crate::views;

/// Make a validator. `data.secret` is shown this once.
#[utoipa::path(post, path = "/validators", tag = "validators", request_body = SaveValidator, responses(
    (status = 201, description = "Made", body = Data<Validator>), (status = 400, body = ErrorBody),
    (status = 409, description = "The name is taken", body = ErrorBody),
))]
pub(crate) async fn create(
    caller: Caller<WritePolicies>,
    State(state): State<AppState>,
    Body(body): Body<SaveValidator>,
) -> AppResult<(StatusCode, Json<Data<Validator>>)> {
    let made = save_validator::create_validator(&state, caller.org, &caller.actor(), body).await?;
    Ok((StatusCode::CREATED, Json(Data::new(views::validator_with_secret(made)))))
}

/// List validators, newest first.
#[utoipa::path(get, path = "/validators", tag = "validators", params(PageParams), responses((status = 200, body = List<Validator>)))]
pub(crate) async fn list(
    caller: Caller<ReadPolicies>,
    State(state): State<AppState>,
    Params(params): Params<PageParams>,
) -> AppResult<Json<List<Validator>>> {
    let found = state.store.list_validators(caller.org, &params.page()?).await?;
    Ok(Json(listed(found, views::validator)))
}

/// One validator.
#[utoipa::path(get, path = "/validators/{id}", tag = "validators", params(("id" = String, Path)), responses(
    (status = 200, body = Data<Validator>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn show(
    caller: Caller<ReadPolicies>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<Json<Data<Validator>>> {
    let found = state.store.find_validator(caller.org, id("validator", &text)?).await?;
    let validator = found.ok_or_else(|| AppError::not_found("validator", text))?;
    Ok(Json(Data::new(views::validator(validator))))
}

/// Replace a validator; its secret stays.
#[utoipa::path(put, path = "/validators/{id}", tag = "validators", params(("id" = String, Path)), request_body = SaveValidator,
    responses((status = 200, body = Data<Validator>), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(crate) async fn replace(
    caller: Caller<WritePolicies>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
    Body(body): Body<SaveValidator>,
) -> AppResult<Json<Data<Validator>>> {
    let id = id("validator", &text)?;
    let saved =
        save_validator::replace_validator(&state, caller.org, &caller.actor(), id, body).await?;
    Ok(Json(Data::new(views::validator(saved))))
}

/// Delete a validator. Policies that name it can no longer be evaluated, and their `failureMode` decides.
#[utoipa::path(delete, path = "/validators/{id}", tag = "validators", params(("id" = String, Path)), responses(
    (status = 204, description = "Deleted"), (status = 404, body = ErrorBody),
))]
pub(crate) async fn delete(
    caller: Caller<WritePolicies>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<StatusCode> {
    let id = id("validator", &text)?;
    save_validator::delete_validator(&state, caller.org, &caller.actor(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask a validator about a made-up action and show what it says.
#[utoipa::path(post, path = "/validators/{id}/test", tag = "validators", params(("id" = String, Path)), request_body = TestValidator,
    responses((status = 200, body = Data<ValidatorTest>), (status = 404, body = ErrorBody)))]
pub(crate) async fn test(
    caller: Caller<WritePolicies>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
    OptionalBody(body): OptionalBody<TestValidator>,
) -> AppResult<Json<Data<ValidatorTest>>> {
    let id = id("validator", &text)?;
    Ok(Json(Data::new(save_validator::test_validator(&state, caller.org, id, body).await?)))
}

/// Give a validator a new secret. `data.secret` is shown this once.
#[utoipa::path(post, path = "/validators/{id}/rotate-secret", tag = "validators", params(("id" = String, Path)), responses(
    (status = 200, body = Data<Validator>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn rotate_secret(
    caller: Caller<WritePolicies>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<Json<Data<Validator>>> {
    let id = id("validator", &text)?;
    let saved = save_validator::rotate_secret(&state, caller.org, &caller.actor(), id).await?;
    Ok(Json(Data::new(views::validator_with_secret(saved))))
}
