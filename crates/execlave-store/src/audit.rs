//! The audit log: one hash chain per organisation. Every entry is written inside the transaction of the change it records, so there
//! is no change without an entry and no entry without a change.

use std::fmt::Write as _;

use execlave_core::ids::OrgId;
use execlave_core::json::canonical;
use execlave_core::time::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::db::Tx;
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::page::{Page, PageRequest, Position};
use crate::{Json, Store, StoreError};

/// `prev_hash` of the first entry.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

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
    /// Details.
    pub body: Json,
    /// Hash of the entry before, 64 hexadecimal digits.
    pub prev_hash: String,
    /// Hash of this entry, see [`AuditEntry::expected_hash`].
    pub hash: String,
}

table!("audit_entries" => AuditEntry { org_id, idx, at, actor, event, subject, body, prev_hash, hash });

impl AuditEntry {
    /// SHA-256 over the 32 bytes of `prev_hash`, then the entry without its hash as RFC 8785 canonical JSON.
    pub fn expected_hash(&self) -> String {
        let entry = json!({
            "actor": self.actor,
            "at": self.at.as_millis(),
            "body": self.body.to_value(),
            "event": self.event,
            "idx": self.idx,
            "organizationId": self.org_id.to_string(),
            "prevHash": self.prev_hash,
            "subject": self.subject,
        });
        let mut hasher = Sha256::new();
        hasher.update(bytes_of(&self.prev_hash));
        hasher.update(canonical(&entry));
        hasher.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a string succeeds");
            text
        })
    }
}

/// The bytes of an even number of hexadecimal digits; anything else hashes as its own text, and so never matches by accident.
fn bytes_of(hash: &str) -> Vec<u8> {
    let pairs = hash.as_bytes().chunks(2).map(|pair| {
        std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
    });
    pairs.collect::<Option<Vec<u8>>>().unwrap_or_else(|| hash.as_bytes().to_vec())
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
    const LAST: &str = "SELECT * FROM audit_entries WHERE org_id = $1 ORDER BY idx DESC LIMIT 1";
    let last = tx.one::<AuditEntry>(Query::new(LAST, params![org])).await?;
    let (idx, prev_hash) =
        last.map_or_else(|| (1, GENESIS.to_owned()), |last| (last.idx + 1, last.hash));
    let mut entry = AuditEntry {
        org_id: org,
        idx,
        at: event.at,
        actor: event.actor.to_owned(),
        event: event.name.to_owned(),
        subject: event.subject,
        body: event.body,
        prev_hash,
        hash: String::new(),
    };
    entry.hash = entry.expected_hash();
    tx.insert(&entry).await?;
    Ok(idx)
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

    /// The entry at a place in the chain, if its hash and its link to the entry before are right.
    pub async fn anchored(&self, org: OrgId, idx: i64) -> Result<Option<AuditEntry>, StoreError> {
        const SQL: &str =
            "SELECT * FROM audit_entries WHERE org_id = $1 AND idx IN ($2, $3) ORDER BY idx DESC";
        let mut rows = self
            .db()
            .all::<AuditEntry>(Query::new(SQL, params![org, idx, idx.saturating_sub(1)]))
            .await?
            .into_iter();
        let Some(entry) = rows.next().filter(|entry| entry.idx == idx) else { return Ok(None) };
        let linked = rows.next().map_or_else(
            || idx == 1 && entry.prev_hash == GENESIS,
            |previous| previous.hash == entry.prev_hash,
        );
        Ok((linked && entry.hash == entry.expected_hash()).then_some(entry))
    }
}
