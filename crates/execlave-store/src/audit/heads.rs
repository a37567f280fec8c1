//! Signed tree heads: kept, so that a log that was cut off or rewritten disagrees with what was signed before.

use execlave_core::audit::{Hash, TreeHead};
use execlave_core::ids::OrgId;
use execlave_core::time::Timestamp;

use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::{Store, StoreError};

#[derive(Clone, Debug)]
pub(super) struct HeadRecord {
    org_id: OrgId,
    size: i64,
    root_hash: Hash,
    at: Timestamp,
    key_id: String,
    signature: String,
}

table!("audit_tree_heads" => HeadRecord { org_id, size, root_hash, at, key_id, signature });

impl HeadRecord {
    fn new(head: &TreeHead) -> Self {
        Self {
            org_id: head.organization_id,
            size: head.size.cast_signed(),
            root_hash: head.root_hash,
            at: head.at,
            key_id: head.key_id.clone(),
            signature: head.signature.clone(),
        }
    }

    pub(super) fn head(self) -> TreeHead {
        TreeHead {
            at: self.at,
            key_id: self.key_id,
            organization_id: self.org_id,
            root_hash: self.root_hash,
            signature: self.signature,
            size: self.size.cast_unsigned(),
        }
    }
}

const HEAD: &str = "SELECT * FROM audit_tree_heads WHERE org_id = $1 AND size = $2";

impl Store {
    /// The head that was signed when the log had this many entries.
    pub async fn find_tree_head(
        &self,
        org: OrgId,
        size: u64,
    ) -> Result<Option<TreeHead>, StoreError> {
        let query = Query::new(HEAD, params![org, size.cast_signed()]);
        Ok(self.db().one::<HeadRecord>(query).await?.map(HeadRecord::head))
    }

    /// The head of the largest size.
    pub async fn latest_tree_head(&self, org: OrgId) -> Result<Option<TreeHead>, StoreError> {
        const SQL: &str =
            "SELECT * FROM audit_tree_heads WHERE org_id = $1 ORDER BY size DESC LIMIT 1";
        let query = Query::new(SQL, params![org]);
        Ok(self.db().one::<HeadRecord>(query).await?.map(HeadRecord::head))
    }

    /// Keeps a head. If one of the same size is there already, that one stays; the one that is kept.
    pub async fn insert_tree_head(
        &self,
        org: OrgId,
        head: &TreeHead,
    ) -> Result<TreeHead, StoreError> {
        const KNOWN: &str = "ON CONFLICT (org_id, size) DO NOTHING";
        let new = HeadRecord { org_id: org, ..HeadRecord::new(head) };
        let mut tx = self.begin().await?;
        let find = || Query::new(HEAD, params![org, new.size]);
        if let Some(kept) = tx.one::<HeadRecord>(find()).await? {
            return Ok(kept.head());
        }
        tx.insert_unless(&new, KNOWN).await?;
        let kept = tx.one::<HeadRecord>(find()).await?;
        tx.commit().await?;
        Ok(kept.unwrap_or(new).head())
    }
}
