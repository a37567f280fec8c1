//! Agents: who is governed. The status carries an epoch that only grows, so that a decision made under an older one can be told.

mod group;

pub use group::AgentGroup;

use execlave_core::ids::{AgentId, OrgId};
use execlave_core::request::AgentStatus;
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::audit::{self, Event};
use crate::changes::{Change, Noun};
use crate::db::Tx;
use crate::db::column::table;
use crate::db::query::{Query, containing, params};
use crate::error::WithNoun as _;
use crate::keys::sorted;
use crate::page::{Page, PageRequest, Position};
use crate::webhooks;
use crate::{Json, Store, StoreError};

/// What a trace that reports a success must prove.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeStrictness {
    /// Nothing.
    #[default]
    None,
    /// Evidence that claims a confirmation must say what was confirmed.
    Standard,
    /// The effect was confirmed.
    Strict,
}

impl OutcomeStrictness {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Standard => "standard",
            Self::Strict => "strict",
        }
    }
}

/// An agent.
#[derive(Clone, Debug)]
pub struct Agent {
    /// Whose agent.
    pub org_id: OrgId,
    /// The id.
    pub id: AgentId,
    /// What its developers call it; unique per environment.
    pub agent_id: String,
    /// Its name for people.
    pub name: String,
    /// Its `type` on the wire.
    pub kind: String,
    /// What it is built with.
    pub platform: String,
    /// Where it runs.
    pub environment: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whom to ask.
    pub owner_email: Option<String>,
    /// What it may read.
    pub allowed_data_sources: Vec<String>,
    /// What it may do; globs.
    pub allowed_actions: Vec<String>,
    /// What a human must allow; globs.
    pub requires_human_approval_for: Vec<String>,
    /// Labels that policies select by.
    pub tags: Vec<String>,
    /// Free.
    pub metadata: Json,
    /// How much it does on its own.
    pub autonomy_level: Option<String>,
    /// What a reported success must prove.
    pub outcome_strictness: OutcomeStrictness,
    /// The share of attacks it withstood in red teaming, in thousandths.
    pub red_team_score: Option<i64>,
    /// When that was found out.
    pub red_team_scored_at: Option<Timestamp>,
    /// Whether it may act.
    pub status: AgentStatus,
    /// Why it has this status.
    pub status_reason: Option<String>,
    /// Grows with every change of status.
    pub epoch: i64,
    /// Since when it has this status.
    pub status_changed_at: Timestamp,
    /// Grows when all its credentials are revoked: those of an earlier generation are void.
    pub credential_generation: i64,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last changed or registered.
    pub updated_at: Timestamp,
    /// When it last called, within a minute or so.
    pub last_seen_at: Option<Timestamp>,
}

table!("agents" => Agent {
    org_id, id, agent_id, name, kind, platform, environment, description, owner_email, allowed_data_sources, allowed_actions,
    requires_human_approval_for, tags, metadata, autonomy_level, outcome_strictness, red_team_score,
    red_team_scored_at, status, status_reason, epoch, status_changed_at, credential_generation, created_at,
    updated_at, last_seen_at,
});

/// A registration; the fields are those of [`Agent`]. `id` is used if the agent is new.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "documented at `Agent`")]
pub struct NewAgent {
    pub id: AgentId,
    pub agent_id: String,
    pub name: String,
    pub kind: String,
    pub platform: String,
    pub environment: String,
    pub description: Option<String>,
    pub owner_email: Option<String>,
    pub allowed_data_sources: Vec<String>,
    pub allowed_actions: Vec<String>,
    pub requires_human_approval_for: Vec<String>,
    pub tags: Vec<String>,
    pub metadata: Json,
    pub autonomy_level: Option<String>,
    pub outcome_strictness: OutcomeStrictness,
}

/// What to change of an agent: `None` leaves a field, `Some(None)` empties it.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "documented at `Agent`")]
pub struct AgentPatch {
    pub name: Option<String>,
    pub kind: Option<String>,
    pub platform: Option<String>,
    pub description: Option<Option<String>>,
    pub owner_email: Option<Option<String>>,
    pub allowed_data_sources: Option<Vec<String>>,
    pub allowed_actions: Option<Vec<String>>,
    pub requires_human_approval_for: Option<Vec<String>>,
    pub tags: Option<Vec<String>>,
    pub metadata: Option<Json>,
    pub autonomy_level: Option<Option<String>>,
    pub outcome_strictness: Option<OutcomeStrictness>,
}

/// Which agents to list.
#[derive(Clone, Debug, Default)]
pub struct AgentFilter {
    /// Part of the external id or the name, whatever the case of its letters.
    pub search: Option<String>,
    /// Exactly this status.
    pub status: Option<AgentStatus>,
    /// Exactly this environment.
    pub environment: Option<String>,
    /// Among its tags.
    pub tag: Option<String>,
}

impl Store {
    /// Registers an agent, or updates what is registered under the same external id and environment; id, status, epoch and time of
    /// creation stay. Also says whether it is new.
    pub async fn register_agent(
        &self,
        org: OrgId,
        new: &NewAgent,
        actor: &str,
        now: Timestamp,
    ) -> Result<(Agent, bool), StoreError> {
        const UPSERT: &str = "
            INSERT INTO agents (org_id, id, agent_id, name, kind, platform, environment, description, owner_email, allowed_data_sources,
                allowed_actions, requires_human_approval_for, tags, metadata, autonomy_level, outcome_strictness, status, status_reason,
                epoch, status_changed_at, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
                CASE WHEN (SELECT paused_at FROM orgs WHERE id = $1) IS NULL THEN 'active' ELSE 'paused' END,
                (SELECT paused_reason FROM orgs WHERE id = $1), 1, $17, $17, $17)
            ON CONFLICT (org_id, agent_id, environment) DO UPDATE SET
                name = excluded.name, kind = excluded.kind, platform = excluded.platform, description = excluded.description,
                owner_email = excluded.owner_email, allowed_data_sources = excluded.allowed_data_sources,
                allowed_actions = excluded.allowed_actions, requires_human_approval_for = excluded.requires_human_approval_for,
                tags = excluded.tags, metadata = excluded.metadata, autonomy_level = excluded.autonomy_level,
                outcome_strictness = excluded.outcome_strictness, updated_at = excluded.updated_at
            RETURNING *";
        let upsert = params![
            org,
            new.id,
            new.agent_id,
            new.name,
            new.kind,
            new.platform,
            new.environment,
            new.description,
            new.owner_email,
            new.allowed_data_sources,
            new.allowed_actions,
            new.requires_human_approval_for,
            new.tags,
            new.metadata,
            new.autonomy_level,
            new.outcome_strictness,
            now,
        ];
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let agent = tx
            .one::<Agent>(Query::new(UPSERT, upsert))
            .await
            .noun("agent")?
            .ok_or(StoreError::InvalidReference("agent"))?;
        let created = agent.id == new.id;
        if created {
            let body =
                json!({ "agentId": agent.agent_id, "environment": agent.environment }).into();
            audit::append(
                &mut tx,
                org,
                Event {
                    at: now,
                    actor,
                    name: "agent.registered",
                    subject: format!("agent:{}", agent.id),
                    body,
                },
            )
            .await?;
        }
        if created {
            tell(&mut tx, &agent, EventType::AgentRegistered, actor, now, json!({})).await?;
        }
        announce(&mut tx, org, agent.id).await?;
        tx.commit().await?;
        Ok((agent, created))
    }

    /// An agent.
    pub async fn find_agent(&self, org: OrgId, id: AgentId) -> Result<Option<Agent>, StoreError> {
        self.db().one(Query::new(FIND, params![org, id])).await
    }

    /// The agents of that external id, one per environment, oldest first.
    pub async fn find_agents_by_external_id(
        &self,
        org: OrgId,
        external_id: &str,
    ) -> Result<Vec<Agent>, StoreError> {
        const SQL: &str =
            "SELECT * FROM agents WHERE org_id = $1 AND agent_id = $2 ORDER BY created_at, id";
        self.db().all(Query::new(SQL, params![org, external_id])).await
    }

    /// Agents, newest first.
    pub async fn list_agents(
        &self,
        org: OrgId,
        filter: &AgentFilter,
        page: &PageRequest,
    ) -> Result<Page<Agent>, StoreError> {
        let mut count =
            Query::new("SELECT count(*) AS n FROM agents WHERE org_id = $1", params![org]);
        let mut query = Query::new("SELECT * FROM agents WHERE org_id = $1", params![org]);
        for query in [&mut count, &mut query] {
            if let Some(search) = &filter.search {
                let pattern = containing(search);
                query
                    .push(" AND (lower(agent_id) LIKE lower(")
                    .bind(&pattern)
                    .push(") ESCAPE '\\' OR lower(name) LIKE lower(");
                query.bind(&pattern).push(") ESCAPE '\\')");
            }
            query
                .filter(" AND status = ", filter.status.as_ref())
                .filter(" AND environment = ", filter.environment.as_ref());
            if let Some(tag) = &filter.tag {
                // The list is JSON text, in which a whole element is the only place for its quoted form. `LIKE` would ignore case
                // on SQLite.
                query.push(" AND replace(tags, ").bind(Json::of(tag)).push(", '') <> tags");
            }
        }
        query.newest_first("created_at", page)?;
        let total = self.db().number(count).await?;
        let rows = self.db().all::<Agent>(query).await?;
        Ok(Page::cut(rows, page.size(), Some(total), |agent| {
            Position::new(agent.created_at, agent.id.as_uuid())
        }))
    }

    /// Changes what a patch names.
    pub async fn update_agent(
        &self,
        org: OrgId,
        id: AgentId,
        patch: &AgentPatch,
        actor: &str,
        now: Timestamp,
    ) -> Result<Option<Agent>, StoreError> {
        let mut query = Query::new("UPDATE agents SET updated_at = $1", params![now]);
        let mut changed = Vec::new();
        let mut set = |column: &'static str, value: Option<crate::db::column::Param>| {
            if let Some(value) = value {
                changed.push(column);
                query.push(&format!(", {column} = ")).bind_params(vec![value]);
            }
        };
        set("name", param(patch.name.as_ref()));
        set("kind", param(patch.kind.as_ref()));
        set("platform", param(patch.platform.as_ref()));
        set("description", param(patch.description.as_ref()));
        set("owner_email", param(patch.owner_email.as_ref()));
        set("allowed_data_sources", param(patch.allowed_data_sources.as_ref()));
        set("allowed_actions", param(patch.allowed_actions.as_ref()));
        set("requires_human_approval_for", param(patch.requires_human_approval_for.as_ref()));
        set("tags", param(patch.tags.as_ref()));
        set("metadata", param(patch.metadata.as_ref()));
        set("autonomy_level", param(patch.autonomy_level.as_ref()));
        set("outcome_strictness", param(patch.outcome_strictness.as_ref()));
        if changed.is_empty() {
            return self.find_agent(org, id).await;
        }
        query.push(" WHERE org_id = ").bind(org).push(" AND id = ").bind(id).push(" RETURNING *");
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let Some(agent) = tx.one::<Agent>(query).await? else { return Ok(None) };
        let body = json!({ "changed": changed }).into();
        audit::append(
            &mut tx,
            org,
            Event { at: now, actor, name: "agent.updated", subject: format!("agent:{id}"), body },
        )
        .await?;
        let data = json!({ "changed": changed });
        tell(&mut tx, &agent, EventType::AgentUpdated, actor, now, data).await?;
        announce(&mut tx, org, id).await?;
        tx.commit().await?;
        Ok(Some(agent))
    }

    /// Gives an agent a status. A different one raises the epoch and is audited; the same one changes nothing. `None` if there is no
    /// such agent.
    pub async fn set_agent_status(
        &self,
        org: OrgId,
        id: AgentId,
        status: AgentStatus,
        reason: Option<&str>,
        actor: &str,
        now: Timestamp,
    ) -> Result<Option<Agent>, StoreError> {
        const SET: &str = "
            UPDATE agents SET status = $3, status_reason = $4, epoch = epoch + 1, status_changed_at = $5, updated_at = $5
            WHERE org_id = $1 AND id = $2 AND status <> $3 RETURNING *";
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let Some(agent) =
            tx.one::<Agent>(Query::new(SET, params![org, id, status, reason, now])).await?
        else {
            return tx.one(Query::new(FIND, params![org, id])).await;
        };
        let body = json!({ "status": status, "reason": reason, "epoch": agent.epoch }).into();
        audit::append(
            &mut tx,
            org,
            Event {
                at: now,
                actor,
                name: "agent.status_updated",
                subject: format!("agent:{id}"),
                body,
            },
        )
        .await?;
        let kind = match status {
            AgentStatus::Paused => EventType::AgentPaused,
            AgentStatus::Active => EventType::AgentResumed,
            AgentStatus::Inactive | AgentStatus::Archived | AgentStatus::Error => {
                EventType::AgentUpdated
            }
        };
        let data = json!({ "reason": reason, "epoch": agent.epoch });
        tell(&mut tx, &agent, kind, actor, now, data).await?;
        announce(&mut tx, org, id).await?;
        tx.commit().await?;
        Ok(Some(agent))
    }

    /// Records what red teaming found out; audited. `None` if there is no such agent.
    pub async fn set_red_team_score(
        &self,
        org: OrgId,
        id: AgentId,
        thousandths: i64,
        actor: &str,
        now: Timestamp,
    ) -> Result<Option<Agent>, StoreError> {
        const SET: &str = "
            UPDATE agents SET red_team_score = $3, red_team_scored_at = $4, updated_at = $4 WHERE org_id = $1 AND id = $2 RETURNING *";
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let set = Query::new(SET, params![org, id, thousandths, now]);
        let Some(agent) = tx.one::<Agent>(set).await? else { return Ok(None) };
        let event = Event {
            at: now,
            actor,
            name: "agent.red_team_scored",
            subject: format!("agent:{id}"),
            body: json!({ "thousandths": thousandths }).into(),
        };
        audit::append(&mut tx, org, event).await?;
        let data = json!({ "thousandths": thousandths });
        tell(&mut tx, &agent, EventType::AgentRedTeamScored, actor, now, data).await?;
        announce(&mut tx, org, id).await?;
        tx.commit().await?;
        Ok(Some(agent))
    }

    /// Records when agents last called. An older time never replaces a newer one.
    pub async fn touch_agents(
        &self,
        seen: &[(OrgId, AgentId, Timestamp)],
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE agents SET last_seen_at = $3 WHERE org_id = $1 AND id = $2 AND (last_seen_at IS NULL OR last_seen_at < $3)";
        if seen.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for (org, id, at) in sorted(seen) {
            tx.execute(Query::new(SQL, params![org, id, at])).await?;
        }
        tx.commit().await
    }

    /// Every agent, oldest first, to be kept in memory.
    pub async fn list_agents_across_orgs(&self) -> Result<Vec<Agent>, StoreError> {
        const SQL: &str = "SELECT * FROM agents ORDER BY created_at, id";
        self.db().all(Query::new(SQL, params![])).await
    }
}

const FIND: &str = "SELECT * FROM agents WHERE org_id = $1 AND id = $2";

fn param<T: crate::db::column::ToParam>(value: Option<&T>) -> Option<crate::db::column::Param> {
    value.map(crate::db::column::ToParam::param)
}

async fn announce(tx: &mut Tx<'_>, org: OrgId, id: AgentId) -> Result<(), StoreError> {
    tx.announce(Change::Row { org_id: org, noun: Noun::Agent, id: id.as_uuid() }).await
}

/// Tells webhooks what became of an agent.
async fn tell(
    tx: &mut Tx<'_>,
    agent: &Agent,
    kind: EventType,
    actor: &str,
    at: Timestamp,
    mut data: serde_json::Value,
) -> Result<(), StoreError> {
    data["id"] = json!(agent.id);
    data["agentId"] = json!(agent.agent_id);
    data["name"] = json!(agent.name);
    data["environment"] = json!(agent.environment);
    data["status"] = json!(agent.status);
    data["actor"] = json!(actor);
    webhooks::emit(tx, agent.org_id, kind, at, &format!("agent:{}", agent.id), data).await
}
