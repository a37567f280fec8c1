//! Credentials of agents that are void before their end. What was issued is not kept: a credential proves itself by its signature.

use execlave_core::ids::{AgentId, OrgId};
use execlave_core::time::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::agents::Agent;
use crate::audit::{self, Event};
use crate::changes::{Change, Noun};
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::{Store, StoreError};

/// One credential that is void.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedCredential {
    /// Whose agent's.
    pub org_id: OrgId,
    /// The credential's `jti`.
    pub id: Uuid,
    /// The agent it was issued to.
    pub agent_id: AgentId,
    /// Since when.
    pub revoked_at: Timestamp,
    /// No credential of that id can be good any more.
    pub expires_at: Timestamp,
}

table!("revoked_credentials" => RevokedCredential { org_id, id, agent_id, revoked_at, expires_at });

impl Store {
    /// Makes a credential void; audited. Doing it again changes nothing and answers the same.
    pub async fn revoke_credential(
        &self,
        revoked: &RevokedCredential,
        actor: &str,
    ) -> Result<RevokedCredential, StoreError> {
        const FIND: &str = "SELECT * FROM revoked_credentials WHERE org_id = $1 AND id = $2";
        const ONCE: &str = "ON CONFLICT (org_id, id) DO NOTHING";
        let (org, id) = (revoked.org_id, revoked.id);
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        if !tx.insert_unless(revoked, ONCE).await.noun("credential")? {
            let known = tx.one(Query::new(FIND, params![org, id])).await?;
            return Ok(known.unwrap_or_else(|| revoked.clone()));
        }
        let event = Event {
            at: revoked.revoked_at,
            actor,
            name: "credential.revoked",
            subject: format!("agent:{}", revoked.agent_id),
            body: json!({ "jti": id }).into(),
        };
        audit::append(&mut tx, org, event).await?;
        tx.announce(Change::Row { org_id: org, noun: Noun::Credential, id }).await?;
        tx.commit().await?;
        Ok(revoked.clone())
    }

    /// Makes every credential of an agent void that was issued before; audited. `None` if there is no such agent.
    pub async fn revoke_credentials(
        &self,
        org: OrgId,
        agent: AgentId,
        actor: &str,
        now: Timestamp,
    ) -> Result<Option<Agent>, StoreError> {
        const NEXT: &str = "UPDATE agents SET credential_generation = credential_generation + 1 WHERE org_id = $1 AND id = $2 RETURNING *";
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let Some(changed) = tx.one::<Agent>(Query::new(NEXT, params![org, agent])).await? else {
            return Ok(None);
        };
        let event = Event {
            at: now,
            actor,
            name: "credential.all_revoked",
            subject: format!("agent:{agent}"),
            body: json!({ "generation": changed.credential_generation }).into(),
        };
        audit::append(&mut tx, org, event).await?;
        tx.announce(Change::Row { org_id: org, noun: Noun::Agent, id: agent.as_uuid() }).await?;
        tx.commit().await?;
        Ok(Some(changed))
    }

    /// A credential, if it is void.
    pub async fn find_revoked_credential(
        &self,
        org: OrgId,
        id: Uuid,
    ) -> Result<Option<RevokedCredential>, StoreError> {
        const SQL: &str = "SELECT * FROM revoked_credentials WHERE org_id = $1 AND id = $2";
        self.db().one(Query::new(SQL, params![org, id])).await
    }

    /// Every one, to be kept in memory.
    pub async fn list_revoked_credentials_across_orgs(
        &self,
    ) -> Result<Vec<RevokedCredential>, StoreError> {
        self.db().all(Query::new("SELECT * FROM revoked_credentials", params![])).await
    }

    /// Forgets those that would have ended by themselves.
    pub async fn forget_revoked_credentials_across_orgs(
        &self,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM revoked_credentials WHERE expires_at <= $1";
        let mut tx = self.begin().await?;
        tx.execute(Query::new(SQL, params![now])).await?;
        tx.commit().await
    }
}
