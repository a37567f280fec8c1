//! The Merkle tree over a log: kept beside it, so that neither adding an entry nor asking for the root reads the entries.

use execlave_core::audit::merkle::{Frontier, leaf_hash};
use execlave_core::audit::{Entry, Hash};
use execlave_core::ids::OrgId;

use crate::db::column::{Record, Row, table};
use crate::db::query::{Query, params};
use crate::db::{Db, Tx};
use crate::{Store, StoreError};

/// What adding to a log needs to know of it.
#[derive(Clone, Debug)]
pub(super) struct AuditTree {
    org_id: OrgId,
    size: i64,
    last_hash: Hash,
    /// See [`Frontier::peaks`].
    peaks: Vec<Hash>,
}

table!("audit_trees" => AuditTree { org_id, size, last_hash, peaks });

/// The hash of one entry.
struct Link(Hash);

impl Record for Link {
    fn read(row: Row<'_>) -> Result<Self, StoreError> {
        row.get("audit_entries", "hash").map(Self)
    }
}

const TREE: &str = "SELECT * FROM audit_trees WHERE org_id = $1";
const HASHES: &str =
    "SELECT hash FROM audit_entries WHERE org_id = $1 AND idx BETWEEN $2 AND $3 ORDER BY idx";

impl AuditTree {
    /// The tree of a log, in the transaction that is about to add to it.
    pub(super) async fn lock(tx: &mut Tx<'_>, org: OrgId) -> Result<Self, StoreError> {
        match tx.one(Query::new(TREE, params![org])).await? {
            Some(tree) => Ok(tree),
            // The log is empty, or older than this table.
            None => Ok(Self::over(
                org,
                &tx.all(Query::new(HASHES, params![org, 1_i64, i64::MAX])).await?,
            )),
        }
    }

    /// The tree of a log as it is.
    pub(super) async fn read(db: &Db, org: OrgId) -> Result<Self, StoreError> {
        match db.one(Query::new(TREE, params![org])).await? {
            Some(tree) => Ok(tree),
            None => Ok(Self::over(
                org,
                &db.all(Query::new(HASHES, params![org, 1_i64, i64::MAX])).await?,
            )),
        }
    }

    fn over(org_id: OrgId, links: &[Link]) -> Self {
        let leaves: Vec<Hash> = links.iter().map(|link| leaf_hash(link.0.as_bytes())).collect();
        let last_hash = links.last().map_or(Hash::ZERO, |link| link.0);
        Self::of(org_id, last_hash, &Frontier::of(&leaves))
    }

    fn of(org_id: OrgId, last_hash: Hash, tree: &Frontier) -> Self {
        Self { org_id, size: tree.size().cast_signed(), last_hash, peaks: tree.peaks().to_vec() }
    }

    pub(super) fn size(&self) -> i64 {
        self.size
    }

    pub(super) fn last_hash(&self) -> Hash {
        self.last_hash
    }

    /// The tree, unless the row is not one.
    pub(super) fn frontier(&self) -> Result<Frontier, StoreError> {
        let size = u64::try_from(self.size).ok();
        size.and_then(|size| Frontier::new(size, self.peaks.clone())).ok_or_else(|| {
            StoreError::Inconsistent {
                table: "audit_trees",
                column: "peaks".to_owned(),
                id: self.org_id.to_string(),
                detail: "does not fit the size".to_owned(),
            }
        })
    }

    /// Adds an entry and writes the row.
    pub(super) async fn push(self, tx: &mut Tx<'_>, entry: &Entry) -> Result<(), StoreError> {
        const REPLACE: &str = "ON CONFLICT (org_id) DO UPDATE SET size = excluded.size, last_hash = excluded.last_hash, peaks = excluded.peaks";
        let mut tree = self.frontier()?;
        tree.push(entry.leaf());
        tx.upsert_all(&[&Self::of(self.org_id, entry.hash, &tree)], REPLACE).await
    }
}

impl Store {
    /// The tree over a log as it is.
    pub async fn audit_tree(&self, org: OrgId) -> Result<Frontier, StoreError> {
        AuditTree::read(self.db(), org).await?.frontier()
    }

    /// The leaf hashes of the first `size` entries, for proofs: 32 bytes of memory each. Reads ten thousand at a time, up to the first that
    /// is missing.
    pub async fn audit_leaves(&self, org: OrgId, size: u64) -> Result<Vec<Hash>, StoreError> {
        const ROWS: i64 = 10_000;
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let mut leaves = Vec::new();
        let mut after = 0;
        while after < size {
            let last = size.min(after + ROWS);
            let query = Query::new(HASHES, params![org, after + 1, last]);
            let links = self.db().all::<Link>(query).await?;
            leaves.extend(links.iter().map(|link| leaf_hash(link.0.as_bytes())));
            if i64::try_from(links.len()) != Ok(last - after) {
                break;
            }
            after = last;
        }
        Ok(leaves)
    }
}
