//! Incidents: what policies found in traces after the fact.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::enforce::Violation;

/// One finding in one span.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Incident {
    /// UUIDv7.
    pub id: String,
    /// The trace.
    pub trace_id: String,
    /// The span, if the trace names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// The agent's UUID.
    pub agent_id: String,
    /// Where it ran.
    pub environment: String,
    /// What fired. The mode says what the policy would have done beforehand.
    pub violation: Violation,
    /// When the span began; RFC 3339.
    pub occurred_at: String,
    /// When it was found; RFC 3339.
    pub created_at: String,
}

/// Answer of `GET /incidents/stats`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IncidentStats {
    /// From this moment on; RFC 3339.
    pub since: String,
    /// Before this moment; RFC 3339.
    pub until: String,
    /// How many there were.
    pub total: i64,
    /// By severity, most first.
    pub severities: Vec<Count>,
    /// By type of policy, most first.
    pub policy_types: Vec<Count>,
    /// The ten policies (by id) that found most.
    pub policies: Vec<Count>,
    /// The ten agents (by UUID) in whose traces most was found.
    pub agents: Vec<Count>,
}

/// How many there are of something.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Count {
    /// Of what.
    pub key: String,
    /// How many.
    pub count: i64,
}
