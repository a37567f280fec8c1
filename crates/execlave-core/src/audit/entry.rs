//! One entry of the log, and its hash.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Hash;
use crate::ids::OrgId;
use crate::json::canonical;

/// One entry. Its fields are in the order of the canonical form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// Who did it, such as `user:<id>` or `key:<id>`.
    pub actor: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Details; an object, by event.
    pub body: Value,
    /// What happened, as `noun.past`.
    pub event: String,
    /// See [`Entry::expected_hash`].
    pub hash: Hash,
    /// Place in the chain, from 1, without gaps.
    pub idx: i64,
    /// Whose chain.
    pub organization_id: OrgId,
    /// `hash` of the entry before; [`Hash::ZERO`] in the first one.
    pub prev_hash: Hash,
    /// To what, such as `agent:<id>`.
    pub subject: String,
}

impl Entry {
    /// SHA-256 over the 32 bytes of `prevHash`, then the RFC 8785 form of the entry without its field `hash`.
    pub fn expected_hash(&self) -> Hash {
        // INVARIANT: an entry is strings, integers and JSON, which always become JSON.
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Some(map) = value.as_object_mut() {
            map.remove("hash");
        }
        Hash::of(&[self.prev_hash.as_bytes(), &canonical(&value)])
    }

    /// What the Merkle tree holds of it: the RFC 9162 leaf hash of the 32 bytes of `hash`.
    pub fn leaf(&self) -> Hash {
        super::merkle::leaf_hash(self.hash.as_bytes())
    }
}
