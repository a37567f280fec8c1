//! `POST /policies/simulate`: what would be decided, without anything being recorded, reserved or counted.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::approvals::RiskPart;
use crate::decisions::Problem;
use crate::enforce::{EnforceRequest, Violation};

/// Body of the request.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Simulate {
    /// The action, as it would be asked about.
    pub action: EnforceRequest,
    /// Drafts to evaluate instead of the active policies; at most 200. A draft may carry the `id` of the policy it would replace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub policies: Option<Vec<Map<String, Value>>>,
}

/// What would be decided.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Simulation {
    /// `allow`, `require_approval` or `block`.
    pub outcome: String,
    /// SHA-256 of the action context, in hex.
    pub action_digest: String,
    /// Policies that would stop the action.
    pub violations: Vec<Violation>,
    /// Policies that would fire in `warn` or `monitor` mode.
    pub warnings: Vec<Violation>,
    /// Policies that could not be evaluated. Custom validators are not asked in a simulation.
    pub problems: Vec<Problem>,
    /// Policies that ran although the agent's autonomy tier has no control of their type, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tier_overrides: Vec<String>,
    /// The risk a person would be shown, 0 to 100.
    pub risk_score: i64,
    /// `low`, `medium`, `high` or `critical`.
    pub risk_level: String,
    /// How the score came about.
    pub risk_parts: Vec<RiskPart>,
}
