//! Versions of prompts, and where they run.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use execlave_api::error::ErrorBody;
use execlave_api::page::{Data, List};
use execlave_api::prompt_versions::{
    CreatePromptVersion, DecidePromptVersion, DeployPromptVersion, PromptVersion,
    RollBackPromptVersion,
};
use execlave_store::page::PageRequest;
use execlave_store::prompt_versions::PromptFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::params::{Params, Segments, flag, id, list as listed, number, page};
use crate::auth::caller::Caller;
use crate::auth::permission::{DecideApprovals, ReadPrompts, WritePrompts};
use crate::body::{Body, OptionalBody};
use crate::error::AppResult;
use crate::ops::deploy_prompt;
use crate::ops::find_agent::find_agent;
use crate::state::AppState;
use crate::views::prompt_version as view;

/// Make the next version of an agent's prompt. It runs nowhere until it is deployed.
#[utoipa::path(post, path = "/prompt-versions", tag = "prompt versions", request_body = CreatePromptVersion, responses(
    (status = 201, description = "Made", body = Data<PromptVersion>), (status = 400, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 404, description = "No such agent", body = ErrorBody),
    (status = 409, description = "The agent has too many", body = ErrorBody),
))]
pub(crate) async fn create(
    caller: Caller<WritePrompts>,
    State(state): State<AppState>,
    Body(body): Body<CreatePromptVersion>,
) -> AppResult<(StatusCode, Json<Data<PromptVersion>>)> {
    let (actor, reach) = (caller.actor(), caller.environments());
    let made = deploy_prompt::create_version(&state, caller.org, &actor, reach, body).await?;
    Ok((StatusCode::CREATED, Json(Data::new(view(made)))))
}

/// Which versions to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct ListParams {
    /// Of this agent: UUID or external id.
    agent_id: Option<String>,
    /// `true` for those that run somewhere, `false` for the others.
    #[serde(default, deserialize_with = "flag")]
    deployed: Option<bool>,
    /// Those that run, or with `deployed=false` do not run, in this environment.
    environment: Option<String>,
    /// 1 to 200.
    #[serde(default, deserialize_with = "number")]
    limit: Option<u32>,
    /// `meta.nextCursor` of the page before.
    cursor: Option<String>,
}

/// List versions, newest first, 200 at a time unless `limit` says otherwise.
#[utoipa::path(get, path = "/prompt-versions", tag = "prompt versions", params(ListParams), responses(
    (status = 200, body = List<PromptVersion>), (status = 404, description = "No such agent", body = ErrorBody),
))]
pub(crate) async fn list(
    caller: Caller<ReadPrompts>,
    State(state): State<AppState>,
    Params(params): Params<ListParams>,
) -> AppResult<Json<List<PromptVersion>>> {
    let ListParams { agent_id, deployed, environment, limit, cursor } = params;
    let agent = match &agent_id {
        Some(reference) => Some(find_agent(&state, caller.org, reference, None).await?.profile.id),
        None => None,
    };
    let deployed = deployed.or(environment.is_some().then_some(true));
    let filter = PromptFilter { agent, deployed, environment };
    // Published clients look for a version on the first page alone.
    let page = page(limit.or(Some(PageRequest::MAX_LIMIT)), cursor)?;
    let found = state.store.list_prompt_versions(caller.org, &filter, &page).await?;
    Ok(Json(listed(found, view)))
}

/// One version.
#[utoipa::path(get, path = "/prompt-versions/{id}", tag = "prompt versions", params(("id" = String, Path)), responses(
    (status = 200, body = Data<PromptVersion>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn show(
    caller: Caller<ReadPrompts>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<Json<Data<PromptVersion>>> {
    let found = deploy_prompt::find(&state, caller.org, id("prompt version", &text)?).await?;
    Ok(Json(Data::new(view(found))))
}

/// Let a version run in an environment in the place of the one that runs there; with `requireApproval`, once somebody else says yes.
#[utoipa::path(post, path = "/prompt-versions/{id}/deploy", tag = "prompt versions", params(("id" = String, Path)),
    request_body = DeployPromptVersion, responses((status = 200, body = Data<PromptVersion>), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "It waits for a yes there, or was rejected", body = ErrorBody)))]
pub(crate) async fn deploy(
    caller: Caller<WritePrompts>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
    Body(body): Body<DeployPromptVersion>,
) -> AppResult<Json<Data<PromptVersion>>> {
    let (id, actor) = (id("prompt version", &text)?, caller.actor());
    let reach = caller.environments();
    let after = deploy_prompt::deploy(&state, caller.org, &actor, reach, id, &body).await?;
    Ok(Json(Data::new(view(after))))
}

/// Say yes to a version that waits; it runs from then on. Whoever asked for it cannot.
#[utoipa::path(post, path = "/prompt-versions/{id}/approve", tag = "prompt versions", params(("id" = String, Path)),
    request_body = DecidePromptVersion, responses((status = 200, body = Data<PromptVersion>), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "It does not wait", body = ErrorBody)))]
pub(crate) async fn approve(
    caller: Caller<DecideApprovals>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
    OptionalBody(body): OptionalBody<DecidePromptVersion>,
) -> AppResult<Json<Data<PromptVersion>>> {
    decide(&state, &caller, &text, true, &body).await
}

/// Say no to a version that waits. Whoever asked for it cannot.
#[utoipa::path(post, path = "/prompt-versions/{id}/reject", tag = "prompt versions", params(("id" = String, Path)),
    request_body = DecidePromptVersion, responses((status = 200, body = Data<PromptVersion>), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "It does not wait", body = ErrorBody)))]
pub(crate) async fn reject(
    caller: Caller<DecideApprovals>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
    OptionalBody(body): OptionalBody<DecidePromptVersion>,
) -> AppResult<Json<Data<PromptVersion>>> {
    decide(&state, &caller, &text, false, &body).await
}

async fn decide(
    state: &AppState,
    caller: &Caller<DecideApprovals>,
    text: &str,
    approve: bool,
    body: &DecidePromptVersion,
) -> AppResult<Json<Data<PromptVersion>>> {
    let (id, actor) = (id("prompt version", text)?, caller.actor());
    let reach = caller.environments();
    let after = deploy_prompt::decide(state, caller.org, &actor, reach, id, approve, body).await?;
    Ok(Json(Data::new(view(after))))
}

/// Let a version run again where it ran before.
#[utoipa::path(post, path = "/prompt-versions/{id}/rollback", tag = "prompt versions", params(("id" = String, Path)),
    request_body = RollBackPromptVersion, responses((status = 200, body = Data<PromptVersion>), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "It never ran there, or waits for a yes", body = ErrorBody)))]
pub(crate) async fn rollback(
    caller: Caller<WritePrompts>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
    OptionalBody(body): OptionalBody<RollBackPromptVersion>,
) -> AppResult<Json<Data<PromptVersion>>> {
    let (id, actor) = (id("prompt version", &text)?, caller.actor());
    let reach = caller.environments();
    let after = deploy_prompt::roll_back(&state, caller.org, &actor, reach, id, &body).await?;
    Ok(Json(Data::new(view(after))))
}
