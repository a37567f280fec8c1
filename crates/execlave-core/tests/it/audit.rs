//! The audit log as evidence: whatever is done to a log, its export says so.

mod chain;
mod export;
mod merkle;
mod proof;
mod reference;

use ed25519_dalek::SigningKey;
use execlave_core::audit::merkle::Frontier;
use execlave_core::audit::{Entry, Hash, Header, TreeHead, line_of};
use execlave_core::ids::OrgId;
use execlave_core::time::Timestamp;
use serde_json::{Value, json};

pub(crate) fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub(crate) fn org() -> OrgId {
    uuid::Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0001).into()
}

/// A chain of entries of many shapes.
pub(crate) fn entries(count: i64) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for idx in 1..=count {
        let body = match idx % 4 {
            0 => json!({}),
            1 => json!({ "name": format!("policy {idx}"), "version": idx }),
            2 => json!({ "reason": "schließt\n\u{1}\u{1F600} \"x\"", "share": 0.5 }),
            _ => json!({ "scopes": ["sdk", "read"], "until": null, "enabled": true }),
        };
        let prev_hash = entries.last().map_or(Hash::ZERO, |entry| entry.hash);
        entries.push(entry(idx, body, prev_hash));
    }
    entries
}

fn entry(idx: i64, body: Value, prev_hash: Hash) -> Entry {
    let mut entry = Entry {
        actor: "user:ada".into(),
        at: 1_790_000_000_000 + idx,
        body,
        event: "policy.updated".into(),
        hash: Hash::ZERO,
        idx,
        organization_id: org(),
        prev_hash,
        subject: format!("policy:{idx}"),
    };
    entry.hash = entry.expected_hash();
    entry
}

pub(crate) fn head(entries: &[Entry], key: &SigningKey) -> TreeHead {
    let leaves: Vec<Hash> = entries.iter().map(Entry::leaf).collect();
    let tree = Frontier::of(&leaves);
    TreeHead::sign(org(), tree.size(), tree.root(), Timestamp::from_millis(1_790_000_060_000), key)
}

/// The lines of an export, with their line feeds.
pub(crate) fn lines(entries: &[Entry], key: &SigningKey) -> Vec<Vec<u8>> {
    let mut lines = vec![line_of(&Header::new(org(), &[key.verifying_key()]))];
    lines.extend(entries.iter().map(line_of));
    lines.push(line_of(&head(entries, key)));
    lines
}
