//! Versions of an agent's prompt. A version never changes; where it runs is in its deployments.

mod decide;
mod deploy;

use execlave_core::digest::ActionDigest;
use execlave_core::ids::{AgentId, OrgId};
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::audit::{self, Event};
use crate::db::Tx;
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::page::{Page, PageRequest, Position};
use crate::{Json, Store, StoreError, webhooks};

pub use decide::{DecideDeployment, Decided};
pub use deploy::{Deploy, Deployed, MOST_ENVIRONMENTS, RollBack, RolledBack};

/// How many versions of its prompt an agent can have.
pub const MOST_PROMPT_VERSIONS: i64 = 10_000;

/// One version of a prompt; never changed.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptVersion {
    /// Whose agent.
    pub org_id: OrgId,
    /// The id.
    pub id: Uuid,
    /// Whose prompt.
    pub agent_id: AgentId,
    /// From 1, without gaps.
    pub version_number: i64,
    /// What its developers call it.
    pub version_tag: Option<String>,
    /// The text.
    pub prompt: String,
    /// The text before it.
    pub system_prompt: Option<String>,
    /// The model it is for.
    pub model_name: Option<String>,
    /// How the model is to be called; a JSON object.
    pub model_parameters: Json,
    /// What is different.
    pub change_summary: Option<String>,
    /// What else there is to say.
    pub notes: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
}

table!("prompt_versions" => PromptVersion {
    org_id, id, agent_id, version_number, version_tag, prompt, system_prompt, model_name, model_parameters, change_summary, notes,
    created_at, created_by,
});

/// How a version stands in one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptDeployment {
    /// Whose.
    pub org_id: OrgId,
    /// Which version.
    pub prompt_version_id: Uuid,
    /// Where.
    pub environment: String,
    /// Whose prompt.
    pub agent_id: AgentId,
    /// How it stands.
    pub status: DeploymentStatus,
    /// What whoever asked for it said.
    pub notes: Option<String>,
    /// Since when it is asked for.
    pub requested_at: Timestamp,
    /// Who asked.
    pub requested_by: String,
    /// When somebody answered.
    pub decided_at: Option<Timestamp>,
    /// Who.
    pub decided_by: Option<String>,
    /// What they said; of a rollback, why.
    pub decision_reason: Option<String>,
    /// When it last began to run there.
    pub deployed_at: Option<Timestamp>,
}

table!("prompt_deployments" => PromptDeployment {
    org_id, prompt_version_id, environment, agent_id, status, notes, requested_at, requested_by, decided_at, decided_by,
    decision_reason, deployed_at,
});

/// How a version stands in an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentStatus {
    /// It waits for somebody's yes.
    Pending,
    /// It runs.
    Deployed,
    /// Somebody said no.
    Rejected,
    /// It ran until another version was deployed.
    Replaced,
    /// It ran until an earlier version was taken again.
    RolledBack,
}

impl DeploymentStatus {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Deployed => "deployed",
            Self::Rejected => "rejected",
            Self::Replaced => "replaced",
            Self::RolledBack => "rolled_back",
        }
    }
}

/// A version and how it stands everywhere it was asked for, by environment.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// The version.
    pub version: PromptVersion,
    /// Its deployments.
    pub deployments: Vec<PromptDeployment>,
}

/// Which versions to list.
#[derive(Clone, Debug, Default)]
pub struct PromptFilter {
    /// Of this agent.
    pub agent: Option<AgentId>,
    /// Whether they run.
    pub deployed: Option<bool>,
    /// Where; anywhere if absent.
    pub environment: Option<String>,
}

impl Store {
    /// Makes an agent's next version: `new` but for its number. `None` when the agent has as many as it can have.
    pub async fn create_prompt_version(
        &self,
        new: &PromptVersion,
    ) -> Result<Option<Prompt>, StoreError> {
        const LAST: &str = "SELECT COALESCE(MAX(version_number), 0) AS n FROM prompt_versions WHERE org_id = $1 AND agent_id = $2";
        let mut tx = self.begin().await?;
        // Held by everybody who makes a version, so that no number is given twice.
        audit::lock_chain(&mut tx, new.org_id).await?;
        let last = tx.number(Query::new(LAST, params![new.org_id, new.agent_id])).await?;
        if last >= MOST_PROMPT_VERSIONS {
            return Ok(None);
        }
        let version = PromptVersion { version_number: last + 1, ..new.clone() };
        tx.insert(&version).await.noun("prompt version")?;
        let content = json!({
            "prompt": version.prompt, "systemPrompt": version.system_prompt, "modelName": version.model_name,
            "modelParameters": version.model_parameters.to_value(),
        });
        let digest = ActionDigest::of_context(&content).to_string();
        let more = json!({ "versionTag": version.version_tag, "contentDigest": digest });
        let (kind, actor) = (EventType::PromptVersionCreated, version.created_by.as_str());
        record(&mut tx, &version, kind, actor, version.created_at, more).await?;
        tx.commit().await?;
        Ok(Some(Prompt { version, deployments: Vec::new() }))
    }

    /// A version.
    pub async fn find_prompt_version(
        &self,
        org: OrgId,
        id: Uuid,
    ) -> Result<Option<Prompt>, StoreError> {
        let Some(version) = self.db().one(Query::new(FIND, params![org, id])).await? else {
            return Ok(None);
        };
        let deployments = self.db().all(Query::new(DEPLOYMENTS, params![org, id])).await?;
        Ok(Some(Prompt { version, deployments }))
    }

    /// Versions, newest first.
    pub async fn list_prompt_versions(
        &self,
        org: OrgId,
        filter: &PromptFilter,
        page: &PageRequest,
    ) -> Result<Page<Prompt>, StoreError> {
        const RUNS: &str =
            "EXISTS (SELECT 1 FROM prompt_deployments d WHERE d.org_id = prompt_versions.org_id
            AND d.prompt_version_id = prompt_versions.id AND d.status = 'deployed'";
        let mut query = Query::new("SELECT * FROM prompt_versions WHERE org_id = $1", params![org]);
        query.filter(" AND agent_id = ", filter.agent.as_ref());
        if let Some(deployed) = filter.deployed {
            query.push(if deployed { " AND " } else { " AND NOT " }).push(RUNS);
            query.filter(" AND d.environment = ", filter.environment.as_ref()).push(")");
        }
        query.newest_first("created_at", page)?;
        let rows = self.db().all::<PromptVersion>(query).await?;
        let deployments = self.deployments_of(org, &rows).await?;
        let page = Page::cut(rows, page.size(), None, |version| {
            Position::new(version.created_at, version.id)
        });
        Ok(page.map(|version| {
            let of_it = |one: &&PromptDeployment| one.prompt_version_id == version.id;
            let deployments = deployments.iter().filter(of_it).cloned().collect();
            Prompt { version, deployments }
        }))
    }

    async fn deployments_of(
        &self,
        org: OrgId,
        versions: &[PromptVersion],
    ) -> Result<Vec<PromptDeployment>, StoreError> {
        const SQL: &str =
            "SELECT * FROM prompt_deployments WHERE org_id = $1 AND prompt_version_id IN (";
        if versions.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = Query::new(SQL, params![org]);
        query.bind_params(versions.iter().flat_map(|version| params![version.id]).collect());
        query.push(") ORDER BY environment");
        self.db().all(query).await
    }
}

const FIND: &str = "SELECT * FROM prompt_versions WHERE org_id = $1 AND id = $2";
const DEPLOYMENTS: &str = "SELECT * FROM prompt_deployments WHERE org_id = $1 AND prompt_version_id = $2 ORDER BY environment";

/// A version as the transaction sees it.
async fn find(tx: &mut Tx<'_>, org: OrgId, id: Uuid) -> Result<Option<Prompt>, StoreError> {
    let Some(version) = tx.one(Query::new(FIND, params![org, id])).await? else { return Ok(None) };
    let deployments = tx.all(Query::new(DEPLOYMENTS, params![org, id])).await?;
    Ok(Some(Prompt { version, deployments }))
}

/// Writes what happened to a version into the audit log, and tells webhooks.
async fn record(
    tx: &mut Tx<'_>,
    version: &PromptVersion,
    kind: EventType,
    actor: &str,
    at: Timestamp,
    mut body: Value,
) -> Result<(), StoreError> {
    body["agentId"] = json!(version.agent_id);
    body["versionNumber"] = json!(version.version_number);
    let subject = format!("prompt_version:{}", version.id);
    let mut data = body.clone();
    data["promptVersionId"] = json!(version.id);
    data["actor"] = json!(actor);
    webhooks::emit(tx, version.org_id, kind, at, &subject, data).await?;
    let event = Event { at, actor, name: kind.as_str(), subject, body: body.into() };
    audit::append(tx, version.org_id, event).await.map(drop)
}
