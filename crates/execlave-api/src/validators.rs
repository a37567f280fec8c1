//! Custom validators: addresses outside that are asked about actions.

use execlave_core::json::present;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Body of `POST /validators` and of `PUT /validators/{id}`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SaveValidator {
    /// Unique in the organisation.
    pub name: String,
    /// Where it is asked, by `https`.
    pub url: String,
    /// How long it may take: 100 to 10,000 milliseconds.
    #[serde(default = "default_timeout")]
    pub timeout_ms: i64,
    /// What happens when it does not answer: `fail_closed` denies; `fail_open` leaves it to the policy's `failureMode`.
    #[serde(default = "default_fail_mode")]
    pub fail_mode: FailMode,
    /// Whether it is asked.
    #[serde(default = "yes")]
    pub is_active: bool,
}

fn default_timeout() -> i64 {
    2_000
}

fn default_fail_mode() -> FailMode {
    FailMode::FailClosed
}

fn yes() -> bool {
    true
}

/// What a validator's silence means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailMode {
    /// The policy could not be evaluated, and its `failureMode` decides.
    FailOpen,
    /// No.
    FailClosed,
}

/// A validator.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Validator {
    /// UUIDv7; a `custom_validator` policy names it as `validatorId`.
    pub id: String,
    /// As saved.
    pub name: String,
    /// As saved.
    pub url: String,
    /// As saved.
    pub timeout_ms: i64,
    /// As saved.
    pub fail_mode: FailMode,
    /// As saved.
    pub is_active: bool,
    /// What requests are signed with; only in the answer that makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
}

/// Body of `POST /validators/{id}/test`; may be left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestValidator {
    /// The text to ask about.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The tools.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
    /// Anything else.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

/// What a validator said when it was tried out.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValidatorTest {
    /// Whether it answered as it should.
    pub ok: bool,
    /// `allow`, `require_approval` or `deny`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// What it gave as the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
}

/// What a validator is sent.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValidatorRequest {
    /// Whose agent.
    pub organization_id: String,
    /// The agent's external id.
    pub agent_id: String,
    /// Its name.
    pub agent_name: String,
    /// Where it runs.
    pub environment: String,
    /// What it is about to act on.
    pub input: String,
    /// The tools it is about to use.
    pub tools: Vec<String>,
    /// What came with the action.
    pub metadata: Map<String, Value>,
    /// Expected cost in USD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_cost: Option<f64>,
    /// When it is asked; RFC 3339.
    pub timestamp: String,
}
