//! What an agent asks to do, and who the agent is.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::digest::ActionDigest;
use crate::ids::AgentId;
use crate::json::present;
use crate::words::words;

pub(crate) mod folded;
pub(crate) mod hosts;
mod occasion;
pub(crate) mod texts;

pub use occasion::{Occasion, Phase};

/// One thing an agent is about to do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Action {
    /// What goes to the model or the tool.
    pub input: String,
    /// Where it runs; the agent's own environment when absent.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Anything the caller adds; some keys mean something to policies (`userId`, `sessionId`, `dataSources`).
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// What it will cost, in US dollars.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub estimated_cost: Option<f64>,
    /// The tools it will use.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
    /// What those tools say about themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_descriptors: Vec<ToolDescriptor>,
    /// What was said before, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conversation_history: Vec<Turn>,
    /// What tools answered before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_outputs: Vec<ToolOutput>,
}

/// A tool's description, pinned by its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ToolDescriptor {
    /// The server that offers the tool.
    pub server: String,
    /// The tool's name there.
    pub tool: String,
    /// SHA-256 of the descriptor's compact, key-sorted JSON.
    pub descriptor_hash: String,
    /// What the tool says it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Who said a turn of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The person, or whatever feeds the agent.
    User,
    /// The model.
    Assistant,
    /// The application.
    System,
}

/// One turn of the conversation so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub content: String,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolOutput {
    /// The tool.
    pub name: String,
    /// What it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    /// What it answered.
    pub output: Value,
}

impl Action {
    /// The action context: the part of an action an approval is bound to. What is absent stays absent.
    pub fn context(&self) -> Value {
        let mut context = Map::new();
        context.insert("input".into(), Value::from(self.input.as_str()));
        if let Some(environment) = &self.environment {
            context.insert("environment".into(), Value::from(environment.as_str()));
        }
        if let Some(metadata) = &self.metadata {
            context.insert("metadata".into(), Value::Object(metadata.clone()));
        }
        if let Some(cost) = self.estimated_cost {
            // A cost JSON cannot express becomes null, which differs from no cost at all.
            context.insert("estimatedCost".into(), Value::from(cost));
        }
        if let Some(tools) = &self.tools {
            context.insert("tools".into(), Value::from(tools.as_slice()));
        }
        Value::Object(context)
    }

    /// The fingerprint of [`Action::context`].
    pub fn digest(&self) -> ActionDigest {
        ActionDigest::of_context(&self.context())
    }

    /// The user, named by the metadata `userId`.
    pub fn user_id(&self) -> Option<String> {
        self.metadata_text(&["userId", "user_id"])
    }

    /// The session, named by the metadata `sessionId`.
    pub fn session_id(&self) -> Option<String> {
        self.metadata_text(&["sessionId", "session_id"])
    }

    /// The trace, named by the metadata `traceId`.
    pub fn trace_id(&self) -> Option<String> {
        self.metadata_text(&["traceId", "trace_id"])
    }

    /// A non-empty text in the metadata under the first of `keys` that holds one. Numbers count as their text.
    pub(crate) fn metadata_text(&self, keys: &[&str]) -> Option<String> {
        let metadata = self.metadata.as_ref()?;
        keys.iter().find_map(|key| match metadata.get(*key)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    }
}

/// The agent as it was registered, as far as policies look at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentProfile {
    /// Our id.
    pub id: AgentId,
    /// The id its owner gave it.
    pub external_id: String,
    /// Its name.
    pub name: String,
    /// The environment it is registered in.
    pub environment: String,
    /// Whether it may run.
    pub status: AgentStatus,
    /// What the person who changed the status last gave as the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    /// Labels policies can be scoped by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The tools it was registered for; empty means it was not said.
    #[serde(default)]
    pub allowed_actions: Vec<String>,
    /// The data sources it was registered for.
    #[serde(default)]
    pub allowed_data_sources: Vec<String>,
    /// The tools its owner wants a person to approve.
    #[serde(default)]
    pub requires_human_approval_for: Vec<String>,
    /// How much it may do by itself; the tier's controls apply to it as if they were policies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autonomy_level: Option<AutonomyLevel>,
    /// The descriptors its tools were pinned to. One tool may be listed with several hashes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_baseline: Vec<PinnedTool>,
}

/// A tool's descriptor as it was pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PinnedTool {
    /// The server that offers the tool.
    pub server: String,
    /// The tool's name there.
    pub tool: String,
    /// The hash its descriptor had.
    pub descriptor_hash: String,
}

/// How much an agent may do by itself; more compares greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AutonomyLevel {
    /// It reads and reports.
    Observe,
    /// It proposes.
    Advise,
    /// It acts when a person agrees.
    ActWithApproval,
    /// It acts.
    Autonomous,
}

words!(
    AutonomyLevel,
    "autonomy level",
    Observe = "observe",
    Advise = "advise",
    ActWithApproval = "act_with_approval",
    Autonomous = "autonomous",
);

/// Whether an agent may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AgentStatus {
    /// It may.
    Active,
    /// Stopped by a person until resumed.
    Paused,
    /// Taken out of service.
    Inactive,
    /// Kept for the record only.
    Archived,
    /// It reported trouble; policies still decide.
    Error,
}

words!(
    AgentStatus,
    "agent status",
    Active = "active",
    Paused = "paused",
    Inactive = "inactive",
    Archived = "archived",
    Error = "error",
);
