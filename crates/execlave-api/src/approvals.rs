//! Approvals: a person's answer to one action.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::enforce::Violation;

/// An approval as people and clients see it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// UUIDv7.
    pub id: String,
    /// `pending`, `approved`, `denied`, `expired` or `cancelled`.
    pub status: String,
    /// The agent's UUID.
    pub agent_id: String,
    /// Where the action would happen.
    pub environment: String,
    /// What is to be approved, in a line.
    pub action_summary: String,
    /// What is to be approved: `input`, `tools`, `estimatedCost` and `metadata`, with personal data masked and long texts cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub action: Option<Value>,
    /// SHA-256 of the action context, in hex.
    pub action_digest: String,
    /// Why a person is asked.
    pub violations: Vec<Violation>,
    /// 0 to 100.
    pub risk_score: i64,
    /// `low`, `medium`, `high` or `critical`.
    pub risk_level: String,
    /// How the score came about.
    pub risk_parts: Vec<RiskPart>,
    /// Who should answer: `standard`, `group` or `named_approver`.
    pub routed_to: String,
    /// How many people must agree.
    pub required_approvers: i64,
    /// The answers so far.
    pub decisions: Vec<ApprovalDecision>,
    /// When it lapses; RFC 3339.
    pub expires_at: String,
    /// How often it was passed on.
    pub escalation_level: i64,
    /// When it was last passed on; RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalated_at: Option<String>,
    /// What the person said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision_reason: Option<String>,
    /// The signed proof, once approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub certificate: Option<Value>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<String>,
}

/// One part of a risk score.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RiskPart {
    /// What was looked at.
    pub name: String,
    /// What it adds.
    pub points: i64,
    /// Why.
    pub reason: String,
}

/// One person's answer.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalDecision {
    /// Who, as `user:<id>` or `key:<id>`.
    pub by: String,
    /// Their name.
    pub label: String,
    /// `approved` or `denied`.
    pub decision: String,
    /// What they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// RFC 3339.
    pub at: String,
}

/// Body of `POST /approvals/{id}/approve` and `/deny`; may be left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DecideApproval {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Body of `POST /approvals/{id}/verify`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerifyApproval {
    /// The action as the client is about to perform it.
    #[schema(value_type = Object)]
    pub action_context: Map<String, Value>,
}

/// Answer of `verify`: HTTP 200 whether valid or not; any other status means that there is no verdict.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// True exactly once per approval.
    pub valid: bool,
    /// `action_context_mismatch`, `certificate_expired`, `certificate_already_used`, `certificate_unanchored` or
    /// `certificate_tampered`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The certificate, when valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub certificate: Option<Value>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<String>,
}

/// Answer of `GET /approvals/stats`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalStats {
    /// From this moment on; RFC 3339.
    pub since: String,
    /// Before this moment; RFC 3339.
    pub until: String,
    /// How many ended as `approved`, `denied`, `expired` and `cancelled`; what did not happen is left out.
    pub ended: std::collections::BTreeMap<String, i64>,
    /// From the question to a person's answer, half of them within this time; left out if nobody answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_ms: Option<i64>,
    /// Ninety in a hundred of them within this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p90_ms: Option<i64>,
    /// How often an approval was passed on because nobody answered.
    pub escalations: i64,
    /// What each person or key answered, most answers first.
    pub approvers: Vec<ApproverStats>,
}

/// What one person or key answered.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApproverStats {
    /// Such as `user:<id>` or `key:<id>`.
    pub actor: String,
    /// A name for people.
    pub label: String,
    /// How often yes.
    pub approved: i64,
    /// How often no.
    pub denied: i64,
    /// From the question to the answer, half of the answers within this time.
    pub median_ms: i64,
}
