//! Versions of an agent's prompt, and where they run. Published clients send `null` for what they do not know, so requests take it as
//! absent.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use utoipa::ToSchema;

/// Body of `POST /prompt-versions`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreatePromptVersion {
    /// Whose prompt: UUID or external id.
    pub agent_id: String,
    /// The text; at most 64 KiB.
    pub prompt_template: String,
    /// The text before it; at most 64 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_message: Option<String>,
    /// The model it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_name: Option<String>,
    /// 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub temperature: Option<Number>,
    /// How long the model's answer may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// What else the model is called with; at most 16 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub other_params: Option<Map<String, Value>>,
    /// What is different from the version before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_summary: Option<String>,
    /// What its developers call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_tag: Option<String>,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

/// Body of `POST /prompt-versions/{id}/deploy`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeployPromptVersion {
    /// Where it is to run.
    pub environment: String,
    /// Whether somebody else has to say yes first. No when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_approval: Option<bool>,
    /// What there is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_notes: Option<String>,
}

/// Body of `POST /prompt-versions/{id}/approve` and of `reject`; may be left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DecidePromptVersion {
    /// Where it waits; needed only where it waits in several environments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Body of `POST /prompt-versions/{id}/rollback`; may be left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RollBackPromptVersion {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where; in every environment where the version ran before when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

/// A version of a prompt. What it says never changes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromptVersion {
    /// UUIDv7.
    pub id: String,
    /// Whose prompt; the agent's UUID.
    pub agent_id: String,
    /// From 1, without gaps.
    pub version_number: i64,
    /// What its developers call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_tag: Option<String>,
    /// The text.
    pub prompt_content: String,
    /// The text before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_prompt: Option<String>,
    /// The model it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_name: Option<String>,
    /// How the model is called: `temperature`, `maxTokens` and whatever else was given.
    #[schema(value_type = Object)]
    pub model_parameters: Map<String, Value>,
    /// What is different from the version before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_summary: Option<String>,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// `deployed` where it runs in some environment; else `pending` where it waits for a yes, or nobody has said anything yet;
    /// `rejected` where the last word was a no; `approved` where it ran before.
    pub approval_status: String,
    /// Whether it runs in some environment.
    pub is_deployed: bool,
    /// The same as `isDeployed`, always.
    pub is_active: bool,
    /// When it last began to run somewhere; RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed_at: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// Who made it, such as `key:<id>`.
    pub created_by: String,
    /// How it stands in each environment it was asked for in.
    pub deployments: Vec<PromptDeployment>,
}

/// How a version stands in one environment.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromptDeployment {
    /// Where.
    pub environment: String,
    /// `pending`, `deployed`, `rejected`, `replaced` or `rolled_back`.
    pub status: String,
    /// What whoever asked for it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_notes: Option<String>,
    /// RFC 3339.
    pub requested_at: String,
    /// Who asked, such as `key:<id>`.
    pub requested_by: String,
    /// When somebody said yes or no; RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<String>,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// What they said; of a rollback, why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it last began to run there; RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed_at: Option<String>,
}
