//! What belongs to the deployment and not to an organisation: the keys that sign approval certificates. There is one set of published
//! keys per server, so that anybody can check any certificate against it without saying whose it is.

use std::fmt;

use execlave_core::time::Timestamp;
use serde_json::json;

use crate::audit::{self, Event};
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::orgs::Org;
use crate::{Store, StoreError};

/// An Ed25519 key.
#[derive(Clone)]
pub struct SigningKeyRecord {
    /// Thumbprint of the public key.
    pub key_id: String,
    /// The secret seed, base64.
    pub seed: String,
    /// Since when.
    pub created_at: Timestamp,
}

table!("signing_keys" => SigningKeyRecord { key_id, seed, created_at });

/// Without the seed.
impl fmt::Debug for SigningKeyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeyRecord")
            .field("key_id", &self.key_id)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

const LIST: &str = "SELECT * FROM signing_keys ORDER BY created_at DESC, key_id DESC";

impl Store {
    /// The key to sign with: the newest stored one, or `candidate`, stored, if there is none. Nodes that start at once agree.
    pub async fn ensure_signing_key_across_orgs(
        &self,
        candidate: &SigningKeyRecord,
    ) -> Result<SigningKeyRecord, StoreError> {
        const LOCK: &str = "LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE";
        let mut tx = self.begin().await?;
        if tx.has_concurrent_writers() {
            tx.execute(Query::new(LOCK, params![])).await?;
        }
        if let Some(key) = tx.one(Query::new(LIST, params![])).await? {
            return Ok(key);
        }
        tx.insert(candidate).await?;
        tx.commit().await?;
        Ok(candidate.clone())
    }

    /// Adds a key; in the audit log of every organisation. Servers sign with it from their next start on; what earlier keys have signed
    /// stays good.
    pub async fn insert_signing_key_across_orgs(
        &self,
        key: &SigningKeyRecord,
        actor: &str,
    ) -> Result<(), StoreError> {
        const ORGS: &str = "SELECT * FROM orgs ORDER BY id";
        let mut tx = self.begin().await?;
        for Org { id, .. } in tx.all(Query::new(ORGS, params![])).await? {
            audit::lock_chain(&mut tx, id).await?;
            let subject = format!("signing_key:{}", key.key_id);
            let (name, body) = ("signing_key.created", json!({}).into());
            let event = Event { at: key.created_at, actor, name, subject, body };
            audit::append(&mut tx, id, event).await?;
        }
        tx.insert(key).await.noun("signing key")?;
        tx.commit().await
    }

    /// Every key whose signatures may be about, newest first.
    pub async fn list_signing_keys_across_orgs(&self) -> Result<Vec<SigningKeyRecord>, StoreError> {
        self.db().all(Query::new(LIST, params![])).await
    }
}
