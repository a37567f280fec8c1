//! The kill switch for many agents: all that carry a tag, all of an environment, or all there are, in one transaction.

use execlave_core::ids::OrgId;
use execlave_core::request::AgentStatus;
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde_json::json;

use super::{Agent, announce, tell};
use crate::audit::{self, Event};
use crate::changes::Change;
use crate::db::Tx;
use crate::db::query::{Query, params};
use crate::{Json, Store, StoreError, webhooks};

/// More changes are not announced one by one: everybody reads everything again, which is sooner done.
const ANNOUNCED: usize = 100;

/// Which agents; those that match all that is given, so all when nothing is.
#[derive(Clone, Debug, Default)]
pub struct AgentGroup {
    /// Among an agent's tags.
    pub tag: Option<String>,
    /// Exactly this environment.
    pub environment: Option<String>,
}

impl Store {
    /// Gives all agents of a group that are in status `from` another one, with one entry in the audit log that names them. The agents
    /// that changed, in the order of their ids; where nothing changes there is no entry. Pausing all of them also pauses whoever
    /// registers before all of them are resumed.
    pub async fn set_status_of_group(
        &self,
        org: OrgId,
        group: &AgentGroup,
        (from, to): (AgentStatus, AgentStatus),
        reason: Option<&str>,
        actor: &str,
        now: Timestamp,
    ) -> Result<Vec<Agent>, StoreError> {
        const SET: &str = "
            UPDATE agents SET status = $3, status_reason = $4, epoch = epoch + 1, status_changed_at = $5, updated_at = $5
            WHERE org_id = $1 AND status = $2";
        let mut query = Query::new(SET, params![org, from, to, reason, now]);
        query.filter(" AND environment = ", group.environment.as_ref());
        if let Some(tag) = &group.tag {
            query.push(" AND replace(tags, ").bind(Json::of(tag)).push(", '') <> tags");
        }
        query.push(" RETURNING *");
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let mut changed: Vec<Agent> = tx.all(query).await?;
        let covers_all = group.tag.is_none() && group.environment.is_none();
        let switched = covers_all && switch_org(&mut tx, org, to, reason, now).await?;
        if changed.is_empty() && !switched {
            return Ok(changed);
        }
        changed.sort_by_key(|agent| agent.id);
        let agents: Vec<String> = changed.iter().map(|agent| agent.id.to_string()).collect();
        let event = Event {
            at: now,
            actor,
            name: "agents.status_updated",
            subject: format!("org:{org}"),
            body: json!({
                "status": to, "reason": reason, "tag": group.tag, "environment": group.environment, "agents": agents,
            })
            .into(),
        };
        audit::append(&mut tx, org, event).await?;
        let kind = if to == AgentStatus::Paused {
            EventType::AgentPaused
        } else {
            EventType::AgentResumed
        };
        if webhooks::is_wanted(&mut tx, org, kind).await? {
            for agent in &changed {
                let data = json!({ "reason": reason, "epoch": agent.epoch });
                tell(&mut tx, agent, kind, actor, now, data).await?;
            }
        }
        if changed.len() > ANNOUNCED {
            tx.announce(Change::Resync).await?;
        } else {
            for agent in &changed {
                announce(&mut tx, org, agent.id).await?;
            }
        }
        tx.commit().await?;
        Ok(changed)
    }

    /// Records how long a drill of the kill switch took, in milliseconds; only in the audit log. Gives back the entry's place there.
    pub async fn record_drill(
        &self,
        agent: &Agent,
        (pause_ms, resume_ms): (f64, f64),
        actor: &str,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, agent.org_id).await?;
        let event = Event {
            at: now,
            actor,
            name: "agent.drilled",
            subject: format!("agent:{}", agent.id),
            body: json!({ "pauseMs": pause_ms, "resumeMs": resume_ms }).into(),
        };
        let place = audit::append(&mut tx, agent.org_id, event).await?;
        tx.commit().await?;
        Ok(place)
    }
}

/// Remembers that an organisation is paused, or no more; whether that is news.
async fn switch_org(
    tx: &mut Tx<'_>,
    org: OrgId,
    to: AgentStatus,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const PAUSE: &str =
        "UPDATE orgs SET paused_at = $2, paused_reason = $3 WHERE id = $1 AND paused_at IS NULL";
    const RESUME: &str = "UPDATE orgs SET paused_at = NULL, paused_reason = NULL WHERE id = $1 AND paused_at IS NOT NULL";
    let query = if to == AgentStatus::Paused {
        Query::new(PAUSE, params![org, now, reason])
    } else {
        Query::new(RESUME, params![org])
    };
    Ok(tx.execute(query).await? > 0)
}
