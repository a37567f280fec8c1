//! Sets of policies that decisions were made with, each written once and named by its digest. A decision names its set, so what was in
//! force stays known after every later change, at the price of one short text per decision.

use execlave_core::ids::OrgId;
use execlave_core::time::Timestamp;

use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::{Json, Store, StoreError};

/// One set.
#[derive(Clone, Debug)]
pub struct PolicySetRecord {
    /// Whose.
    pub org_id: OrgId,
    /// Its name: the digest of what is in it.
    pub version: String,
    /// Id and version of every active policy, as a JSON list.
    pub policies: Json,
    /// When it first came into force.
    pub created_at: Timestamp,
}

table!("policy_sets" => PolicySetRecord { org_id, version, policies, created_at });

impl Store {
    /// Writes a set unless it is known. Whoever decides with a set does this first.
    pub async fn ensure_policy_set(&self, set: &PolicySetRecord) -> Result<(), StoreError> {
        if self.find_policy_set(set.org_id, &set.version).await?.is_some() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        tx.insert_unless(set, "ON CONFLICT (org_id, version) DO NOTHING").await?;
        tx.commit().await
    }

    /// A set.
    pub async fn find_policy_set(
        &self,
        org: OrgId,
        version: &str,
    ) -> Result<Option<PolicySetRecord>, StoreError> {
        const SQL: &str = "SELECT * FROM policy_sets WHERE org_id = $1 AND version = $2";
        self.db().one(Query::new(SQL, params![org, version])).await
    }
}
