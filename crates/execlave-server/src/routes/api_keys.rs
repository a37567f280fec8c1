//! API keys: made, listed, replaced, revoked. The key itself is in one answer only, the one that makes it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use execlave_api::error::ErrorBody;
use execlave_api::keys::{ApiKey, CreateKey, RotateKey};
use execlave_api::page::{Data, List};
use execlave_core::ids::KeyId;

use super::params::{PageParams, Params, Segments, id, list as listed};
use crate::auth::caller::Caller;
use crate::auth::permission::{ReadKeys, WriteKeys};
use crate::body::{Body, OptionalBody};
use crate::error::{AppError, AppResult};
use crate::ops::create_key::create_key;
use crate::ops::rotate_key::{find_key, rotate_key};
use crate::state::AppState;
use crate::views;

/// Make an API key. `data.key` is shown this once. A key can only give scopes that it has itself.
#[utoipa::path(post, path = "/api-keys", tag = "api keys", request_body = CreateKey, responses(
    (status = 201, description = "Made", body = Data<ApiKey>), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
))]
pub(crate) async fn create(
    caller: Caller<WriteKeys>,
    State(state): State<AppState>,
    Body(body): Body<CreateKey>,
) -> AppResult<(StatusCode, Json<Data<ApiKey>>)> {
    caller.may_give(&body.scopes)?;
    caller.environments().may_give(body.environments.as_deref())?;
    let (record, secret) = create_key(&state, caller.org, &caller.actor(), body).await?;
    let shown = ApiKey { key: Some(secret), ..views::api_key(record) };
    Ok((StatusCode::CREATED, Json(Data::new(shown))))
}

/// List API keys, newest first.
#[utoipa::path(get, path = "/api-keys", tag = "api keys", params(PageParams), responses((status = 200, body = List<ApiKey>)))]
pub(crate) async fn list(
    caller: Caller<ReadKeys>,
    State(state): State<AppState>,
    Params(params): Params<PageParams>,
) -> AppResult<Json<List<ApiKey>>> {
    let keys = state.store.list_keys(caller.org, &params.page()?).await?;
    Ok(Json(listed(keys, views::api_key)))
}

/// Revoke an API key; its next request is refused.
#[utoipa::path(post, path = "/api-keys/{id}/revoke", tag = "api keys", params(("id" = String, Path)), responses(
    (status = 200, description = "Revoked", body = Data<ApiKey>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn revoke(
    caller: Caller<WriteKeys>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<Json<Data<ApiKey>>> {
    end(&state, &caller, &text).await
}

/// The same as `revoke`: the record stays, so that its past use can be explained.
#[utoipa::path(delete, path = "/api-keys/{id}", tag = "api keys", params(("id" = String, Path)), responses(
    (status = 200, description = "Revoked", body = Data<ApiKey>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn delete(
    caller: Caller<WriteKeys>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<Json<Data<ApiKey>>> {
    end(&state, &caller, &text).await
}

/// Replace an API key by another one with the same name and reach. `data.key` is shown this once; the old one works until the overlap
/// ends. A key can only replace keys that reach no further than itself.
#[utoipa::path(post, path = "/api-keys/{id}/rotate", tag = "api keys", params(("id" = String, Path)), request_body = RotateKey, responses(
    (status = 201, description = "Replaced", body = Data<ApiKey>), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 404, body = ErrorBody), (status = 409, description = "It was replaced or revoked before, or has expired", body = ErrorBody),
))]
pub(crate) async fn rotate(
    caller: Caller<WriteKeys>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
    OptionalBody(body): OptionalBody<RotateKey>,
) -> AppResult<(StatusCode, Json<Data<ApiKey>>)> {
    let old = find_key(&state.store, caller.org, id("API key", &text)?).await?;
    caller.may_give(&old.scopes)?;
    caller.environments().may_give(old.environments.as_deref())?;
    let (record, secret) = rotate_key(&state, caller.org, &caller.actor(), &old, &body).await?;
    let shown = ApiKey { key: Some(secret), ..views::api_key(record) };
    Ok((StatusCode::CREATED, Json(Data::new(shown))))
}

async fn end(
    state: &AppState,
    caller: &Caller<WriteKeys>,
    text: &str,
) -> AppResult<Json<Data<ApiKey>>> {
    let id: KeyId = id("API key", text)?;
    let revoked =
        state.store.revoke_key(caller.org, id, &caller.actor().id(), state.clock.now()).await?;
    let revoked = revoked.ok_or_else(|| AppError::not_found("API key", text))?;
    state.directory.refresh_key(&state.store, caller.org, id).await?;
    Ok(Json(Data::new(views::api_key(revoked))))
}
