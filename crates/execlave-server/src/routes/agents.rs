//! Agents: register, find, change, and the kill switch. An agent is named by its UUID or by its external id.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use execlave_api::agents::{
    Agent, AgentStatusPoll, ChangeGroupStatus, ChangeStatus, DrillRecorded, GroupStatusChanged,
    Heartbeat, PatchAgent, RecordDrill, RegisterAgent, SetRedTeamScore,
};
use execlave_api::error::ErrorBody;
use execlave_api::page::{Data, List};
use execlave_core::request::AgentStatus;
use execlave_store::agents::{AgentFilter, AgentGroup};
use serde::Deserialize;
use utoipa::IntoParams;

use super::params::{Params, Segments, list as listed, number, page};
use crate::auth::caller::Caller;
use crate::auth::permission::{ReadAgents, RegisterAgents, Sdk, WriteAgents};
use crate::body::{Body, OptionalBody};
use crate::error::{AppError, AppResult};
use crate::ops::find_agent::find_agent;
use crate::ops::{
    change_group_status as group_status, change_status, patch_agent, register_agent,
    set_red_team_score as red_team,
};
use crate::state::AppState;
use crate::views;

/// Which agents to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// Part of the external id or the name.
    search: Option<String>,
    /// Exactly this status.
    #[param(value_type = Option<String>)]
    status: Option<AgentStatus>,
    /// Exactly this environment.
    environment: Option<String>,
    /// Among its tags.
    tag: Option<String>,
    /// 1 to 200.
    #[serde(default, deserialize_with = "number")]
    limit: Option<u32>,
    /// `meta.nextCursor` of the page before.
    cursor: Option<String>,
}

/// Which agent an external id means, where several environments have it.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// The environment; the only or oldest agent of that name when left out.
    pub(super) environment: Option<String>,
}

/// Register an agent, or update the given fields of the one that is registered under this external id and environment.
#[utoipa::path(post, path = "/agents", tag = "agents", request_body = RegisterAgent, responses(
    (status = 201, description = "Registered", body = Data<Agent>),
    (status = 200, description = "Was registered; updated", body = Data<Agent>),
    (status = 400, body = ErrorBody),
))]
pub(crate) async fn register(
    caller: Caller<RegisterAgents>,
    State(state): State<AppState>,
    Body(body): Body<RegisterAgent>,
) -> AppResult<(StatusCode, Json<Data<Agent>>)> {
    caller.environments().check(&body.environment)?;
    let (agent, created) =
        register_agent::register_agent(&state, caller.org, &caller.actor(), body).await?;
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(Data::new(views::agent(agent)))))
}

/// List and search agents, newest first.
#[utoipa::path(get, path = "/agents", tag = "agents", params(ListParams), responses((status = 200, body = List<Agent>)))]
pub(crate) async fn list(
    caller: Caller<ReadAgents>,
    State(state): State<AppState>,
    Params(params): Params<ListParams>,
) -> AppResult<Json<List<Agent>>> {
    let ListParams { search, status, environment, tag, limit, cursor } = params;
    let filter = AgentFilter { search, status, environment, tag };
    let agents = state.store.list_agents(caller.org, &filter, &page(limit, cursor)?).await?;
    Ok(Json(listed(agents, views::agent)))
}

/// One agent.
#[utoipa::path(get, path = "/agents/{id}", tag = "agents", params(("id" = String, Path), Which), responses(
    (status = 200, body = Data<Agent>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn show(
    caller: Caller<ReadAgents>,
    State(state): State<AppState>,
    Segments(reference): Segments<String>,
    Params(which): Params<Which>,
) -> AppResult<Json<Data<Agent>>> {
    let entry = find_agent(&state, caller.org, &reference, which.environment.as_deref()).await?;
    let agent = state.store.find_agent(caller.org, entry.profile.id).await?;
    let agent = agent.ok_or_else(|| AppError::not_found("agent", reference))?;
    Ok(Json(Data::new(views::agent(agent))))
}

/// Change the given fields of an agent.
#[utoipa::path(patch, path = "/agents/{id}", tag = "agents", params(("id" = String, Path), Which), request_body = PatchAgent, responses(
    (status = 200, body = Data<Agent>), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
))]
pub(crate) async fn patch(
    caller: Caller<WriteAgents>,
    State(state): State<AppState>,
    Segments(reference): Segments<String>,
    Params(which): Params<Which>,
    Body(body): Body<PatchAgent>,
) -> AppResult<Json<Data<Agent>>> {
    let entry = find_agent(&state, caller.org, &reference, which.environment.as_deref()).await?;
    let agent =
        patch_agent::patch_agent(&state, caller.org, &caller.actor(), entry.profile.id, body)
            .await?;
    Ok(Json(Data::new(views::agent(agent))))
}

/// Pause an agent: its next `enforce` and its new traces are refused.
#[utoipa::path(patch, path = "/agents/{id}/pause", tag = "agents", params(("id" = String, Path), Which), request_body = ChangeStatus,
    responses((status = 200, body = Data<Agent>), (status = 404, body = ErrorBody)))]
pub(crate) async fn pause(
    caller: Caller<WriteAgents>,
    State(state): State<AppState>,
    Segments(reference): Segments<String>,
    Params(which): Params<Which>,
    OptionalBody(body): OptionalBody<ChangeStatus>,
) -> AppResult<Json<Data<Agent>>> {
    let entry = find_agent(&state, caller.org, &reference, which.environment.as_deref()).await?;
    let agent = change_status::pause_agent(
        &state,
        caller.org,
        &caller.actor(),
        entry.profile.id,
        body.reason,
    )
    .await?;
    Ok(Json(Data::new(views::agent(agent))))
}

/// Let a paused agent go on.
#[utoipa::path(patch, path = "/agents/{id}/resume", tag = "agents", params(("id" = String, Path), Which), request_body = ChangeStatus,
    responses((status = 200, body = Data<Agent>), (status = 404, body = ErrorBody)))]
pub(crate) async fn resume(
    caller: Caller<WriteAgents>,
    State(state): State<AppState>,
    Segments(reference): Segments<String>,
    Params(which): Params<Which>,
    OptionalBody(body): OptionalBody<ChangeStatus>,
) -> AppResult<Json<Data<Agent>>> {
    let entry = find_agent(&state, caller.org, &reference, which.environment.as_deref()).await?;
    let agent = change_status::resume_agent(
        &state,
        caller.org,
        &caller.actor(),
        entry.profile.id,
        body.reason,
    )
    .await?;
    Ok(Json(Data::new(views::agent(agent))))
}

/// Pause every active agent with a tag, of an environment, or of the organisation. Agents that register later are not paused.
#[utoipa::path(post, path = "/agents/pause", tag = "agents", request_body = ChangeGroupStatus, responses(
    (status = 200, body = Data<GroupStatusChanged>), (status = 400, body = ErrorBody),
))]
pub(crate) async fn pause_group(
    caller: Caller<WriteAgents>,
    State(state): State<AppState>,
    Body(body): Body<ChangeGroupStatus>,
) -> AppResult<Json<Data<GroupStatusChanged>>> {
    let reason = body.reason.clone();
    let agents =
        group_status::pause_group(&state, caller.org, &caller.actor(), group(body)?, reason)
            .await?;
    Ok(changed(AgentStatus::Paused, agents))
}

/// Let every paused agent with a tag, of an environment, or of the organisation go on.
#[utoipa::path(post, path = "/agents/resume", tag = "agents", request_body = ChangeGroupStatus, responses(
    (status = 200, body = Data<GroupStatusChanged>), (status = 400, body = ErrorBody),
))]
pub(crate) async fn resume_group(
    caller: Caller<WriteAgents>,
    State(state): State<AppState>,
    Body(body): Body<ChangeGroupStatus>,
) -> AppResult<Json<Data<GroupStatusChanged>>> {
    let reason = body.reason.clone();
    let agents =
        group_status::resume_group(&state, caller.org, &caller.actor(), group(body)?, reason)
            .await?;
    Ok(changed(AgentStatus::Active, agents))
}

fn group(body: ChangeGroupStatus) -> AppResult<AgentGroup> {
    let ChangeGroupStatus { all, tag, environment, .. } = body;
    let is_narrowed = tag.is_some() || environment.is_some();
    if all == is_narrowed {
        let message = "say `\"all\": true`, or a `tag`, an `environment` or both";
        return Err(AppError::invalid("all", message));
    }
    Ok(AgentGroup { tag, environment })
}

fn changed(
    status: AgentStatus,
    agents: Vec<execlave_store::agents::Agent>,
) -> Json<Data<GroupStatusChanged>> {
    let agents = agents.into_iter().map(|agent| agent.agent_id).collect();
    Json(Data::new(GroupStatusChanged { status: status.as_str().to_owned(), agents }))
}

/// Record what a drill of the kill switch measured. It is kept in the audit log.
#[utoipa::path(post, path = "/agents/{id}/drills", tag = "agents", params(("id" = String, Path), Which), request_body = RecordDrill, responses(
    (status = 201, body = Data<DrillRecorded>), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
))]
pub(crate) async fn record_drill(
    caller: Caller<WriteAgents>,
    State(state): State<AppState>,
    Segments(reference): Segments<String>,
    Params(which): Params<Which>,
    Body(body): Body<RecordDrill>,
) -> AppResult<(StatusCode, Json<Data<DrillRecorded>>)> {
    let entry = find_agent(&state, caller.org, &reference, which.environment.as_deref()).await?;
    let measured = (body.pause_ms, body.resume_ms);
    let id = entry.profile.id;
    let audit_index =
        group_status::record_drill(&state, caller.org, &caller.actor(), id, measured).await?;
    Ok((StatusCode::CREATED, Json(Data::new(DrillRecorded { audit_index }))))
}

/// Record what red teaming found out about an agent.
#[utoipa::path(patch, path = "/agents/{id}/red-team-score", tag = "agents", params(("id" = String, Path), Which),
    request_body = SetRedTeamScore, responses(
        (status = 200, body = Data<Agent>), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
    ))]
pub(crate) async fn set_red_team_score(
    caller: Caller<WriteAgents>,
    State(state): State<AppState>,
    Segments(reference): Segments<String>,
    Params(which): Params<Which>,
    Body(body): Body<SetRedTeamScore>,
) -> AppResult<Json<Data<Agent>>> {
    let entry = find_agent(&state, caller.org, &reference, which.environment.as_deref()).await?;
    let (actor, id) = (caller.actor(), entry.profile.id);
    let agent = red_team::set_red_team_score(&state, caller.org, &actor, id, body.score).await?;
    Ok(Json(Data::new(views::agent(agent))))
}

/// What a client asks every few seconds: may the agent go on? Answered from memory.
#[utoipa::path(get, path = "/agents/{id}/status-poll", tag = "agents", params(("id" = String, Path), Which), responses(
    (status = 200, body = Data<AgentStatusPoll>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn status_poll(
    caller: Caller<ReadAgents>,
    State(state): State<AppState>,
    Segments(reference): Segments<String>,
    Params(which): Params<Which>,
) -> AppResult<Json<Data<AgentStatusPoll>>> {
    let agent = find_agent(&state, caller.org, &reference, which.environment.as_deref()).await?;
    caller.environments().check_agent(&agent, which.environment.as_deref())?;
    state.directory.touched.agent(caller.org, agent.profile.id, state.clock.now());
    let status = agent.profile.status.as_str().to_owned();
    Ok(Json(Data::new(AgentStatusPoll {
        status,
        epoch: agent.epoch,
        reason: agent.profile.status_reason.clone(),
    })))
}

/// A sign of life.
#[utoipa::path(post, path = "/agents/{id}/heartbeat", tag = "agents", params(("id" = String, Path), Which), request_body = Heartbeat,
    responses((status = 200, body = Data<AgentStatusPoll>), (status = 404, body = ErrorBody)))]
pub(crate) async fn heartbeat(
    caller: Caller<Sdk>,
    state: State<AppState>,
    Segments(reference): Segments<String>,
    Params(which): Params<Which>,
    _body: OptionalBody<Heartbeat>,
) -> AppResult<Json<Data<AgentStatusPoll>>> {
    let agent = find_agent(&state, caller.org, &reference, which.environment.as_deref()).await?;
    caller.environments().check_agent(&agent, which.environment.as_deref())?;
    state.directory.touched.agent(caller.org, agent.profile.id, state.clock.now());
    let status = agent.profile.status.as_str().to_owned();
    Ok(Json(Data::new(AgentStatusPoll {
        status,
        epoch: agent.epoch,
        reason: agent.profile.status_reason.clone(),
    })))
}
