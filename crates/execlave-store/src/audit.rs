//! The audit log: one hash chain per organisation. Every entry is written inside the transaction of the change it records, so there
//! is no change without an entry and no entry without a change. What an entry is and how it is hashed is in [`execlave_core::audit`],
//! which the verifier of an export uses as well.

pub(crate) mod guards;
mod heads;
mod tree;
mod verify;

use execlave_core::audit::{Entry, Hash, Problem};
use execlave_core::ids::OrgId;
use execlave_core::json::canonical;
use execlave_core::time::Timestamp;
use uuid::Uuid;

use self::tree::AuditTree;
pub use self::verify::{AuditFinding, AuditProblem, AuditReport};
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::db::{Db, Tx};
use crate::page::{Page, PageRequest, Position};
use crate::{Json, Store, StoreError};

/// One entry of the chain.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Whose chain.
    pub org_id: OrgId,
    /// Place in the chain, from 1, without gaps.
    pub idx: i64,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it, such as `user:<id>` or `key:<id>`.
    pub actor: String,
    /// What happened, as `noun.past`.
    pub event: String,
    /// To what, such as `agent:<id>`.
    pub subject: String,
    /// Details, as canonical JSON. Kept as it is in the column, where a space more is a change as well.
    pub body: String,
    /// Hash of the entry before.
    pub prev_hash: Hash,
    /// Hash of this entry, see [`Entry::expected_hash`].
    pub hash: Hash,
}

table!("audit_entries" => AuditEntry { org_id, idx, at, actor, event, subject, body, prev_hash, hash });

impl AuditEntry {
    fn new(entry: &Entry) -> Self {
        Self {
            org_id: entry.organization_id,
            idx: entry.idx,
            at: Timestamp::from_millis(entry.at),
            actor: entry.actor.clone(),
            event: entry.event.clone(),
            subject: entry.subject.clone(),
            body: String::from_utf8(canonical(&entry.body)).expect("canonical JSON is UTF-8"),
            prev_hash: entry.prev_hash,
            hash: entry.hash,
        }
    }

    /// The entry as it is hashed and exported, unless its details are not in the form in which they were written.
    pub fn to_entry(&self) -> Result<Entry, Problem> {
        let body = serde_json::from_str(&self.body);
        let body = body.map_err(|error| Problem::Unreadable(format!("column `body`: {error}")))?;
        if canonical(&body) != self.body.as_bytes() {
            return Err(Problem::NotCanonical);
        }
        Ok(Entry {
            actor: self.actor.clone(),
            at: self.at.as_millis(),
            body,
            event: self.event.clone(),
            hash: self.hash,
            idx: self.idx,
            organization_id: self.org_id,
            prev_hash: self.prev_hash,
            subject: self.subject.clone(),
        })
    }
}

/// What is to be recorded.
pub(crate) struct Event<'a> {
    pub(crate) at: Timestamp,
    pub(crate) actor: &'a str,
    pub(crate) name: &'static str,
    pub(crate) subject: String,
    pub(crate) body: Json,
}

/// Waits for the organisation's other audited changes and keeps them waiting until commit. Taken before any row is written, so that
/// two changes never wait for each other.
pub(crate) async fn lock_chain(tx: &mut Tx<'_>, org: OrgId) -> Result<(), StoreError> {
    // The weakest lock that excludes itself: rows that refer to the organisation can still be inserted. SQLite has one writer anyway.
    const SQL: &str = "SELECT CAST(1 AS BIGINT) AS n FROM orgs WHERE id = $1 FOR NO KEY UPDATE";
    if tx.has_concurrent_writers() {
        tx.number(Query::new(SQL, params![org])).await?;
    }
    Ok(())
}

/// Appends to the chain. The caller holds [`lock_chain`].
pub(crate) async fn append(
    tx: &mut Tx<'_>,
    org: OrgId,
    event: Event<'_>,
) -> Result<i64, StoreError> {
    let tree = AuditTree::lock(tx, org).await?;
    let mut entry = Entry {
        actor: event.actor.to_owned(),
        at: event.at.as_millis(),
        body: event.body.to_value(),
        event: event.name.to_owned(),
        hash: Hash::ZERO,
        idx: tree.size() + 1,
        organization_id: org,
        prev_hash: tree.last_hash(),
        subject: event.subject,
    };
    entry.hash = entry.expected_hash();
    tx.insert(&AuditEntry::new(&entry)).await?;
    tree.push(tx, &entry).await?;
    Ok(entry.idx)
}

/// The entries after `after` up to `last`, oldest first, at most `limit`.
async fn entries(
    db: &Db,
    org: OrgId,
    after: i64,
    last: i64,
    limit: i64,
) -> Result<Vec<AuditEntry>, StoreError> {
    const SQL: &str = "SELECT * FROM audit_entries WHERE org_id = $1 AND idx > $2 AND idx <= $3 ORDER BY idx LIMIT $4";
    db.all(Query::new(SQL, params![org, after, last, limit])).await
}

impl Store {
    /// The log, newest first.
    pub async fn list_audit(
        &self,
        org: OrgId,
        page: &PageRequest,
    ) -> Result<Page<AuditEntry>, StoreError> {
        let mut query = Query::new("SELECT * FROM audit_entries WHERE org_id = $1", params![org]);
        if let Some(position) = page.position()? {
            query.push(" AND idx < ").bind(position.at);
        }
        query.push(" ORDER BY idx DESC LIMIT ").bind(page.rows_wanted());
        let rows = self.db().all::<AuditEntry>(query).await?;
        Ok(Page::cut(rows, page.size(), None, |entry| Position { at: entry.idx, id: Uuid::nil() }))
    }

    /// The entries after `after`, oldest first, up to `last` and at most 1,000: an export reads them piece by piece.
    pub async fn list_audit_after(
        &self,
        org: OrgId,
        after: i64,
        last: i64,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        entries(self.db(), org, after, last, 1_000).await
    }

    /// The entry at a place in the chain, if its hash and its link to the entry before are right.
    pub async fn anchored(&self, org: OrgId, idx: i64) -> Result<Option<AuditEntry>, StoreError> {
        let Some(before) = idx.checked_sub(2) else { return Ok(None) };
        let mut rows = entries(self.db(), org, before, idx, 2).await?;
        let Some(row) = rows.pop().filter(|row| row.idx == idx) else { return Ok(None) };
        let linked = match rows.pop() {
            Some(previous) => previous.hash == row.prev_hash,
            None => idx == 1 && row.prev_hash == Hash::ZERO,
        };
        let is_whole = row.to_entry().is_ok_and(|entry| entry.hash == entry.expected_hash());
        Ok((linked && is_whole).then_some(row))
    }
}
