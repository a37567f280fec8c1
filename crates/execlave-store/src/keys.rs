//! API keys: kept as SHA-256, with enough beside it to recognise and to limit them.

use execlave_core::ids::{KeyId, OrgId};
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde_json::json;

mod rotate;

pub use rotate::Rotated;

use crate::audit::{self, Event};
use crate::changes::{Change, Noun};
use crate::db::Tx;
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::page::{Page, PageRequest, Position};
use crate::{Store, StoreError, webhooks};

/// A key.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Whose key.
    pub org_id: OrgId,
    /// The id.
    pub id: KeyId,
    /// What its owner calls it.
    pub name: String,
    /// Its first characters, to recognise it by.
    pub prefix: String,
    /// SHA-256 of the whole key, in hexadecimal.
    pub hash: String,
    /// The environment it is for.
    pub environment: String,
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when; absent for ever.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, within a minute or so.
    pub last_used_at: Option<Timestamp>,
    /// The only environments it reaches; absent for all of them.
    pub environments: Option<Vec<String>>,
    /// Whether its requests must be signed.
    pub require_signature: bool,
    /// The key it was made to replace.
    pub replaces: Option<KeyId>,
    /// The key that was made to replace it.
    pub replaced_by: Option<KeyId>,
}

table!("api_keys" => ApiKey {
    org_id, id, name, prefix, hash, environment, scopes, created_at, expires_at, revoked_at, last_used_at, environments,
    require_signature, replaces, replaced_by,
});

/// A key to be created; the fields are those of [`ApiKey`].
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "documented at `ApiKey`")]
pub struct NewKey {
    pub id: KeyId,
    pub name: String,
    pub prefix: String,
    pub hash: String,
    pub environment: String,
    pub scopes: Vec<String>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub environments: Option<Vec<String>>,
    pub require_signature: bool,
}

impl NewKey {
    fn into_key(self, org: OrgId, replaces: Option<KeyId>) -> ApiKey {
        ApiKey {
            org_id: org,
            id: self.id,
            name: self.name,
            prefix: self.prefix,
            hash: self.hash,
            environment: self.environment,
            scopes: self.scopes,
            created_at: self.created_at,
            expires_at: self.expires_at,
            revoked_at: None,
            last_used_at: None,
            environments: self.environments,
            require_signature: self.require_signature,
            replaces,
            replaced_by: None,
        }
    }
}

impl Store {
    /// Creates a key.
    pub async fn create_key(
        &self,
        org: OrgId,
        new: &NewKey,
        actor: &str,
    ) -> Result<ApiKey, StoreError> {
        let mut tx = self.begin().await?;
        let key = insert(&mut tx, org, new, actor).await?;
        tx.commit().await?;
        Ok(key)
    }

    /// Keys, newest first, revoked ones included.
    pub async fn list_keys(
        &self,
        org: OrgId,
        page: &PageRequest,
    ) -> Result<Page<ApiKey>, StoreError> {
        const COUNT: &str = "SELECT count(*) AS n FROM api_keys WHERE org_id = $1";
        let mut query = Query::new("SELECT * FROM api_keys WHERE org_id = $1", params![org]);
        query.newest_first("created_at", page)?;
        let total = self.db().number(Query::new(COUNT, params![org])).await?;
        let rows = self.db().all::<ApiKey>(query).await?;
        Ok(Page::cut(rows, page.size(), Some(total), |key| {
            Position::new(key.created_at, key.id.as_uuid())
        }))
    }

    /// A key.
    pub async fn find_key(&self, org: OrgId, id: KeyId) -> Result<Option<ApiKey>, StoreError> {
        const SQL: &str = "SELECT * FROM api_keys WHERE org_id = $1 AND id = $2";
        self.db().one(Query::new(SQL, params![org, id])).await
    }

    /// Revokes a key. Revoking it again changes nothing and answers the same.
    pub async fn revoke_key(
        &self,
        org: OrgId,
        id: KeyId,
        actor: &str,
        now: Timestamp,
    ) -> Result<Option<ApiKey>, StoreError> {
        const REVOKE: &str = "UPDATE api_keys SET revoked_at = $3 WHERE org_id = $1 AND id = $2 AND revoked_at IS NULL RETURNING *";
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let Some(key) = tx.one::<ApiKey>(Query::new(REVOKE, params![org, id, now])).await? else {
            drop(tx);
            return self.find_key(org, id).await;
        };
        let body = json!({ "name": key.name, "prefix": key.prefix }).into();
        audit::append(
            &mut tx,
            org,
            Event { at: now, actor, name: "key.revoked", subject: format!("key:{id}"), body },
        )
        .await?;
        tell(&mut tx, &key, EventType::KeyRevoked, actor, now).await?;
        tx.announce(Change::Row { org_id: org, noun: Noun::Key, id: id.as_uuid() }).await?;
        tx.commit().await?;
        Ok(Some(key))
    }

    /// Every key, to be kept in memory; revoked ones too, so that their use can be told from that of a key nobody knows.
    pub async fn list_keys_across_orgs(&self) -> Result<Vec<ApiKey>, StoreError> {
        const SQL: &str = "SELECT * FROM api_keys ORDER BY created_at, id";
        self.db().all(Query::new(SQL, params![])).await
    }

    /// Records when keys were last used. An older time never replaces a newer one.
    pub async fn touch_keys(&self, used: &[(OrgId, KeyId, Timestamp)]) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE api_keys SET last_used_at = $3 WHERE org_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $3)";
        if used.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for (org, id, at) in sorted(used) {
            tx.execute(Query::new(SQL, params![org, id, at])).await?;
        }
        tx.commit().await
    }
}

/// Rows in the order in which every node writes them, so that two nodes never wait for each other.
pub(crate) fn sorted<T: Ord + Copy>(rows: &[T]) -> Vec<T> {
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    rows
}

pub(crate) async fn insert(
    tx: &mut Tx<'_>,
    org: OrgId,
    new: &NewKey,
    actor: &str,
) -> Result<ApiKey, StoreError> {
    let key = new.clone().into_key(org, None);
    let (id, created_at) = (key.id, key.created_at);
    audit::lock_chain(tx, org).await?;
    tx.insert(&key).await.noun("key")?;
    let body = described(&key).into();
    audit::append(
        tx,
        org,
        Event { at: created_at, actor, name: "key.created", subject: format!("key:{id}"), body },
    )
    .await?;
    tell(tx, &key, EventType::KeyCreated, actor, created_at).await?;
    tx.announce(Change::Row { org_id: org, noun: Noun::Key, id: id.as_uuid() }).await?;
    Ok(key)
}

/// What the audit log keeps of a key that is made.
fn described(key: &ApiKey) -> serde_json::Value {
    json!({
        "name": key.name, "prefix": key.prefix, "environment": key.environment, "scopes": key.scopes,
        "environments": key.environments, "requireSignature": key.require_signature,
    })
}

/// Tells webhooks what became of a key.
async fn tell(
    tx: &mut Tx<'_>,
    key: &ApiKey,
    kind: EventType,
    actor: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let data = json!({
        "keyId": key.id, "name": key.name, "prefix": key.prefix, "environment": key.environment, "scopes": key.scopes,
        "environments": key.environments, "requireSignature": key.require_signature, "expiresAt": key.expires_at,
        "replacedBy": key.replaced_by, "actor": actor,
    });
    webhooks::emit(tx, key.org_id, kind, at, &format!("key:{}", key.id), data).await
}
