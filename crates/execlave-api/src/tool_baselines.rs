//! `/tool-integrity/agents/{id}/baseline`: the tools an agent is known to use.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of the report. The servers it names get exactly these tools; other servers keep theirs.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReportBaseline {
    /// 1 to 2,000 tools. One tool may stand there with several hashes.
    pub descriptors: Vec<BaselineDescriptor>,
    /// Why it is reported.
    pub reason: BaselineReason,
}

/// One tool.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BaselineDescriptor {
    /// The server that offers it.
    pub server: String,
    /// Its name there.
    pub tool: String,
    /// SHA-256 of its descriptor, 64 hexadecimal digits, by either published convention.
    pub descriptor_hash: String,
    /// SHA-256 of its description alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_hash: Option<String>,
    /// Its description, as a client's `toolDescriptor` gives it; not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Why a baseline is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BaselineReason {
    /// A person looked at the tools.
    Manual,
    /// The tools were updated.
    BaselineUpdate,
}

impl BaselineReason {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::BaselineUpdate => "baseline_update",
        }
    }
}

/// What is pinned for an agent.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolBaseline {
    /// The agent's UUID.
    pub agent_id: String,
    /// Every pinned tool.
    pub descriptors: Vec<BaselineDescriptor>,
    /// Why it was last reported; absent when nothing was ever pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who reported it last, as `key:<id>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_by: Option<String>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
}
