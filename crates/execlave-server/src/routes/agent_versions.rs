//! Versions of agents: what they were registered as.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use execlave_api::agent_versions::{AgentVersion, AgentVersionDiff, CreateAgentVersion};
use execlave_api::error::ErrorBody;
use execlave_api::page::{Data, List};
use serde::Deserialize;
use utoipa::IntoParams;

use super::agents::Which;
use super::params::{Params, Segments, id, list as listed, number, page};
use crate::auth::caller::Caller;
use crate::auth::permission::{ReadAgents, RegisterAgents};
use crate::body::Body;
use crate::error::{AppError, AppResult};
use crate::ops::find_agent::find_agent;
use crate::ops::save_agent_version as save;
use crate::state::AppState;
use crate::views::agent_version as view;

/// Record an agent's registration as it is as its next version.
#[utoipa::path(post, path = "/agents/{id}/versions", tag = "agent versions", params(("id" = String, Path), Which),
    request_body = CreateAgentVersion, responses((status = 201, description = "Recorded", body = Data<AgentVersion>),
        (status = 400, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "The agent has too many", body = ErrorBody)))]
pub(crate) async fn create(
    caller: Caller<RegisterAgents>,
    State(state): State<AppState>,
    Segments(reference): Segments<String>,
    Params(which): Params<Which>,
    Body(body): Body<CreateAgentVersion>,
) -> AppResult<(StatusCode, Json<Data<AgentVersion>>)> {
    let agent = find_agent(&state, caller.org, &reference, which.environment.as_deref()).await?;
    caller.environments().check(&agent.profile.environment)?;
    let id = agent.profile.id;
    let made = save::create_version(&state, caller.org, &caller.actor(), id, body).await?;
    let active = state.store.find_active_agent_version(caller.org, id).await?;
    Ok((StatusCode::CREATED, Json(Data::new(view(made, active.as_ref())))))
}

/// Which agent's versions to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// The environment; the only or oldest agent of that name when left out.
    environment: Option<String>,
    /// 1 to 200.
    #[serde(default, deserialize_with = "number")]
    limit: Option<u32>,
    /// `meta.nextCursor` of the page before.
    cursor: Option<String>,
}

/// An agent's versions, newest first.
#[utoipa::path(get, path = "/agents/{id}/versions", tag = "agent versions", params(("id" = String, Path), ListParams), responses(
    (status = 200, body = List<AgentVersion>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn list(
    caller: Caller<ReadAgents>,
    State(state): State<AppState>,
    Segments(reference): Segments<String>,
    Params(params): Params<ListParams>,
) -> AppResult<Json<List<AgentVersion>>> {
    let ListParams { environment, limit, cursor } = params;
    let agent = find_agent(&state, caller.org, &reference, environment.as_deref()).await?;
    let id = agent.profile.id;
    let found = state.store.list_agent_versions(caller.org, id, &page(limit, cursor)?).await?;
    let active = state.store.find_active_agent_version(caller.org, id).await?;
    Ok(Json(listed(found, |version| view(version, active.as_ref()))))
}

/// One version of an agent.
#[utoipa::path(get, path = "/agents/{id}/versions/{version}", tag = "agent versions",
    params(("id" = String, Path), ("version" = i64, Path), Which),
    responses((status = 200, body = Data<AgentVersion>), (status = 404, body = ErrorBody)))]
pub(crate) async fn show(
    caller: Caller<ReadAgents>,
    State(state): State<AppState>,
    Segments((reference, version)): Segments<(String, String)>,
    Params(which): Params<Which>,
) -> AppResult<Json<Data<AgentVersion>>> {
    let agent = find_agent(&state, caller.org, &reference, which.environment.as_deref()).await?;
    let id = agent.profile.id;
    let found = save::find(&state, caller.org, id, wanted(&version)?).await?;
    let active = state.store.find_active_agent_version(caller.org, id).await?;
    Ok(Json(Data::new(view(found, active.as_ref()))))
}

/// What is different between two versions of an agent.
#[utoipa::path(get, path = "/agents/{id}/versions/{version}/diff/{other}", tag = "agent versions",
    params(("id" = String, Path), ("version" = i64, Path), ("other" = i64, Path), Which),
    responses((status = 200, body = Data<AgentVersionDiff>), (status = 404, body = ErrorBody)))]
pub(crate) async fn diff(
    caller: Caller<ReadAgents>,
    State(state): State<AppState>,
    Segments((reference, version, other)): Segments<(String, String, String)>,
    Params(which): Params<Which>,
) -> AppResult<Json<Data<AgentVersionDiff>>> {
    let agent = find_agent(&state, caller.org, &reference, which.environment.as_deref()).await?;
    let id = agent.profile.id;
    let from = save::find(&state, caller.org, id, wanted(&version)?).await?;
    let to = save::find(&state, caller.org, id, wanted(&other)?).await?;
    Ok(Json(Data::new(save::diff(&from, &to))))
}

/// Make a version of an agent the active one. The agent's registration stays as it is.
#[utoipa::path(post, path = "/agents/{id}/versions/{version}/activate", tag = "agent versions",
    params(("id" = String, Path), ("version" = i64, Path), Which),
    responses((status = 200, body = Data<AgentVersion>), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn activate(
    caller: Caller<RegisterAgents>,
    State(state): State<AppState>,
    Segments((reference, version)): Segments<(String, String)>,
    Params(which): Params<Which>,
) -> AppResult<Json<Data<AgentVersion>>> {
    let agent = find_agent(&state, caller.org, &reference, which.environment.as_deref()).await?;
    caller.environments().check(&agent.profile.environment)?;
    let (id, number) = (agent.profile.id, wanted(&version)?);
    let (actor, now) = (caller.actor().id(), state.clock.now());
    let found = state.store.activate_agent_version(caller.org, id, number, &actor, now).await?;
    let found = found.ok_or_else(|| AppError::not_found("agent version", number))?;
    let active = state.store.find_active_agent_version(caller.org, id).await?;
    Ok(Json(Data::new(view(found, active.as_ref()))))
}

fn wanted(version: &str) -> AppResult<i64> {
    id("agent version", version)
}
