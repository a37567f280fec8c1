//! Policies. The document itself is checked by the core; here it is the object a person writes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A policy with its identity and version.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// UUIDv7.
    pub id: String,
    /// Grows by one with every change.
    pub version: i64,
    /// Unique in the organisation.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `injection_scan`, `pii_access`, `cost_limit`, `access_control`, `action_approval`.
    pub policy_type: String,
    /// `monitor`, `warn`, `require_approval` or `block`.
    pub enforcement_mode: String,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// The rule, by type.
    pub rule_definition: Map<String, Value>,
    /// External ids or UUIDs; empty means all.
    pub applies_to_agents: Vec<String>,
    /// Empty means all.
    pub applies_to_environments: Vec<String>,
    /// Empty means all.
    pub applies_to_tags: Vec<String>,
    /// Whether it is evaluated.
    pub is_active: bool,
    /// `fail_open` or `fail_closed`: what happens when it cannot be evaluated.
    pub failure_mode: String,
    /// 0 to 100,000.
    pub evaluation_order: u32,
    /// Policies that are looked at before this one.
    pub prerequisites: Vec<String>,
    /// `all_passed`, `any_violated` or `always`.
    pub chain_trigger: String,
    /// 0 to 100.
    pub rollout_percent: u8,
    /// Anything else.
    pub metadata: Map<String, Value>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
}

/// One immutable version of a policy.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyVersion {
    /// The policy.
    pub policy_id: String,
    /// Its number.
    pub version: i64,
    /// `created`, `updated` or `deleted`.
    pub change: String,
    /// Who made it, as `user:<id>` or `key:<id>`.
    pub changed_by: String,
    /// The document as it was then.
    #[schema(value_type = Object)]
    pub document: Value,
    /// RFC 3339.
    pub created_at: String,
}
