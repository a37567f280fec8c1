//! Custom validators: addresses outside that are asked about actions.

use std::fmt;

use execlave_core::ids::OrgId;
use execlave_core::policy::FailureMode;
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde_json::json;
use uuid::Uuid;

use crate::audit::{self, Event};
use crate::changes::{Change, Noun};
use crate::db::Tx;
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::page::{Page, PageRequest, Position};
use crate::{Store, StoreError, webhooks};

/// One validator.
#[derive(Clone, PartialEq, Eq)]
pub struct Validator {
    /// Whose.
    pub org_id: OrgId,
    /// The id.
    pub id: Uuid,
    /// Unique in the organisation.
    pub name: String,
    /// Where it is asked.
    pub url: String,
    /// What requests to it are signed with.
    pub secret: String,
    /// How long it may take.
    pub timeout_ms: i64,
    /// What its silence means.
    pub fail_mode: FailureMode,
    /// Whether it is asked.
    pub is_active: bool,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

table!("validators" => Validator { org_id, id, name, url, secret, timeout_ms, fail_mode, is_active, created_at, updated_at });

/// Without the secret.
impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator")
            .field("org_id", &self.org_id)
            .field("id", &self.id)
            .field("name", &self.name)
            .field("url", &self.url)
            .field("timeout_ms", &self.timeout_ms)
            .field("fail_mode", &self.fail_mode)
            .field("is_active", &self.is_active)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Creates a validator; a name that is taken is a conflict. Audited.
    pub async fn create_validator(&self, new: &Validator, actor: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, new.org_id).await?;
        tx.insert(new).await.noun("validator name")?;
        record(&mut tx, new, EventType::ValidatorCreated, actor, new.created_at).await?;
        tx.commit().await
    }

    /// Replaces a validator; whether there is one. Who made it when stays.
    pub async fn update_validator(
        &self,
        changed: &Validator,
        actor: &str,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "
            UPDATE validators SET name = $3, url = $4, secret = $5, timeout_ms = $6, fail_mode = $7, is_active = $8, updated_at = $9
            WHERE org_id = $1 AND id = $2";
        let update = params![
            changed.org_id,
            changed.id,
            changed.name,
            changed.url,
            changed.secret,
            changed.timeout_ms,
            changed.fail_mode,
            changed.is_active,
            changed.updated_at,
        ];
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, changed.org_id).await?;
        if tx.execute(Query::new(SQL, update)).await.noun("validator name")? == 0 {
            return Ok(false);
        }
        record(&mut tx, changed, EventType::ValidatorUpdated, actor, changed.updated_at).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes a validator; whether there was one.
    pub async fn delete_validator(
        &self,
        org: OrgId,
        id: Uuid,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "DELETE FROM validators WHERE org_id = $1 AND id = $2 RETURNING *";
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let Some(gone) = tx.one::<Validator>(Query::new(SQL, params![org, id])).await? else {
            return Ok(false);
        };
        record(&mut tx, &gone, EventType::ValidatorDeleted, actor, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// A validator.
    pub async fn find_validator(
        &self,
        org: OrgId,
        id: Uuid,
    ) -> Result<Option<Validator>, StoreError> {
        const SQL: &str = "SELECT * FROM validators WHERE org_id = $1 AND id = $2";
        self.db().one(Query::new(SQL, params![org, id])).await
    }

    /// Validators, newest first.
    pub async fn list_validators(
        &self,
        org: OrgId,
        page: &PageRequest,
    ) -> Result<Page<Validator>, StoreError> {
        let mut query = Query::new("SELECT * FROM validators WHERE org_id = $1", params![org]);
        query.newest_first("created_at", page)?;
        let rows = self.db().all::<Validator>(query).await?;
        Ok(Page::cut(rows, page.size(), None, |row| Position::new(row.created_at, row.id)))
    }

    /// Every validator, to be kept in memory.
    pub async fn list_validators_across_orgs(&self) -> Result<Vec<Validator>, StoreError> {
        self.db().all(Query::new("SELECT * FROM validators", params![])).await
    }
}

async fn record(
    tx: &mut Tx<'_>,
    validator: &Validator,
    kind: EventType,
    actor: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let body = json!({
        "name": validator.name, "url": validator.url, "timeoutMs": validator.timeout_ms, "failMode": validator.fail_mode,
        "isActive": validator.is_active,
    });
    let subject = format!("validator:{}", validator.id);
    let data = json!({
        "validatorId": validator.id, "name": validator.name, "failMode": validator.fail_mode, "isActive": validator.is_active,
        "actor": actor,
    });
    webhooks::emit(tx, validator.org_id, kind, at, &subject, data).await?;
    let name = kind.as_str();
    audit::append(tx, validator.org_id, Event { at, actor, name, subject, body: body.into() })
        .await?;
    let noun = Noun::Validator;
    tx.announce(Change::Row { org_id: validator.org_id, noun, id: validator.id }).await
}
