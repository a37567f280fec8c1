//! One occasion to decide: who does what, when, and whether it is about to happen or has happened.

use serde_json::Value;

use super::{Action, AgentProfile};
use crate::ids::OrgId;
use crate::time::Timestamp;

/// What a decision is made about.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// The organisation the agent belongs to.
    pub org: OrgId,
    /// Who.
    pub agent: &'a AgentProfile,
    /// What. Of a trace: its input, metadata, tools and cost.
    pub action: &'a Action,
    /// When; CEL's `now`.
    pub now: Timestamp,
    /// Before or after.
    pub phase: Phase<'a>,
}

/// When a policy looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Phase<'a> {
    /// Before the action, from the enforce request, tool outputs included.
    Pre,
    /// A tool has answered and the model has not read it yet: only `toolOutputs` are looked at.
    Tool,
    /// After the action, from an ingested trace. Nothing can be blocked any more: the outcome is `allow`, and
    /// violations are what incidents are made of.
    Post {
        /// What came out, if the trace says so.
        output: Option<&'a Value>,
        /// Labels of the trace, besides the agent's.
        tags: &'a [String],
    },
}

impl<'a> Occasion<'a> {
    /// An action that is about to happen.
    pub fn before(org: OrgId, agent: &'a AgentProfile, action: &'a Action, now: Timestamp) -> Self {
        Self { org, agent, action, now, phase: Phase::Pre }
    }

    /// The same occasion in another phase.
    #[must_use]
    pub fn in_phase(self, phase: Phase<'a>) -> Self {
        Self { phase, ..self }
    }

    /// Where it happens: the action's environment, or the agent's.
    pub fn environment(&self) -> &'a str {
        self.action.environment.as_deref().unwrap_or(&self.agent.environment)
    }
}

impl Phase<'_> {
    /// Whether the action has happened.
    pub fn is_post(&self) -> bool {
        matches!(self, Self::Post { .. })
    }
}
