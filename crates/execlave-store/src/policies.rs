//! Policies and every version they ever had.
//!
//! A document is stored as it was accepted and is not interpreted here: one that a later release cannot read must not keep the others
//! from loading.

use execlave_core::ids::{OrgId, PolicyId};
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::audit::{self, Event};
use crate::changes::{Change, Noun};
use crate::db::Tx;
use crate::db::column::{Record, Row, table};
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::page::{Page, PageRequest, Position};
use crate::webhooks;
use crate::{Json, Store, StoreError};

/// A policy in its latest version.
#[derive(Clone, Debug)]
pub struct PolicyRecord {
    /// Whose policy.
    pub org_id: OrgId,
    /// The id.
    pub id: PolicyId,
    /// From 1; every change adds one.
    pub version: i64,
    /// Unique in the organisation.
    pub name: String,
    /// Its `policyType`.
    pub policy_type: String,
    /// Whether it is evaluated.
    pub is_active: bool,
    /// The whole policy, as users write it.
    pub document: Json,
    /// Since when.
    pub created_at: Timestamp,
    /// When this version was made.
    pub updated_at: Timestamp,
}

table!("policies" => PolicyRecord { org_id, id, version, name, policy_type, is_active, document, created_at, updated_at });

/// What a user wants a policy to be; name, type and activity repeat what the document says, to be searched by.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "documented at `PolicyRecord`")]
pub struct PolicyDraft {
    pub name: String,
    pub policy_type: String,
    pub is_active: bool,
    pub document: Json,
}

/// One version of a policy; never changed, and kept when the policy is deleted.
#[derive(Clone, Debug)]
pub struct PolicyVersion {
    /// Whose policy.
    pub org_id: OrgId,
    /// Which policy.
    pub policy_id: PolicyId,
    /// Which version.
    pub version: i64,
    /// What made it.
    pub event: PolicyEvent,
    /// The policy as of this version.
    pub document: Json,
    /// Who made it.
    pub actor: String,
    /// When.
    pub created_at: Timestamp,
}

table!("policy_versions" => PolicyVersion { org_id, policy_id, version, event, document, actor, created_at });

/// What makes a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyEvent {
    /// The first version.
    Created,
    /// A change.
    Updated,
    /// The last one.
    Deleted,
}

impl PolicyEvent {
    fn audited(self) -> &'static str {
        match self {
            Self::Created => "policy.created",
            Self::Updated => "policy.updated",
            Self::Deleted => "policy.deleted",
        }
    }
}

struct Epoch(OrgId, i64);

impl Record for Epoch {
    fn read(row: Row<'_>) -> Result<Self, StoreError> {
        Ok(Self(row.get("policy_versions", "org_id")?, row.get("policy_versions", "n")?))
    }
}

impl Store {
    /// Creates a policy; a name that is taken is a conflict.
    pub async fn create_policy(
        &self,
        org: OrgId,
        id: PolicyId,
        draft: &PolicyDraft,
        actor: &str,
        now: Timestamp,
    ) -> Result<PolicyRecord, StoreError> {
        let PolicyDraft { name, policy_type, is_active, document } = draft.clone();
        let policy = PolicyRecord {
            org_id: org,
            id,
            version: 1,
            name,
            policy_type,
            is_active,
            document,
            created_at: now,
            updated_at: now,
        };
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        tx.insert(&policy).await.noun("policy name")?;
        record(&mut tx, &policy, PolicyEvent::Created, actor).await?;
        tx.commit().await?;
        Ok(policy)
    }

    /// Replaces a policy by its next version. `None` if there is no such policy.
    pub async fn update_policy(
        &self,
        org: OrgId,
        id: PolicyId,
        draft: &PolicyDraft,
        actor: &str,
        now: Timestamp,
    ) -> Result<Option<PolicyRecord>, StoreError> {
        const UPDATE: &str = "
            UPDATE policies SET version = version + 1, name = $3, policy_type = $4, is_active = $5, document = $6, updated_at = $7
            WHERE org_id = $1 AND id = $2 RETURNING *";
        let update =
            params![org, id, draft.name, draft.policy_type, draft.is_active, draft.document, now];
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let Some(policy) =
            tx.one::<PolicyRecord>(Query::new(UPDATE, update)).await.noun("policy name")?
        else {
            return Ok(None);
        };
        record(&mut tx, &policy, PolicyEvent::Updated, actor).await?;
        tx.commit().await?;
        Ok(Some(policy))
    }

    /// Deletes a policy; whether there was one. Its versions stay, with one more that records the deletion.
    pub async fn delete_policy(
        &self,
        org: OrgId,
        id: PolicyId,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const DELETE: &str = "DELETE FROM policies WHERE org_id = $1 AND id = $2 RETURNING *";
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let Some(policy) = tx.one::<PolicyRecord>(Query::new(DELETE, params![org, id])).await?
        else {
            return Ok(false);
        };
        let last = PolicyRecord { version: policy.version + 1, updated_at: now, ..policy };
        record(&mut tx, &last, PolicyEvent::Deleted, actor).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// How many versions of policies an organisation has ever had: grows with every change and with nothing else.
    pub async fn policy_epoch(&self, org: OrgId) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT count(*) AS n FROM policy_versions WHERE org_id = $1";
        self.db().number(Query::new(SQL, params![org])).await
    }

    /// Every organisation's epoch, see [`Store::policy_epoch`]; one without any policy ever is left out.
    pub async fn policy_epochs_across_orgs(&self) -> Result<Vec<(OrgId, i64)>, StoreError> {
        const SQL: &str = "SELECT org_id, count(*) AS n FROM policy_versions GROUP BY org_id";
        let rows = self.db().all::<Epoch>(Query::new(SQL, params![])).await?;
        Ok(rows.into_iter().map(|Epoch(org, epoch)| (org, epoch)).collect())
    }

    /// A policy.
    pub async fn find_policy(
        &self,
        org: OrgId,
        id: PolicyId,
    ) -> Result<Option<PolicyRecord>, StoreError> {
        const SQL: &str = "SELECT * FROM policies WHERE org_id = $1 AND id = $2";
        self.db().one(Query::new(SQL, params![org, id])).await
    }

    /// Policies, newest first.
    pub async fn list_policies(
        &self,
        org: OrgId,
        page: &PageRequest,
    ) -> Result<Page<PolicyRecord>, StoreError> {
        const COUNT: &str = "SELECT count(*) AS n FROM policies WHERE org_id = $1";
        let mut query = Query::new("SELECT * FROM policies WHERE org_id = $1", params![org]);
        query.newest_first("created_at", page)?;
        let total = self.db().number(Query::new(COUNT, params![org])).await?;
        let rows = self.db().all::<PolicyRecord>(query).await?;
        Ok(Page::cut(rows, page.size(), Some(total), |policy| {
            Position::new(policy.created_at, policy.id.as_uuid())
        }))
    }

    /// Every policy of one organisation, oldest first: what is compiled to evaluate its actions.
    pub async fn all_policies(&self, org: OrgId) -> Result<Vec<PolicyRecord>, StoreError> {
        const SQL: &str = "SELECT * FROM policies WHERE org_id = $1 ORDER BY created_at, id";
        self.db().all(Query::new(SQL, params![org])).await
    }

    /// Every version of a policy, newest first, also of one that was deleted.
    pub async fn list_policy_versions(
        &self,
        org: OrgId,
        id: PolicyId,
    ) -> Result<Vec<PolicyVersion>, StoreError> {
        const SQL: &str = "SELECT * FROM policy_versions WHERE org_id = $1 AND policy_id = $2 ORDER BY version DESC";
        self.db().all(Query::new(SQL, params![org, id])).await
    }

    /// One version of a policy.
    pub async fn find_policy_version(
        &self,
        org: OrgId,
        id: PolicyId,
        version: i64,
    ) -> Result<Option<PolicyVersion>, StoreError> {
        const SQL: &str =
            "SELECT * FROM policy_versions WHERE org_id = $1 AND policy_id = $2 AND version = $3";
        self.db().one(Query::new(SQL, params![org, id, version])).await
    }

    /// Every policy, to be compiled at start.
    pub async fn list_policies_across_orgs(&self) -> Result<Vec<PolicyRecord>, StoreError> {
        const SQL: &str = "SELECT * FROM policies ORDER BY org_id, created_at, id";
        self.db().all(Query::new(SQL, params![])).await
    }
}

/// Writes the version row, the audit entry and the notice of a change.
async fn record(
    tx: &mut Tx<'_>,
    policy: &PolicyRecord,
    event: PolicyEvent,
    actor: &str,
) -> Result<(), StoreError> {
    let PolicyRecord { org_id, id: policy_id, version, updated_at: at, .. } = *policy;
    let row = PolicyVersion {
        org_id,
        policy_id,
        version,
        event,
        document: policy.document.clone(),
        actor: actor.to_owned(),
        created_at: at,
    };
    tx.insert(&row).await.noun("policy version")?;
    let body = json!({ "name": policy.name, "version": version }).into();
    audit::append(
        tx,
        org_id,
        Event { at, actor, name: event.audited(), subject: format!("policy:{policy_id}"), body },
    )
    .await?;
    let kind = match event {
        PolicyEvent::Created => EventType::PolicyCreated,
        PolicyEvent::Updated => EventType::PolicyUpdated,
        PolicyEvent::Deleted => EventType::PolicyDeleted,
    };
    let data = json!({
        "policyId": policy_id, "policyName": policy.name, "policyType": policy.policy_type, "version": version,
        "isActive": policy.is_active, "actor": actor,
    });
    webhooks::emit(tx, org_id, kind, at, &format!("policy:{policy_id}"), data).await?;
    tx.announce(Change::Row { org_id, noun: Noun::Policy, id: policy_id.as_uuid() }).await
}
