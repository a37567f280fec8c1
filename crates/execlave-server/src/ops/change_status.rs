//! The kill switch. The status is in the directory before the caller is answered, so the next `enforce` sees it.

use execlave_core::ids::{AgentId, OrgId};
use execlave_core::request::AgentStatus;
use execlave_store::agents::Agent;

use crate::auth::Actor;
use crate::checks;
use crate::error::{AppError, AppResult};
use crate::state::AppState;

/// Pauses an agent; pausing it again changes nothing.
pub(crate) async fn pause_agent(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    id: AgentId,
    reason: Option<String>,
) -> AppResult<Agent> {
    change(state, org, actor, id, AgentStatus::Paused, reason).await
}

/// Lets a paused agent go on.
pub(crate) async fn resume_agent(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    id: AgentId,
    reason: Option<String>,
) -> AppResult<Agent> {
    change(state, org, actor, id, AgentStatus::Active, reason).await
}

async fn change(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    id: AgentId,
    status: AgentStatus,
    reason: Option<String>,
) -> AppResult<Agent> {
    checks::optional("reason", reason.as_deref(), checks::TEXT_LENGTH)?;
    let reason = reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    let now = state.clock.now();
    let agent = state.store.set_agent_status(org, id, status, reason, &actor.id(), now).await?;
    let agent = agent.ok_or_else(|| AppError::not_found("agent", id))?;
    state.directory.refresh_agent(&state.store, org, id).await?;
    state.in_force(org).await;
    tracing::info!(org = %org, agent = %id, status = agent.status.as_str(), actor = actor.id(), "agent status");
    Ok(agent)
}
