//! Versions of agents: what an agent's registration was at a moment. A version never changes; which one is active is kept beside them.

use execlave_core::ids::{AgentId, OrgId};
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde_json::json;
use uuid::Uuid;

use crate::agents::Agent;
use crate::audit::{self, Event};
use crate::db::Tx;
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::page::{Page, PageRequest, Position};
use crate::{Json, Store, StoreError, webhooks};

/// How many versions an agent can have.
pub const MOST_AGENT_VERSIONS: i64 = 10_000;

/// One version of an agent; never changed.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentVersion {
    /// Whose agent.
    pub org_id: OrgId,
    /// The id.
    pub id: Uuid,
    /// Which agent.
    pub agent_id: AgentId,
    /// From 1, without gaps.
    pub version_number: i64,
    /// What its developers call it.
    pub version_label: Option<String>,
    /// What there is to say.
    pub notes: Option<String>,
    /// What else is known of it, as a JSON object.
    pub metadata: Json,
    /// The agent's registration.
    pub snapshot: Json,
    /// Since when.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
}

table!("agent_versions" => AgentVersion {
    org_id, id, agent_id, version_number, version_label, notes, metadata, snapshot, created_at, created_by,
});

/// Which version of an agent is active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveAgentVersion {
    /// Whose agent.
    pub org_id: OrgId,
    /// Which agent.
    pub agent_id: AgentId,
    /// Which version.
    pub version_id: Uuid,
    /// Since when.
    pub activated_at: Timestamp,
    /// Who said so.
    pub activated_by: String,
}

table!("active_agent_versions" => ActiveAgentVersion { org_id, agent_id, version_id, activated_at, activated_by });

impl Store {
    /// Makes an agent's next version: `new` but for its number and its snapshot, which is taken in the same transaction. `None` when
    /// the agent has as many as it can have. Audited.
    pub async fn create_agent_version(
        &self,
        new: &AgentVersion,
        activate: bool,
        snapshot: impl FnOnce(Agent) -> Json + Send,
    ) -> Result<Option<AgentVersion>, StoreError> {
        const AGENT: &str = "SELECT * FROM agents WHERE org_id = $1 AND id = $2";
        const LAST: &str = "SELECT COALESCE(MAX(version_number), 0) AS n FROM agent_versions WHERE org_id = $1 AND agent_id = $2";
        let which = || params![new.org_id, new.agent_id];
        let mut tx = self.begin().await?;
        // Held by everybody who makes a version or changes an agent, so that no number is given twice.
        audit::lock_chain(&mut tx, new.org_id).await?;
        let agent = tx.one::<Agent>(Query::new(AGENT, which())).await?;
        let agent = agent.ok_or(StoreError::InvalidReference("agent version"))?;
        let last = tx.number(Query::new(LAST, which())).await?;
        if last >= MOST_AGENT_VERSIONS {
            return Ok(None);
        }
        let version =
            AgentVersion { version_number: last + 1, snapshot: snapshot(agent), ..new.clone() };
        tx.insert(&version).await.noun("agent version")?;
        let (actor, at) = (version.created_by.as_str(), version.created_at);
        record(&mut tx, &version, EventType::AgentVersionCreated, actor, at).await?;
        if activate {
            set_active(&mut tx, &version, actor, at).await?;
        }
        tx.commit().await?;
        Ok(Some(version))
    }

    /// Makes a version the active one; audited. Doing it again changes nothing. `None` if there is no such version.
    pub async fn activate_agent_version(
        &self,
        org: OrgId,
        agent: AgentId,
        number: i64,
        actor: &str,
        now: Timestamp,
    ) -> Result<Option<AgentVersion>, StoreError> {
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let found = tx.one::<AgentVersion>(Query::new(FIND, params![org, agent, number])).await?;
        let Some(version) = found else { return Ok(None) };
        let active = tx.one::<ActiveAgentVersion>(Query::new(ACTIVE, params![org, agent])).await?;
        if active.is_none_or(|active| active.version_id != version.id) {
            set_active(&mut tx, &version, actor, now).await?;
            tx.commit().await?;
        }
        Ok(Some(version))
    }

    /// Which version of an agent is active, if any.
    pub async fn find_active_agent_version(
        &self,
        org: OrgId,
        agent: AgentId,
    ) -> Result<Option<ActiveAgentVersion>, StoreError> {
        self.db().one(Query::new(ACTIVE, params![org, agent])).await
    }

    /// A version of an agent.
    pub async fn find_agent_version(
        &self,
        org: OrgId,
        agent: AgentId,
        number: i64,
    ) -> Result<Option<AgentVersion>, StoreError> {
        self.db().one(Query::new(FIND, params![org, agent, number])).await
    }

    /// An agent's versions, newest first.
    pub async fn list_agent_versions(
        &self,
        org: OrgId,
        agent: AgentId,
        page: &PageRequest,
    ) -> Result<Page<AgentVersion>, StoreError> {
        const SQL: &str = "SELECT * FROM agent_versions WHERE org_id = $1 AND agent_id = $2";
        let mut query = Query::new(SQL, params![org, agent]);
        query.newest_first("version_number", page)?;
        let rows = self.db().all::<AgentVersion>(query).await?;
        Ok(Page::cut(rows, page.size(), None, |version| Position {
            at: version.version_number,
            id: version.id,
        }))
    }
}

const FIND: &str =
    "SELECT * FROM agent_versions WHERE org_id = $1 AND agent_id = $2 AND version_number = $3";
const ACTIVE: &str = "SELECT * FROM active_agent_versions WHERE org_id = $1 AND agent_id = $2";

async fn set_active(
    tx: &mut Tx<'_>,
    version: &AgentVersion,
    actor: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    const INSTEAD: &str = "
        ON CONFLICT (org_id, agent_id) DO UPDATE SET version_id = excluded.version_id, activated_at = excluded.activated_at,
            activated_by = excluded.activated_by";
    let active = ActiveAgentVersion {
        org_id: version.org_id,
        agent_id: version.agent_id,
        version_id: version.id,
        activated_at: at,
        activated_by: actor.to_owned(),
    };
    tx.upsert_all(&[&active], INSTEAD).await.noun("active agent version")?;
    record(tx, version, EventType::AgentVersionActivated, actor, at).await
}

async fn record(
    tx: &mut Tx<'_>,
    version: &AgentVersion,
    kind: EventType,
    actor: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let body = json!({
        "versionId": version.id, "versionNumber": version.version_number, "versionLabel": version.version_label,
        "metadata": version.metadata,
    });
    let subject = format!("agent:{}", version.agent_id);
    let mut data = body.clone();
    data["agentId"] = json!(version.agent_id);
    data["actor"] = json!(actor);
    webhooks::emit(tx, version.org_id, kind, at, &subject, data).await?;
    let event = Event { at, actor, name: kind.as_str(), subject, body: body.into() };
    audit::append(tx, version.org_id, event).await.map(drop)
}
