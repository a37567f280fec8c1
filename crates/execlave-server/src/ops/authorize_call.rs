//! May one agent call another? Only where a grant says so; everything else is no, and says why.

use std::sync::Arc;

use execlave_api::error::ErrorCode;
use execlave_api::grants::{AuthorizeCall, CreateGrant, GrantAction};
use execlave_core::ids::OrgId;
use execlave_core::request::AgentStatus;
use execlave_store::grants::{Grant, MOST_GRANTS};

use crate::auth::Actor;
use crate::checks;
use crate::directory::AgentEntry;
use crate::error::{AppError, AppResult};
use crate::ops::find_agent::find_agent;
use crate::state::AppState;

/// Gives a grant.
pub(crate) async fn create_grant(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    caller: &AgentEntry,
    body: CreateGrant,
) -> AppResult<Grant> {
    let now = state.clock.now();
    let end = body.expires_at.as_deref().map(|text| checks::time("expiresAt", text)).transpose()?;
    if end.is_some_and(|end| end <= now) {
        return Err(AppError::invalid("expiresAt", "must be in the future"));
    }
    let actions = actions(&body.allowed_actions)?;
    checks::required("calleeAgentId", &body.callee_agent_id, checks::NAME_LENGTH)?;
    let here = Some(caller.profile.environment.as_str());
    let target = find_agent(state, org, &body.callee_agent_id, here).await?;
    if target.profile.id == caller.profile.id {
        return Err(AppError::invalid("calleeAgentId", "must be another agent"));
    }
    let grant = Grant {
        org_id: org,
        id: state.clock.new_id(),
        caller_agent_id: caller.profile.id,
        callee_agent_id: target.profile.id,
        allowed_actions: actions,
        created_at: now,
        created_by: actor.id(),
        expires_at: end,
        revoked_at: None,
    };
    let created = state.store.create_grant(&grant).await?;
    created.ok_or_else(|| {
        let message = format!("the agent has {MOST_GRANTS} grants in force: revoke some first");
        AppError::conflict(message)
    })?;
    Ok(grant)
}

fn actions(given: &[GrantAction]) -> AppResult<Vec<String>> {
    if given.is_empty() {
        return Err(AppError::invalid("allowedActions", "must not be empty"));
    }
    if given.len() > checks::LIST_LENGTH {
        let message = format!("must have at most {} entries", checks::LIST_LENGTH);
        return Err(AppError::invalid("allowedActions", message));
    }
    let mut words: Vec<String> = given.iter().map(|action| action.as_str().to_owned()).collect();
    words.sort_unstable();
    words.dedup();
    Ok(words)
}

/// The grant that allows a call, or a refusal.
pub(crate) async fn authorize_call(
    state: &AppState,
    org: OrgId,
    call: &AuthorizeCall,
) -> AppResult<Grant> {
    let caller = running(state, org, &call.caller_agent_id, None).await?;
    // A name that several environments have means the agent beside the caller.
    let here = Some(caller.profile.environment.as_str());
    let target = running(state, org, &call.callee_agent_id, here).await?;
    let (from, to) = (caller.profile.id, target.profile.id);
    let grants = state.store.grants_in_force(org, from, to, state.clock.now()).await?;
    let action = call.action.as_str();
    let allows = |grant: &Grant| grant.allowed_actions.iter().any(|allowed| allowed == action);
    grants.into_iter().find(allows).ok_or_else(|| {
        let (from, to) = (&caller.profile.external_id, &target.profile.external_id);
        refused(format!(
            "no grant lets agent `{from}` {action} agent `{to}`: give one with `POST /agents/{{id}}/grants`"
        ))
    })
}

/// An agent that exists and runs. One that does not is a refusal like any other: nothing is allowed by a name that cannot be found.
async fn running(
    state: &AppState,
    org: OrgId,
    reference: &str,
    environment: Option<&str>,
) -> AppResult<Arc<AgentEntry>> {
    let found = find_agent(state, org, reference, environment).await;
    let agent = found.map_err(|error| match error.code() {
        ErrorCode::NotFound => refused(error.message().to_owned()),
        _ => error,
    })?;
    if matches!(agent.profile.status, AgentStatus::Active | AgentStatus::Error) {
        return Ok(agent);
    }
    let (id, status) = (&agent.profile.external_id, agent.profile.status.as_str());
    Err(refused(format!("agent `{id}` is {status}: it neither calls nor is called")))
}

fn refused(message: String) -> AppError {
    AppError::new(ErrorCode::NoGrant, message)
}
