//! Traces: what an agent did. Several traces may share one `traceId`: they are the spans of one tree.

use execlave_core::json::present;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Body of `POST /traces/ingest`. Each trace is parsed on its own, so that a bad one does not cost the others.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IngestRequest {
    /// At most 1,000 of them, each as [`TraceBody`].
    #[schema(value_type = Vec<TraceBody>)]
    pub traces: Vec<Box<RawValue>>,
}

/// One trace or span. A field that is unset is left out, never `null`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TraceBody {
    /// `tr_` and 16 hex digits by default.
    pub trace_id: String,
    /// The agent's external id.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// The conversation.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The person.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Start; RFC 3339.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// End minus start, in milliseconds.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    /// How it ended.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub status: Option<TraceStatus>,
    /// What went in.
    #[serde(default, alias = "inputData", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub input: Option<Value>,
    /// What came out.
    #[serde(default, alias = "outputData", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub output: Option<Value>,
    /// The model, such as `gpt-4o`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub model_name: Option<String>,
    /// Tokens in.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub prompt_tokens: Option<i64>,
    /// Tokens out.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub completion_tokens: Option<i64>,
    /// Their sum.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub total_tokens: Option<i64>,
    /// USD.
    #[serde(
        default,
        alias = "estimatedCostUsd",
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub cost_usd: Option<f64>,
    /// What went wrong.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// Its class.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// Where it ran.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Anything else; `spanId`, `parentSpanId`, `spanKind` and `spanName` place a span in its tree.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// The trace that caused this one.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub parent_trace_id: Option<String>,
    /// What kind of work it was.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub span_type: Option<String>,
    /// How the client knows that the effect happened.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub effect_evidence: Option<EffectEvidence>,
    /// `exe_agt_…`, when stamped.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub agent_credential: Option<String>,
}

/// How a trace ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TraceStatus {
    /// It worked.
    #[default]
    Success,
    /// It failed.
    Error,
    /// It took too long.
    Timeout,
    /// A policy stopped it.
    PolicyBlocked,
    /// A limit stopped it.
    LimitExceeded,
    /// A person should look.
    FlaggedForReview,
    /// It may or may not have happened.
    EffectUnconfirmed,
}

impl TraceStatus {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::PolicyBlocked => "policy_blocked",
            Self::LimitExceeded => "limit_exceeded",
            Self::FlaggedForReview => "flagged_for_review",
            Self::EffectUnconfirmed => "effect_unconfirmed",
        }
    }
}

/// How the client knows that the effect happened.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EffectEvidence {
    /// `read_back`, `callback`, `acknowledgement` or `none`.
    pub basis: String,
    /// The other side's receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledgement_id: Option<String>,
    /// What was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect_ref: Option<String>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<String>,
    /// Anything else worth saying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Answer of ingest, not wrapped in `data`: 202, or 400 when every trace was refused.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct IngestResponse {
    /// Stored.
    pub accepted: usize,
    /// Refused.
    pub failed: usize,
    /// The refused ones; sending them again unchanged is useless.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<TraceError>,
}

/// Why one trace was refused.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TraceError {
    /// Its id, or empty when not even that could be read.
    pub trace_id: String,
    /// One of the error codes.
    pub code: String,
    /// What is wrong, with the JSON path.
    pub error: String,
    /// Its place in the batch.
    #[serde(default)]
    pub index: usize,
}

/// A stored trace.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    /// UUIDv7 of the stored row; unique where `traceId` is not.
    pub id: String,
    /// The trace as it was sent, aliases resolved and placeholders filled.
    #[serde(flatten)]
    pub body: TraceRecord,
    /// When the server stored it; RFC 3339.
    pub received_at: String,
}

/// What is stored of a trace, as far as lists need it; the detail adds input, output and metadata.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TraceRecord {
    /// As sent.
    pub trace_id: String,
    /// As sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// As sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// As sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Start; RFC 3339.
    pub timestamp: String,
    /// Milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    /// As sent.
    pub status: String,
    /// As sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_name: Option<String>,
    /// As sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_tokens: Option<i64>,
    /// As sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_tokens: Option<i64>,
    /// As sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_tokens: Option<i64>,
    /// USD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// True when the server computed `costUsd` from the tokens and the price of the model.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cost_is_computed: bool,
    /// True when a credential proved which agent it was.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub identity_verified: bool,
    /// As sent, or the placeholder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// As sent, or the placeholder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// As sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// As sent.
    pub tags: Vec<String>,
    /// As sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_trace_id: Option<String>,
    /// As sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_type: Option<String>,
    /// As sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub input: Option<Value>,
    /// As sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub output: Option<Value>,
    /// As sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// As sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect_evidence: Option<EffectEvidence>,
    /// `none`, `low`, `medium`, `high` or `critical`, found by the server in the input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub injection_risk: Option<String>,
}
