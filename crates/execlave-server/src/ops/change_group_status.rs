//! The kill switch for many agents, and the proof that it works.

use execlave_core::ids::{AgentId, OrgId};
use execlave_core::request::AgentStatus;
use execlave_store::agents::{Agent, AgentGroup};

use crate::auth::Actor;
use crate::checks;
use crate::error::{AppError, AppResult};
use crate::state::AppState;

/// Pauses every active agent of a group.
pub(crate) async fn pause_group(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    group: AgentGroup,
    reason: Option<String>,
) -> AppResult<Vec<Agent>> {
    change(state, org, actor, group, (AgentStatus::Active, AgentStatus::Paused), reason).await
}

/// Lets every paused agent of a group go on.
pub(crate) async fn resume_group(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    group: AgentGroup,
    reason: Option<String>,
) -> AppResult<Vec<Agent>> {
    change(state, org, actor, group, (AgentStatus::Paused, AgentStatus::Active), reason).await
}

async fn change(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    group: AgentGroup,
    from_to: (AgentStatus, AgentStatus),
    reason: Option<String>,
) -> AppResult<Vec<Agent>> {
    checks::optional("reason", reason.as_deref(), checks::TEXT_LENGTH)?;
    let reason = reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    let now = state.clock.now();
    let changed =
        state.store.set_status_of_group(org, &group, from_to, reason, &actor.id(), now).await?;
    state.directory.refresh_agents(&state.store, &changed).await?;
    state.in_force(org).await;
    let status = from_to.1.as_str();
    tracing::info!(org = %org, agents = changed.len(), status, actor = actor.id(), "agents' status");
    Ok(changed)
}

/// Records that a drill paused and resumed an agent, and how long it was until a client refused and allowed its actions. The place of
/// the record in the audit log.
pub(crate) async fn record_drill(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    id: AgentId,
    (pause_ms, resume_ms): (f64, f64),
) -> AppResult<i64> {
    for (field, value) in [("pauseMs", pause_ms), ("resumeMs", resume_ms)] {
        if !(0.0..=86_400_000.0).contains(&value) {
            return Err(AppError::invalid(field, "must be 0 to 86,400,000 (a day)"));
        }
    }
    let agent = state.store.find_agent(org, id).await?;
    let agent = agent.ok_or_else(|| AppError::not_found("agent", id))?;
    let now = state.clock.now();
    Ok(state.store.record_drill(&agent, (pause_ms, resume_ms), &actor.id(), now).await?)
}
