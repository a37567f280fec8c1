//! Which actions a policy applies to, and in which share of them its mode is real.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::document::PolicyDocument;
use crate::ids::PolicyId;
use crate::request::Occasion;

/// The scope of one policy.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    agents: HashSet<String>,
    /// A UUID is a UUID in any spelling.
    agent_ids: HashSet<Uuid>,
    environments: HashSet<String>,
    tags: HashSet<String>,
    rollout_percent: u8,
}

impl Scope {
    pub(super) fn new(document: &PolicyDocument) -> Self {
        let set = |names: &[String]| names.iter().cloned().collect();
        Self {
            agents: set(&document.applies_to_agents),
            agent_ids: document
                .applies_to_agents
                .iter()
                .filter_map(|name| Uuid::parse_str(name).ok())
                .collect(),
            environments: set(&document.applies_to_environments),
            tags: set(&document.applies_to_tags),
            rollout_percent: document.rollout_percent,
        }
    }

    /// Every list that names something must name this action's agent, environment or one of its tags.
    pub(super) fn applies(&self, occasion: &Occasion<'_>) -> bool {
        let agent = occasion.agent;
        let named = (self.agents.is_empty() && self.agent_ids.is_empty())
            || self.agents.contains(&agent.external_id)
            || self.agent_ids.contains(&agent.id.as_uuid());
        let here =
            self.environments.is_empty() || self.environments.contains(occasion.environment());
        let tagged = self.tags.is_empty() || agent.tags.iter().any(|tag| self.tags.contains(tag));
        named && here && tagged
    }

    /// Whether the policy's mode is real for this action.
    ///
    /// The session decides, or the agent where there is none, so that one conversation is treated alike from
    /// its first action to its last. The policy's id takes part, so that two policies do not always meet the
    /// same unlucky sessions.
    pub(super) fn rolled_out(&self, id: PolicyId, occasion: &Occasion<'_>) -> bool {
        if self.rollout_percent >= 100 {
            return true;
        }
        let subject = occasion.action.session_id().unwrap_or_else(|| occasion.agent.id.to_string());
        let digest = Sha256::digest(format!("{id}:{subject}"));
        let start =
            digest.iter().take(8).fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
        start % 100 < u64::from(self.rollout_percent)
    }
}
