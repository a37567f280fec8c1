//! Versions of prompts: making them, letting them run, and finding the one that runs.

use execlave_api::paths;
use execlave_api::prompt_versions::{
    CreatePromptVersion, DeployPromptVersion, RollBackPromptVersion,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::agents::to_body;
use crate::client::Client;
use crate::error::Error;
use crate::http::{Call, encode};

/// Pages that are read of one list: more versions than an agent can have.
const MOST_PAGES: usize = 100;

/// A version of a prompt, as far as an SDK needs to know it. What else the server says is handed on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PromptVersion {
    /// The server's id for it.
    pub id: String,
    /// From 1.
    #[serde(default)]
    pub version_number: i64,
    /// `pending`, `approved`, `rejected` or `deployed`.
    #[serde(default = "pending")]
    pub approval_status: String,
    /// Whether it runs in some environment.
    #[serde(default)]
    pub is_deployed: bool,
    /// How it stands in each environment, where the server says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deployments: Vec<PromptDeployment>,
    /// The text, the model and what newer servers add.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// How a version stands in one environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PromptDeployment {
    /// Where.
    pub environment: String,
    /// `pending`, `deployed`, `rejected`, `replaced` or `rolled_back`.
    pub status: String,
    /// Who asked and who answered.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

fn pending() -> String {
    "pending".to_owned()
}

impl PromptVersion {
    /// Whether it runs in an environment.
    pub fn runs_in(&self, environment: &str) -> bool {
        let here =
            |one: &PromptDeployment| one.environment == environment && one.status == "deployed";
        self.deployments.iter().any(here)
    }
}

/// One page of a list.
#[derive(Deserialize)]
struct Versions {
    data: Vec<PromptVersion>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    #[serde(default)]
    next_cursor: Option<String>,
}

impl Client {
    /// Makes the next version of an agent's prompt. It runs nowhere yet.
    pub async fn create_prompt_version(
        &self,
        version: &CreatePromptVersion,
    ) -> Result<PromptVersion, Error> {
        self.ensure_open()?;
        let agent_id = self.key_of(&version.agent_id, None);
        let body = to_body(&CreatePromptVersion { agent_id, ..version.clone() })?;
        self.http().fetch(Call::post(paths::PROMPT_VERSIONS, body)).await
    }

    /// The versions of an agent's prompt, newest first.
    pub async fn list_prompt_versions(&self, agent_id: &str) -> Result<Vec<PromptVersion>, Error> {
        self.ensure_open()?;
        self.prompt_versions(&format!("agentId={}", encode(&self.key_of(agent_id, None)))).await
    }

    /// The version of an agent's prompt that runs in an environment; of a server that does not say where versions run, the newest one
    /// that runs, and likewise where none runs in that environment.
    pub async fn current_prompt_version(
        &self,
        agent_id: &str,
        environment: &str,
    ) -> Result<Option<PromptVersion>, Error> {
        self.ensure_open()?;
        let query = format!("agentId={}&deployed=true", encode(&self.key_of(agent_id, None)));
        let mut running = self.prompt_versions(&query).await?;
        running.retain(|version| version.is_deployed);
        let here = running.iter().position(|version| version.runs_in(environment));
        Ok((!running.is_empty()).then(|| running.swap_remove(here.unwrap_or_default())))
    }

    /// Lets a version run in an environment, or asks for it.
    pub async fn deploy_prompt_version(
        &self,
        id: &str,
        deploy: &DeployPromptVersion,
    ) -> Result<PromptVersion, Error> {
        self.ensure_open()?;
        let path = format!("{}/{}/deploy", paths::PROMPT_VERSIONS, encode(id));
        self.http().fetch(Call::post(path, to_body(deploy)?)).await
    }

    /// Lets a version run again where it ran before.
    pub async fn roll_back_to_prompt_version(
        &self,
        id: &str,
        reason: &str,
    ) -> Result<PromptVersion, Error> {
        self.ensure_open()?;
        let body = RollBackPromptVersion { reason: Some(reason.to_owned()), environment: None };
        let path = format!("{}/{}/rollback", paths::PROMPT_VERSIONS, encode(id));
        self.http().fetch(Call::post(path, to_body(&body)?)).await
    }

    /// Every version that a query finds.
    async fn prompt_versions(&self, query: &str) -> Result<Vec<PromptVersion>, Error> {
        let first = format!("{}?{query}", paths::PROMPT_VERSIONS);
        let mut path = first.clone();
        let mut found = Vec::new();
        for _ in 0..MOST_PAGES {
            let page: Versions = self.http().fetch_whole(Call::get(path)).await?;
            found.extend(page.data);
            let Some(cursor) = page.meta.next_cursor else { break };
            path = format!("{first}&cursor={}", encode(&cursor));
        }
        Ok(found)
    }
}
