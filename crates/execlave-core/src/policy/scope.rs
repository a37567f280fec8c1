//! Which actions a policy applies to, and in which share of them its mode is real.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

use super::document::PolicyDocument;
use crate::ids::PolicyId;
use crate::request::{Action, AgentProfile};

/// The scope of one policy.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    agents: HashSet<String>,
    environments: HashSet<String>,
    tags: HashSet<String>,
    rollout_percent: u8,
}

impl Scope {
    pub(super) fn new(document: &PolicyDocument) -> Self {
        let set = |names: &[String]| names.iter().cloned().collect();
        Self {
            agents: document.applies_to_agents.iter().flat_map(|name| spellings(name)).collect(),
            environments: set(&document.applies_to_environments),
            tags: set(&document.applies_to_tags),
            rollout_percent: document.rollout_percent,
        }
    }

    /// Every list that names something must name this action's agent, environment or one of its tags.
    pub(super) fn applies(&self, agent: &AgentProfile, action: &Action) -> bool {
        let environment = action.environment.as_ref().unwrap_or(&agent.environment);
        let named = self.agents.is_empty()
            || self.agents.contains(&agent.external_id)
            || self.agents.contains(&agent.id.to_string());
        let here = self.environments.is_empty() || self.environments.contains(environment);
        let tagged = self.tags.is_empty() || agent.tags.iter().any(|tag| self.tags.contains(tag));
        named && here && tagged
    }

    /// Whether the policy's mode is real for this action.
    ///
    /// The session decides, or the agent where there is none, so that one conversation is treated alike from
    /// its first action to its last. The policy's id takes part, so that two policies do not always meet the
    /// same unlucky sessions.
    pub(super) fn rolled_out(&self, id: PolicyId, agent: &AgentProfile, action: &Action) -> bool {
        if self.rollout_percent >= 100 {
            return true;
        }
        let subject = action
            .metadata_text(&["sessionId", "session_id"])
            .unwrap_or_else(|| agent.id.to_string());
        let digest = Sha256::digest(format!("{id}:{subject}"));
        let start =
            digest.iter().take(8).fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
        start % 100 < u64::from(self.rollout_percent)
    }
}

/// A UUID in any of its spellings is also known by the one ids are printed in.
fn spellings(name: &str) -> Vec<String> {
    let mut names = vec![name.to_owned()];
    if let Ok(id) = uuid::Uuid::parse_str(name) {
        names.push(id.to_string());
    }
    names
}
