//! What a bundle holds at this moment, its name, and waiting for another one.

use std::sync::Arc;
use std::time::Duration;

use execlave_core::bundle::{AGENTS, BundleAgent, BundleClaims};
use execlave_core::ids::{AgentId, OrgId};
use execlave_core::json;
use execlave_core::time::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::cost_rules;
use crate::directory::OrgPolicies;
use crate::error::{AppError, AppResult};
use crate::holders::Presence;
use crate::secrets;
use crate::state::AppState;

/// What a bundle would hold. The policies are not copied before it is known that somebody needs them.
#[derive(Debug)]
pub(crate) struct Draft {
    org: OrgId,
    policies: Arc<OrgPolicies>,
    agents: Vec<BundleAgent>,
    issued_at: Timestamp,
    expires_at: Timestamp,
    keep_input: bool,
    /// Its `ETag`: the same as long as nothing in it has changed and it is in the same half of its time.
    pub(crate) tag: String,
}

impl Draft {
    /// Everything to be signed.
    pub(crate) fn into_claims(self) -> BundleClaims {
        BundleClaims {
            organization_id: self.org,
            epoch: self.policies.epoch,
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            policies: self.policies.documents.clone(),
            agents: self.agents,
            keep_input: self.keep_input,
        }
    }
}

/// Reads the ids of the agents that are asked for.
pub(crate) fn agent_ids(list: &str) -> AppResult<Vec<AgentId>> {
    let ids = list.split(',').filter(|id| !id.is_empty()).map(|id| {
        id.parse().map_err(|_| AppError::invalid("agents", "must be UUIDs, separated by commas"))
    });
    let mut ids = ids.collect::<AppResult<Vec<AgentId>>>()?;
    ids.sort_unstable();
    ids.dedup();
    if ids.len() > AGENTS {
        return Err(AppError::invalid("agents", format!("must be at most {AGENTS} agents")));
    }
    Ok(ids)
}

/// The bundle for these agents; if the caller knows it, the next one, or the same after at most `wait`.
pub(crate) async fn wait_for_bundle(
    state: &AppState,
    org: OrgId,
    agents: &[AgentId],
    known: &[&str],
    wait: Duration,
    presence: Option<&Presence>,
) -> AppResult<Draft> {
    // Listening starts before the first look, so that no change falls between the two.
    let mut news = state.directory.listen(org);
    let deadline = tokio::time::Instant::now() + wait;
    loop {
        let changes = *news.borrow_and_update();
        let draft = draft(state, org, agents)?;
        if !known.contains(&draft.tag.as_str()) {
            return Ok(draft);
        }
        presence.inspect(|presence| presence.knows(changes));
        tokio::select! {
            more = news.changed() => if more.is_err() { return Ok(draft) },
            () = tokio::time::sleep_until(deadline) => return Ok(draft),
            () = state.tasks.stopping() => return Ok(draft),
        }
    }
}

fn draft(state: &AppState, org: OrgId, agents: &[AgentId]) -> AppResult<Draft> {
    let policies = state.directory.policies(org);
    if !policies.unreadable.is_empty() {
        let message = "a stored policy cannot be read by this version of the server: nothing can be decided without it";
        return Err(AppError::conflict(message));
    }
    let rules = state.directory.cost_rules(org);
    let agents = agents.iter().filter_map(|id| state.directory.agent(org, &id.to_string(), None));
    let agents = agents.map(|entry| BundleAgent {
        has_budget: rules.iter().any(|rule| cost_rules::may_count(rule, &entry.profile)),
        profile: entry.profile.clone(),
        epoch: entry.epoch,
    });
    let settings = state.directory.settings(org).and_then(|settings| settings.keep_input);
    // All servers of a deployment issue the same bundle within the same half of its time, byte for byte.
    let half = i64::from(state.config.bundles.bundle_minutes.max(2)) * 30_000;
    let issued = state.clock.now().as_millis().div_euclid(half).saturating_mul(half);
    let issued_at = Timestamp::from_millis(issued);
    let agents: Vec<BundleAgent> = agents.collect();
    let keep_input = settings.unwrap_or(state.config.decisions.keep_input);
    // The set of policies goes in by its name: it is long, and its digest is known.
    let content = json!({
        "epoch": policies.epoch,
        "policySet": policies.version,
        "agents": agents,
        "keepInput": keep_input,
    });
    let digest = secrets::hex(&Sha256::digest(json::canonical(&content)));
    Ok(Draft {
        org,
        policies,
        agents,
        issued_at,
        expires_at: issued_at.plus_millis(half * 2),
        keep_input,
        tag: format!("\"{digest}.{issued}\""),
    })
}
