//! Policies: written as documents, checked and compiled when they are saved, every version kept.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use execlave_api::error::ErrorBody;
use execlave_api::page::{Data, List, Meta};
use execlave_api::policies::{Policy, PolicyVersion};
use serde_json::{Map, Value};

use super::params::{PageParams, Params, Segments, id};
use crate::auth::caller::Caller;
use crate::auth::permission::{ReadPolicies, WritePolicies};
use crate::body::Body;
use crate::error::{AppError, AppResult};
use crate::ops::save_policy;
use crate::state::AppState;
use crate::views;

/// Create a policy. The next `enforce` obeys it.
#[utoipa::path(post, path = "/policies", tag = "policies", request_body = Value, responses(
    (status = 201, description = "Created", body = Data<Policy>),
    (status = 400, body = ErrorBody),
    (status = 409, description = "The name is taken", body = ErrorBody),
))]
pub(crate) async fn create(
    caller: Caller<WritePolicies>,
    State(state): State<AppState>,
    Body(body): Body<Value>,
) -> AppResult<(StatusCode, Json<Data<Policy>>)> {
    let record = save_policy::create_policy(&state, caller.org, &caller.actor(), body).await?;
    Ok((StatusCode::CREATED, Json(Data::new(views::policy(&record)?))))
}

/// List policies, newest first.
#[utoipa::path(get, path = "/policies", tag = "policies", params(PageParams), responses((status = 200, body = List<Policy>)))]
pub(crate) async fn list(
    caller: Caller<ReadPolicies>,
    State(state): State<AppState>,
    Params(params): Params<PageParams>,
) -> AppResult<Json<List<Policy>>> {
    let found = state.store.list_policies(caller.org, &params.page()?).await?;
    let data = found.items.iter().map(views::policy).collect::<AppResult<_>>()?;
    Ok(Json(List { data, meta: Meta { next_cursor: found.next_cursor, total: found.total } }))
}

/// One policy.
#[utoipa::path(get, path = "/policies/{id}", tag = "policies", params(("id" = String, Path)), responses(
    (status = 200, body = Data<Policy>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn show(
    caller: Caller<ReadPolicies>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<Json<Data<Policy>>> {
    let found = state.store.find_policy(caller.org, id("policy", &text)?).await?;
    let record = found.ok_or_else(|| AppError::not_found("policy", text))?;
    Ok(Json(Data::new(views::policy(&record)?)))
}

/// Replace a policy by its next version.
#[utoipa::path(put, path = "/policies/{id}", tag = "policies", params(("id" = String, Path)), request_body = Value, responses(
    (status = 200, body = Data<Policy>), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
))]
pub(crate) async fn replace(
    caller: Caller<WritePolicies>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
    Body(body): Body<Value>,
) -> AppResult<Json<Data<Policy>>> {
    let record = save_policy::replace_policy(
        &state,
        caller.org,
        &caller.actor(),
        id("policy", &text)?,
        body,
    )
    .await?;
    Ok(Json(Data::new(views::policy(&record)?)))
}

/// Change the given fields of a policy; `ruleDefinition` is one field.
#[utoipa::path(patch, path = "/policies/{id}", tag = "policies", params(("id" = String, Path)), request_body = Value, responses(
    (status = 200, body = Data<Policy>), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
))]
pub(crate) async fn patch(
    caller: Caller<WritePolicies>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
    Body(fields): Body<Map<String, Value>>,
) -> AppResult<Json<Data<Policy>>> {
    let record = save_policy::patch_policy(
        &state,
        caller.org,
        &caller.actor(),
        id("policy", &text)?,
        fields,
    )
    .await?;
    Ok(Json(Data::new(views::policy(&record)?)))
}

/// Delete a policy; its versions stay readable.
#[utoipa::path(delete, path = "/policies/{id}", tag = "policies", params(("id" = String, Path)), responses(
    (status = 204, description = "Deleted"), (status = 404, body = ErrorBody),
))]
pub(crate) async fn delete(
    caller: Caller<WritePolicies>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<StatusCode> {
    save_policy::delete_policy(&state, caller.org, &caller.actor(), id("policy", &text)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Every version of a policy, newest first, also of one that was deleted.
#[utoipa::path(get, path = "/policies/{id}/versions", tag = "policies", params(("id" = String, Path)), responses(
    (status = 200, body = List<PolicyVersion>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn list_versions(
    caller: Caller<ReadPolicies>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<Json<List<PolicyVersion>>> {
    let versions = state.store.list_policy_versions(caller.org, id("policy", &text)?).await?;
    if versions.is_empty() {
        return Err(AppError::not_found("policy", text));
    }
    let total = i64::try_from(versions.len()).ok();
    let data = versions.into_iter().map(views::policy_version).collect();
    Ok(Json(List { data, meta: Meta { next_cursor: None, total } }))
}

/// One version of a policy.
#[utoipa::path(get, path = "/policies/{id}/versions/{version}", tag = "policies",
    params(("id" = String, Path), ("version" = i64, Path)),
    responses((status = 200, body = Data<PolicyVersion>), (status = 404, body = ErrorBody)))]
pub(crate) async fn show_version(
    caller: Caller<ReadPolicies>,
    State(state): State<AppState>,
    Segments((policy, version)): Segments<(String, String)>,
) -> AppResult<Json<Data<PolicyVersion>>> {
    let (policy_id, number) = (id("policy", &policy)?, id("policy version", &version)?);
    let found = state.store.find_policy_version(caller.org, policy_id, number).await?;
    let found = found.ok_or_else(|| AppError::not_found("policy version", version))?;
    Ok(Json(Data::new(views::policy_version(found))))
}
