//! What would be decided. The same evaluation and the same state as a real question, looked at and left as it is.

use std::sync::Arc;

use execlave_api::simulate::Simulate;
use execlave_core::decision::Decision;
use execlave_core::ids::{OrgId, PolicyId};
use execlave_core::policy::{PolicyDocument, PolicySet, compile};
use execlave_core::request::Action;
use execlave_core::risk::{self, Risk};
use serde_json::Value;

use super::{Case, check, find_agent};
use crate::directory::OrgPolicies;
use crate::error::{AppError, AppResult};
use crate::state::AppState;

const DRAFTS: usize = 200;

/// A decision that was never made.
#[derive(Debug)]
pub(crate) struct Simulated {
    pub(crate) decision: Decision,
    pub(crate) action_digest: String,
    pub(crate) risk: Risk,
}

/// Decides one action with the active policies, or with drafts; nothing is recorded, reserved, counted or sent.
pub(crate) async fn simulate(state: &AppState, org: OrgId, body: Simulate) -> AppResult<Simulated> {
    check(&body.action).map_err(|error| error.within("action"))?;
    let request = body.action;
    let agent = find_agent(state, org, &request.agent_id, request.environment.as_deref()).await?;
    let policies = match body.policies {
        Some(drafts) => Arc::new(OrgPolicies::of_drafts(compiled(state, drafts)?)),
        None => state.directory.policies(org),
    };
    let action = Arc::new(Action::from(request));
    let id = state.clock.new_id();
    let case = Case { state, org, agent, policies, action, id, now: state.clock.now() };
    let unsettled = case.evaluate(false).await?;
    let answers = state.store.peek_state(&case.claim(&unsettled)).await?;
    let (decision, _) = unsettled.settle(&answers);
    let risk = risk::assess(&decision.violations, &case.action, &case.agent.profile);
    Ok(Simulated { decision, action_digest: case.action.digest().to_string(), risk })
}

fn compiled(state: &AppState, drafts: Vec<serde_json::Map<String, Value>>) -> AppResult<PolicySet> {
    if drafts.len() > DRAFTS {
        return Err(AppError::invalid("policies", format!("must have at most {DRAFTS} entries")));
    }
    let mut policies = Vec::with_capacity(drafts.len());
    for (index, mut draft) in drafts.into_iter().enumerate() {
        let id: PolicyId = match draft.remove("id") {
            Some(id) => serde_json::from_value(id).map_err(|_| {
                AppError::invalid(format!("policies[{index}].id"), "must be a UUID")
            })?,
            None => state.clock.new_id(),
        };
        let document = PolicyDocument::from_value(Value::Object(draft));
        let policy = document.and_then(|document| compile(id, 1, &document));
        policies.push(policy.map_err(|error| {
            let path = match error.path.as_str() {
                "" => format!("policies[{index}]"),
                path => format!("policies[{index}].{path}"),
            };
            AppError::invalid(path, error.message)
        })?);
    }
    Ok(PolicySet::new(policies))
}
