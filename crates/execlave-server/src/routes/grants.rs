//! Which agent may call which, and finding agents to call.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use execlave_api::error::ErrorBody;
use execlave_api::grants::{AuthorizeCall, CallAuthorized, CreateGrant, DiscoveredAgent, Grant};
use execlave_api::page::{Data, List, Meta};
use execlave_core::request::AgentStatus;
use serde::Deserialize;
use utoipa::IntoParams;

use super::agents::Which;
use super::params::{PageParams, Params, Segments, id, list as listed};
use crate::auth::caller::Caller;
use crate::auth::permission::{CheckAgents, ReadAgents, WriteAgents};
use crate::body::Body;
use crate::error::{AppError, AppResult};
use crate::ops::authorize_call;
use crate::ops::find_agent::find_agent;
use crate::state::AppState;
use crate::views;

/// How many agents `discover` lists.
const MOST: usize = 1_000;

/// Let an agent call another one. Without a grant nothing is allowed.
#[utoipa::path(post, path = "/agents/{id}/grants", tag = "grants", params(("id" = String, Path), Which), request_body = CreateGrant,
    responses((status = 201, body = Data<Grant>), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn create(
    caller: Caller<WriteAgents>,
    State(state): State<AppState>,
    Segments(reference): Segments<String>,
    Params(which): Params<Which>,
    Body(body): Body<CreateGrant>,
) -> AppResult<(StatusCode, Json<Data<Grant>>)> {
    let agent = find_agent(&state, caller.org, &reference, which.environment.as_deref()).await?;
    let grant =
        authorize_call::create_grant(&state, caller.org, &caller.actor(), &agent, body).await?;
    Ok((StatusCode::CREATED, Json(Data::new(views::grant(grant)))))
}

/// Whom an agent may call: its grants, newest first, revoked and expired ones included.
#[utoipa::path(get, path = "/agents/{id}/grants", tag = "grants", params(("id" = String, Path), PageParams), responses(
    (status = 200, body = List<Grant>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn list(
    caller: Caller<ReadAgents>,
    State(state): State<AppState>,
    Segments(reference): Segments<String>,
    Params(params): Params<PageParams>,
) -> AppResult<Json<List<Grant>>> {
    let agent = find_agent(&state, caller.org, &reference, None).await?;
    let grants = state.store.list_grants(caller.org, agent.profile.id, &params.page()?).await?;
    Ok(Json(listed(grants, views::grant)))
}

/// Revoke a grant; the next call is refused, on every server.
#[utoipa::path(post, path = "/agents/{id}/grants/{grantId}/revoke", tag = "grants",
    params(("id" = String, Path), ("grantId" = String, Path), Which), responses(
        (status = 200, body = Data<Grant>), (status = 404, body = ErrorBody),
    ))]
pub(crate) async fn revoke(
    caller: Caller<WriteAgents>,
    State(state): State<AppState>,
    Segments((reference, text)): Segments<(String, String)>,
    Params(which): Params<Which>,
) -> AppResult<Json<Data<Grant>>> {
    let agent = find_agent(&state, caller.org, &reference, which.environment.as_deref()).await?;
    let actor = caller.actor().id();
    let now = state.clock.now();
    let grant = id("grant", &text)?;
    let revoked =
        state.store.revoke_grant(caller.org, agent.profile.id, grant, &actor, now).await?;
    let revoked = revoked.ok_or_else(|| AppError::not_found("grant", text))?;
    Ok(Json(Data::new(views::grant(revoked))))
}

/// May one agent call another?
#[utoipa::path(post, path = "/agents/authorize", tag = "grants", request_body = AuthorizeCall, responses(
    (status = 200, description = "A grant allows it", body = Data<CallAuthorized>),
    (status = 403, description = "No grant in force allows it, or one of them is not registered or does not run", body = ErrorBody),
))]
pub(crate) async fn authorize(
    caller: Caller<CheckAgents>,
    State(state): State<AppState>,
    Body(call): Body<AuthorizeCall>,
) -> AppResult<Json<Data<CallAuthorized>>> {
    let grant = authorize_call::authorize_call(&state, caller.org, &call).await?;
    Ok(Json(Data::new(CallAuthorized {
        authorized: true,
        id: grant.id.to_string(),
        caller_agent_id: call.caller_agent_id,
        callee_agent_id: call.callee_agent_id,
        action: call.action.as_str().to_owned(),
        grant: views::grant(grant),
    })))
}

/// What the agent has to be able to do.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DiscoverParams {
    /// Exactly this capability.
    capability: Option<String>,
}

/// Active agents that others can call, by their external id, at most 1,000. Finding one is not being allowed to call it.
#[utoipa::path(get, path = "/agents/discover", tag = "grants", params(DiscoverParams), responses((status = 200, body = List<DiscoveredAgent>)))]
pub(crate) async fn discover(
    caller: Caller<ReadAgents>,
    State(state): State<AppState>,
    Params(params): Params<DiscoverParams>,
) -> Json<List<DiscoveredAgent>> {
    let wanted = params.capability.filter(|capability| !capability.is_empty());
    let mut agents = state.directory.agents(caller.org);
    agents.retain(|agent| {
        let able = wanted.as_ref().is_none_or(|wanted| agent.capabilities.contains(wanted));
        able && agent.profile.status == AgentStatus::Active
            && caller.environments().reach(&agent.profile.environment)
    });
    agents.sort_by(|left, right| {
        let order =
            |one: &crate::directory::AgentEntry| (one.profile.external_id.clone(), one.profile.id);
        order(left).cmp(&order(right))
    });
    let total = i64::try_from(agents.len()).ok();
    let data = agents.into_iter().take(MOST).map(|agent| DiscoveredAgent {
        id: agent.profile.id.to_string(),
        agent_id: agent.profile.external_id.clone(),
        name: agent.profile.name.clone(),
        capabilities: agent.capabilities.clone(),
    });
    Json(List { data: data.collect(), meta: Meta { next_cursor: None, total } })
}
