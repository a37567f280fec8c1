//! Which agent is meant by a UUID or an external id.

use std::sync::Arc;

use execlave_core::ids::OrgId;

use crate::directory::AgentEntry;
use crate::error::{AppError, AppResult};
use crate::state::AppState;

/// The agent, or a 404 that says how to register it.
///
/// Answered from memory. Only when nothing is found there the store is asked, because another server may have registered the agent a
/// moment ago.
pub(crate) async fn find_agent(
    state: &AppState,
    org: OrgId,
    reference: &str,
    environment: Option<&str>,
) -> AppResult<Arc<AgentEntry>> {
    if let Some(agent) = state.directory.agent(org, reference, environment) {
        return Ok(agent);
    }
    state.directory.look_up_agent(&state.store, org, reference).await?;
    state.directory.agent(org, reference, environment).ok_or_else(|| {
        let shown: String = reference.chars().take(128).collect();
        let mut error = AppError::not_found("agent", shown);
        error.hint("register it with `POST /agents`");
        error
    })
}
