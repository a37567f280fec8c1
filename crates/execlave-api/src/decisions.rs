//! Recorded decisions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::enforce::Violation;

/// The durable record of one answer of `enforce`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// UUIDv7.
    pub id: String,
    /// The agent's UUID.
    pub agent_id: String,
    /// Where the action would happen.
    pub environment: String,
    /// SHA-256 of the action context, in hex.
    pub action_digest: String,
    /// `allow`, `require_approval` or `block`.
    pub outcome: String,
    /// Policies that stopped the action.
    pub violations: Vec<Violation>,
    /// Policies that fired in `warn` or `monitor` mode.
    pub warnings: Vec<Violation>,
    /// The approval that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_id: Option<String>,
    /// How long the evaluation took, in microseconds.
    pub duration_us: i64,
    /// RFC 3339.
    pub evaluated_at: String,
}
