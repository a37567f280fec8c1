//! `POST /policies/lint`: what is wrong with policies before they are saved, and what their author may not have meant.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Body of the request.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LintPolicies {
    /// Policies as they would be saved, at most 500; they may carry their `id`.
    #[schema(value_type = Vec<Object>)]
    pub policies: Vec<Value>,
}

/// Answer of the request.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LintReport {
    /// Whether all of them could be saved.
    pub ok: bool,
    /// What there is to say, by policy.
    pub lints: Vec<Lint>,
}

/// One thing worth saying.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Lint {
    /// `warning`, or `error` for what would not be saved.
    pub level: String,
    /// What it is about; stable across releases.
    pub code: String,
    /// Where, such as `[2].ruleDefinition.patterns[0]`.
    pub path: String,
    /// What to change.
    pub message: String,
}
