//! `POST /policies/enforce`: may this action happen? Answers are not wrapped in `data`.

use execlave_core::decision;
use execlave_core::json::present;
use execlave_core::request::{Action, Role, ToolDescriptor, ToolOutput, Turn};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Most bytes of a question's JSON: what a server reads unless its `limits.body_bytes` says otherwise. A client sends no more, because a
/// server that stops reading cannot be told from one that is gone.
pub const QUESTION_BYTES: usize = 8 << 20;
/// The header of an answer that says which agent it is about, by the server's own id.
pub const AGENT_HEADER: &str = "x-execlave-agent-id";
/// Most turns in `conversationHistory`.
pub const HISTORY_LENGTH: usize = 50;
/// Most entries of `tools`.
pub const TOOLS_LENGTH: usize = 100;
/// Most bytes in the name of an environment.
pub const WORD_LENGTH: usize = 64;

/// Whether a text is fit to be an environment, a type or a platform: 1 to 64 letters, digits, dots, hyphens or underscores.
pub fn is_word(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    plain && (1..=WORD_LENGTH).contains(&text.len())
}

/// What an agent asks to do. `input`, `environment`, `metadata`, `estimatedCost` and `tools` are the action context that the
/// digest covers: an unset field is left out, never `null`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnforceRequest {
    /// UUID or external id.
    pub agent_id: String,
    /// The text the agent is about to act on; not empty.
    pub input: String,
    /// Where it runs; the agent's own environment when left out.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Anything policies may look at.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// Expected cost in USD.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub estimated_cost: Option<f64>,
    /// Tools it is about to use.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
    /// Fingerprints of the tools as the agent sees them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_descriptors: Vec<ToolDescriptorBody>,
    /// The turns before this one; at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conversation_history: Vec<TurnBody>,
    /// What tools have returned and the model is about to read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_outputs: Vec<ToolOutputBody>,
}

/// One tool's fingerprint.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ToolDescriptorBody {
    /// The server that offers it.
    pub server: String,
    /// Its name there.
    pub tool: String,
    /// SHA-256 of its descriptor, in hex.
    pub descriptor_hash: String,
    /// Its description, for scanning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// One turn of the conversation.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TurnBody {
    /// Who spoke.
    pub role: TurnRole,
    /// What was said.
    pub content: String,
}

/// Who spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TurnRole {
    /// A person.
    User,
    /// The model.
    Assistant,
    /// The application.
    System,
}

/// One tool's result.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ToolOutputBody {
    /// The tool.
    pub name: String,
    /// What it was given; `null` and absent mean the same.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub input: Option<Value>,
    /// What it returned.
    #[schema(value_type = Object)]
    pub output: Value,
}

impl EnforceRequest {
    /// The question about an action of this agent.
    pub fn about(agent_id: String, action: Action) -> Self {
        let turn = |turn: Turn| TurnBody {
            role: match turn.role {
                Role::User => TurnRole::User,
                Role::Assistant => TurnRole::Assistant,
                Role::System => TurnRole::System,
            },
            content: turn.content,
        };
        let descriptor = |tool: ToolDescriptor| ToolDescriptorBody {
            server: tool.server,
            tool: tool.tool,
            descriptor_hash: tool.descriptor_hash,
            description: tool.description,
        };
        let output = |tool: ToolOutput| ToolOutputBody {
            name: tool.name,
            input: tool.input,
            output: tool.output,
        };
        Self {
            agent_id,
            input: action.input,
            environment: action.environment,
            metadata: action.metadata,
            estimated_cost: action.estimated_cost,
            tools: action.tools,
            tool_descriptors: action.tool_descriptors.into_iter().map(descriptor).collect(),
            conversation_history: action.conversation_history.into_iter().map(turn).collect(),
            tool_outputs: action.tool_outputs.into_iter().map(output).collect(),
        }
    }
}

impl From<EnforceRequest> for Action {
    fn from(request: EnforceRequest) -> Self {
        Self {
            input: request.input,
            environment: request.environment,
            metadata: request.metadata,
            estimated_cost: request.estimated_cost,
            tools: request.tools,
            tool_descriptors: request.tool_descriptors.into_iter().map(Into::into).collect(),
            conversation_history: request
                .conversation_history
                .into_iter()
                .map(Into::into)
                .collect(),
            tool_outputs: request.tool_outputs.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<ToolDescriptorBody> for ToolDescriptor {
    fn from(body: ToolDescriptorBody) -> Self {
        Self {
            server: body.server,
            tool: body.tool,
            descriptor_hash: body.descriptor_hash,
            description: body.description,
        }
    }
}

impl From<TurnBody> for Turn {
    fn from(body: TurnBody) -> Self {
        let role = match body.role {
            TurnRole::User => Role::User,
            TurnRole::Assistant => Role::Assistant,
            TurnRole::System => Role::System,
        };
        Self { role, content: body.content }
    }
}

impl From<ToolOutputBody> for ToolOutput {
    fn from(body: ToolOutputBody) -> Self {
        Self { name: body.name, input: body.input, output: body.output }
    }
}

/// The answer: 200 when allowed, 202 when a person must agree first, 403 when blocked. `allowed` is true in a 200 and only there.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnforceResponse {
    /// Whether the action may happen now.
    pub allowed: bool,
    /// The durable record of this answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision_id: Option<String>,
    /// True in a 202.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires_approval: Option<bool>,
    /// The approval to wait for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_request_id: Option<String>,
    /// Where to ask for its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll_url: Option<String>,
    /// Policies that stop the action.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violation>,
    /// Policies that fired in `warn` or `monitor` mode.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Violation>,
}

/// One policy that fired.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    /// The policy, or `system`.
    pub policy_id: String,
    /// Its name.
    pub policy_name: String,
    /// Its type, or `system`.
    pub policy_type: String,
    /// `monitor`, `warn`, `require_approval` or `block`.
    pub enforcement_mode: String,
    /// `low`, `medium`, `high` or `critical`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// What fired and what to change; never the sensitive text itself.
    pub message: String,
    /// Stable name of the rule that fired, such as `pii_access.email`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_id: Option<String>,
    /// Where it fired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// Where a policy fired.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// JSON path in the request, such as `toolOutputs[0].output`.
    pub field: String,
    /// First Unicode scalar value of the match.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// The surroundings, redacted.
    pub excerpt: String,
}

impl Violation {
    /// Everything that fired, as it travels.
    pub fn list(fired: impl IntoIterator<Item = decision::Violation>) -> Vec<Self> {
        fired.into_iter().map(Self::from).collect()
    }
}

impl From<decision::Violation> for Violation {
    fn from(violation: decision::Violation) -> Self {
        Self {
            policy_id: violation.policy_id,
            policy_name: violation.policy_name,
            policy_type: violation.policy_type,
            enforcement_mode: violation.enforcement_mode.as_str().to_owned(),
            severity: Some(violation.severity.as_str().to_owned()),
            message: violation.message,
            rule_id: Some(violation.rule_id),
            evidence: violation.evidence.map(|evidence| Evidence {
                field: evidence.field,
                start: evidence.start,
                end: evidence.end,
                excerpt: evidence.excerpt,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_question_becomes_an_action_and_a_question_again() {
        let text = json!({
            "agentId": "bot", "input": "x", "environment": "staging", "metadata": { "a": 1 }, "estimatedCost": 0.5, "tools": ["t"],
            "toolDescriptors": [{ "server": "s", "tool": "t", "descriptorHash": "00", "description": "d" }],
            "conversationHistory": [{ "role": "user", "content": "1" }, { "role": "assistant", "content": "2" }, { "role": "system", "content": "3" }],
            "toolOutputs": [{ "name": "t", "input": null, "output": 1 }, { "name": "t", "input": [2], "output": null }],
        });
        let question: EnforceRequest = serde_json::from_value(text.clone()).expect("a question");
        let again = EnforceRequest::about("bot".into(), question.into());
        assert_eq!(serde_json::to_value(again).expect("JSON"), text);
    }
}
