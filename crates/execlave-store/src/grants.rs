//! Grants: which agent may ask what of which other one. Without a grant the answer is no.

use execlave_core::ids::{AgentId, OrgId};
use execlave_core::time::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::audit::{self, Event};
use crate::db::Tx;
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::page::{Page, PageRequest, Position};
use crate::{Store, StoreError};

/// How many grants of one agent can be in force. One for each agent it calls is plenty.
pub const MOST_GRANTS: i64 = 1_000;

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Whose agents.
    pub org_id: OrgId,
    /// The id.
    pub id: Uuid,
    /// Who may call.
    pub caller_agent_id: AgentId,
    /// Whom.
    pub callee_agent_id: AgentId,
    /// What for.
    pub allowed_actions: Vec<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// Who gave it.
    pub created_by: String,
    /// Until when; absent for ever.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

table!("grants" => Grant {
    org_id, id, caller_agent_id, callee_agent_id, allowed_actions, created_at, created_by, expires_at, revoked_at,
});

impl Store {
    /// Gives a grant; audited. `None` when the caller has as many as it can have.
    pub async fn create_grant(&self, grant: &Grant) -> Result<Option<()>, StoreError> {
        const COUNT: &str = "
            SELECT count(*) AS n FROM grants
            WHERE org_id = $1 AND caller_agent_id = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3)";
        let mut tx = self.begin().await?;
        // Held by every change of grants, so that two of them do not both take the last place.
        audit::lock_chain(&mut tx, grant.org_id).await?;
        let given = params![grant.org_id, grant.caller_agent_id, grant.created_at];
        if tx.number(Query::new(COUNT, given)).await? >= MOST_GRANTS {
            return Ok(None);
        }
        tx.insert(grant).await.noun("grant")?;
        record(&mut tx, grant, "grant.created", &grant.created_by, grant.created_at).await?;
        tx.commit().await?;
        Ok(Some(()))
    }

    /// An agent's grants, newest first, revoked and expired ones included.
    pub async fn list_grants(
        &self,
        org: OrgId,
        caller: AgentId,
        page: &PageRequest,
    ) -> Result<Page<Grant>, StoreError> {
        const SQL: &str = "SELECT * FROM grants WHERE org_id = $1 AND caller_agent_id = $2";
        let mut query = Query::new(SQL, params![org, caller]);
        query.newest_first("created_at", page)?;
        let rows = self.db().all::<Grant>(query).await?;
        Ok(Page::cut(rows, page.size(), None, |grant| Position::new(grant.created_at, grant.id)))
    }

    /// Revokes one of an agent's grants; audited. Revoking it again changes nothing and answers the same.
    pub async fn revoke_grant(
        &self,
        org: OrgId,
        caller: AgentId,
        id: Uuid,
        actor: &str,
        now: Timestamp,
    ) -> Result<Option<Grant>, StoreError> {
        const FIND: &str =
            "SELECT * FROM grants WHERE org_id = $1 AND caller_agent_id = $2 AND id = $3";
        const REVOKE: &str = "
            UPDATE grants SET revoked_at = $4
            WHERE org_id = $1 AND caller_agent_id = $2 AND id = $3 AND revoked_at IS NULL RETURNING *";
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let revoked = tx.one::<Grant>(Query::new(REVOKE, params![org, caller, id, now])).await?;
        let Some(grant) = revoked else {
            return tx.one(Query::new(FIND, params![org, caller, id])).await;
        };
        record(&mut tx, &grant, "grant.revoked", actor, now).await?;
        tx.commit().await?;
        Ok(Some(grant))
    }

    /// The grants between two agents that are in force. Asked of the store each time, so that one which is revoked on another server is
    /// void at once.
    pub async fn grants_in_force(
        &self,
        org: OrgId,
        caller: AgentId,
        target: AgentId,
        now: Timestamp,
    ) -> Result<Vec<Grant>, StoreError> {
        const SQL: &str = "
            SELECT * FROM grants
            WHERE org_id = $1 AND caller_agent_id = $2 AND callee_agent_id = $3 AND revoked_at IS NULL
            AND (expires_at IS NULL OR expires_at > $4) ORDER BY created_at, id";
        self.db().all(Query::new(SQL, params![org, caller, target, now])).await
    }
}

async fn record(
    tx: &mut Tx<'_>,
    grant: &Grant,
    name: &'static str,
    actor: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let body = json!({
        "grantId": grant.id, "calleeAgentId": grant.callee_agent_id, "allowedActions": grant.allowed_actions,
        "expiresAt": grant.expires_at,
    });
    let subject = format!("agent:{}", grant.caller_agent_id);
    let event = Event { at, actor, name, subject, body: body.into() };
    audit::append(tx, grant.org_id, event).await.map(drop)
}
