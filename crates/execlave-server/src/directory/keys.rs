//! API keys, as authentication needs them.

use execlave_core::ids::{KeyId, OrgId};
use execlave_core::time::Timestamp;
use execlave_store::keys::ApiKey;

use crate::auth::environment::Environments;

/// What authentication needs to know of a key.
#[derive(Clone, Debug)]
pub struct KeyEntry {
    /// The key.
    pub id: KeyId,
    /// Whose it is.
    pub org: OrgId,
    /// What it is called.
    pub name: String,
    /// Its SHA-256.
    pub hash: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Where it reaches.
    pub environments: Environments,
    /// Whether its requests must be signed.
    pub require_signature: bool,
}

/// A key's record as it is kept.
pub(super) fn entry(key: ApiKey) -> KeyEntry {
    KeyEntry {
        id: key.id,
        org: key.org_id,
        name: key.name,
        hash: key.hash,
        scopes: key.scopes,
        expires_at: key.expires_at,
        revoked_at: key.revoked_at,
        environments: Environments::from(key.environments),
        require_signature: key.require_signature,
    }
}
