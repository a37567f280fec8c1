//! Recorded decisions.

use execlave_core::decision;
use execlave_core::json::present;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
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
    /// Policies that could not be evaluated; their failure mode was applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// Policies that ran although the agent's autonomy tier has no control of their type, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tier_overrides: Vec<String>,
    /// The set of policies it was made with; absent when there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle_version: Option<String>,
    /// The policies of that set. Only in the answer about one decision, not in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_versions: Option<Vec<PolicyRef>>,
    /// Where it was made: `server`, or `local` in a client from a signed bundle.
    pub source: String,
    /// The raw input, where the organisation keeps it. Only in the answer about one decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The API key it was asked with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// The approval that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_id: Option<String>,
    /// How long the evaluation took, in microseconds.
    pub duration_us: i64,
    /// RFC 3339.
    pub evaluated_at: String,
}

/// A policy that could not be evaluated.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The policy.
    pub policy_id: String,
    /// Why, and what to change.
    pub message: String,
}

impl From<decision::Problem> for Problem {
    fn from(problem: decision::Problem) -> Self {
        Self { policy_id: problem.policy_id.to_string(), message: problem.message }
    }
}

/// One version of one policy.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRef {
    /// The policy.
    pub policy_id: String,
    /// Its version.
    pub version: i64,
}

/// Answer of `GET /decisions/stats`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionStats {
    /// From this moment on; RFC 3339.
    pub since: String,
    /// Before this moment; RFC 3339.
    pub until: String,
    /// How many decisions there were.
    pub total: i64,
    /// How they ended.
    pub outcomes: OutcomeCounts,
    /// Where they were made.
    pub sources: SourceCounts,
    /// How long deciding took on the server, in microseconds.
    pub duration_us: Durations,
    /// The length of a bucket in seconds: an hour up to a week, a day beyond.
    pub bucket_seconds: i64,
    /// Oldest first; empty ones are left out.
    pub buckets: Vec<DecisionBucket>,
    /// The ten agents that were stopped or held most often, most first.
    pub agents: Vec<AgentOutcomes>,
}

/// How many decisions ended how.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutcomeCounts {
    /// It might happen.
    pub allow: i64,
    /// A person had to agree.
    pub require_approval: i64,
    /// It must not happen.
    pub block: i64,
}

/// How many decisions were made where.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct SourceCounts {
    /// By a server.
    pub server: i64,
    /// In a client.
    pub local: i64,
}

/// Times in microseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct Durations {
    /// On average.
    pub average: i64,
    /// The slowest.
    pub longest: i64,
}

/// The decisions of one span of time.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionBucket {
    /// Its beginning; RFC 3339.
    pub at: String,
    /// How they ended.
    pub outcomes: OutcomeCounts,
}

/// The decisions about one agent.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentOutcomes {
    /// The agent's UUID.
    pub agent_id: String,
    /// How they ended; allowed ones are not counted.
    pub outcomes: OutcomeCounts,
}

/// Body of `POST /decisions/ingest`. Each decision is judged on its own, so that a bad one does not cost the others.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IngestDecisions {
    /// At most 1,000 of them, each as [`LocalDecision`].
    #[schema(value_type = Vec<LocalDecision>)]
    pub decisions: Vec<Box<RawValue>>,
}

/// A decision a client made from a signed bundle.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LocalDecision {
    /// A UUID of the client's; a decision is kept once however often it is reported.
    pub id: String,
    /// UUID or external id.
    pub agent_id: String,
    /// Where the action was to happen; the agent's own environment when left out.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// SHA-256 of the action context, 64 hexadecimal digits.
    pub action_digest: String,
    /// `allow`, `require_approval` or `block`.
    pub outcome: String,
    /// Policies that stopped the action.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violation>,
    /// Policies that fired in `warn` or `monitor` mode.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Violation>,
    /// Policies that could not be evaluated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// Policies that ran although the agent's autonomy tier has no control of their type, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tier_overrides: Vec<String>,
    /// The bundle it was made from.
    pub bundle_version: String,
    /// How long the evaluation took, in microseconds.
    pub duration_us: i64,
    /// RFC 3339.
    pub evaluated_at: String,
    /// The raw input; kept only where the organisation keeps inputs.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
}

/// Answer of `POST /decisions/ingest`, not wrapped in `data`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DecisionReceipt {
    /// Kept by this report.
    pub accepted: usize,
    /// Known before.
    pub duplicates: usize,
    /// Refused.
    pub failed: usize,
    /// The refused ones; sending them again unchanged is useless.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<DecisionError>,
}

/// Why one decision was refused.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DecisionError {
    /// Its place in the batch.
    pub index: usize,
    /// One of the error codes.
    pub code: String,
    /// What is wrong, with the JSON path.
    pub error: String,
}
