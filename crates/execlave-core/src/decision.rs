//! The answer: what may happen, which policies fired and on what evidence.

use serde::{Deserialize, Serialize};

use crate::ids::PolicyId;
pub use crate::words::UnknownWord;
use crate::words::words;

/// What is decided for one action; stronger outcomes compare greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Outcome {
    /// It may happen.
    Allow,
    /// A person must approve it first.
    RequireApproval,
    /// It must not happen.
    Block,
}

words!(Outcome, "outcome", Allow = "allow", RequireApproval = "require_approval", Block = "block",);

/// What a policy does when it fires; stronger modes compare greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum EnforcementMode {
    /// Records only.
    Monitor,
    /// Records, tells people and returns a warning.
    Warn,
    /// Waits for a person.
    RequireApproval,
    /// Refuses.
    Block,
}

words!(
    EnforcementMode,
    "enforcement mode",
    Monitor = "monitor" | "log" | "log_only",
    Warn = "warn",
    RequireApproval = "require_approval",
    Block = "block" | "hard_block",
);

/// How grave a violation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Worth a look.
    Medium,
    /// Worth an interruption.
    High,
    /// Worth waking someone.
    Critical,
}

words!(Severity, "severity", Low = "low", Medium = "medium", High = "high", Critical = "critical",);

/// One policy that fired on one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    /// The policy's id, or `system`.
    pub policy_id: String,
    /// The policy's name.
    pub policy_name: String,
    /// The policy's type, or `system`.
    pub policy_type: String,
    /// What the policy does about it, on this action.
    pub enforcement_mode: EnforcementMode,
    /// How grave it is.
    pub severity: Severity,
    /// What fired and what to change; never the sensitive text itself.
    pub message: String,
    /// Which rule fired, such as `pii_access.email`; stable across releases.
    pub rule_id: String,
    /// Where, when there is a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// The place a violation points at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// `input`, `conversationHistory[2].content`, `toolOutputs[0].output`, `tools[1]`, …
    pub field: String,
    /// Where it starts, in Unicode scalar values. In a tool's output, offsets count in the text extracted
    /// from it: every string and number, joined by one space.
    pub start: usize,
    /// Where it ends, exclusive.
    pub end: usize,
    /// What stands there and around it, with personal data and secrets masked.
    pub excerpt: String,
}

/// A policy that could not be evaluated; its failure mode was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The policy.
    pub policy_id: PolicyId,
    /// Why, and what to change.
    pub message: String,
}

/// The combined outcome for one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The strongest thing any policy asked for.
    pub outcome: Outcome,
    /// What blocks the action or makes it wait.
    pub violations: Vec<Violation>,
    /// What fired in `warn` or `monitor` mode.
    pub warnings: Vec<Violation>,
    /// What could not be evaluated.
    pub problems: Vec<Problem>,
    /// Policies that were looked at although the agent's autonomy tier has no control of their type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tier_overrides: Vec<PolicyId>,
}

impl Decision {
    /// Sorts what fired into violations and warnings and takes the strongest mode as the outcome; nothing can
    /// be done any more about an action that has happened.
    pub(crate) fn combine(
        fired: Vec<Violation>,
        problems: Vec<Problem>,
        has_happened: bool,
    ) -> Self {
        let (violations, warnings): (Vec<_>, Vec<_>) = fired
            .into_iter()
            .partition(|violation| violation.enforcement_mode >= EnforcementMode::RequireApproval);
        let outcome = match violations.iter().map(|violation| violation.enforcement_mode).max() {
            _ if has_happened => Outcome::Allow,
            Some(EnforcementMode::Block) => Outcome::Block,
            Some(_) => Outcome::RequireApproval,
            None => Outcome::Allow,
        };
        Self { outcome, violations, warnings, problems, tier_overrides: Vec::new() }
    }
}
