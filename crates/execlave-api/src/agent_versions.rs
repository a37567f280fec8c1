//! Versions of agents: what an agent's registration was at a moment.

use execlave_core::json::present;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Body of `POST /agents/{id}/versions`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateAgentVersion {
    /// Whether it is the active version from now on.
    #[serde(default)]
    pub activate: bool,
    /// What its developers call it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub version_label: Option<String>,
    /// What there is to say.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub notes: Option<String>,
    /// Where it comes from.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<AgentVersionMetadata>)]
    pub metadata: Option<AgentVersionMetadata>,
}

/// Where a version comes from.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AgentVersionMetadata {
    /// The commit it was built from.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub git_commit: Option<String>,
    /// When it was deployed; any text.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub deployed_at: Option<String>,
}

/// A version of an agent. Only whether it is active ever changes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentVersion {
    /// UUIDv7.
    pub id: String,
    /// The agent's UUID.
    pub agent_id: String,
    /// From 1, without gaps.
    pub version_number: i64,
    /// What its developers call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_label: Option<String>,
    /// What there is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Where it comes from.
    pub metadata: AgentVersionMetadata,
    /// Whether it is the active version.
    pub is_active: bool,
    /// The agent's registration when the version was made.
    #[schema(value_type = Object)]
    pub snapshot: Map<String, Value>,
    /// RFC 3339.
    pub created_at: String,
    /// Who made it, such as `key:<id>`.
    pub created_by: String,
}

/// What is different between two versions.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentVersionDiff {
    /// The agent's UUID.
    pub agent_id: String,
    /// A version.
    pub from_version: i64,
    /// Another one.
    pub to_version: i64,
    /// What is different, by path.
    pub changes: Vec<AgentVersionChange>,
}

/// One field that is different.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentVersionChange {
    /// Where, such as `snapshot.allowedActions`.
    pub path: String,
    /// What it is in the first version; absent where it has no such field.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub from: Option<Value>,
    /// What it is in the second version; absent where it has no such field.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub to: Option<Value>,
}
