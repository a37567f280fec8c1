//! A signed statement about the whole log at one moment: who keeps it can tell later whether the log was rewritten.

use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Hash, Problem};
use crate::certificate::{key_id, sign_value, verify_value};
use crate::ids::OrgId;
use crate::time::Timestamp;

/// The size and the root of the tree over a log, signed as certificates are: Ed25519 over the RFC 8785 form without the signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TreeHead {
    /// When it was signed.
    pub at: Timestamp,
    /// The key that signed: see [`key_id`].
    pub key_id: String,
    /// Whose log.
    pub organization_id: OrgId,
    /// The root of the tree over all entries, see [`super::merkle`].
    pub root_hash: Hash,
    /// Base64url, without padding.
    pub signature: String,
    /// How many entries there are.
    pub size: u64,
}

impl TreeHead {
    /// Signs the size and the root of a log.
    pub fn sign(org: OrgId, size: u64, root_hash: Hash, at: Timestamp, key: &SigningKey) -> Self {
        let key_id = key_id(&key.verifying_key());
        let mut head =
            Self { at, key_id, organization_id: org, root_hash, signature: String::new(), size };
        head.signature = sign_value(&head.to_value(), key);
        head
    }

    /// Whether this key signed exactly this head.
    pub fn verify(&self, key: &VerifyingKey) -> bool {
        self.key_id == key_id(key) && verify_value(&self.to_value(), &self.signature, key)
    }

    /// Whether one of these keys signed it.
    pub fn check(&self, keys: &[VerifyingKey]) -> Result<(), Problem> {
        let key = keys.iter().find(|key| key_id(key) == self.key_id);
        let key = key.ok_or_else(|| Problem::UnknownKey(self.key_id.clone()))?;
        if self.verify(key) { Ok(()) } else { Err(Problem::BadSignature { size: self.size }) }
    }

    fn to_value(&self) -> Value {
        // INVARIANT: a head is strings and integers, which always become JSON.
        serde_json::to_value(self).unwrap_or_default()
    }
}
