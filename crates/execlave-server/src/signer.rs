//! The key that certificates are signed with. It is made at the first start and kept in the store, so that every server of a deployment
//! signs and checks with the same one.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{SigningKey, VerifyingKey};
use execlave_core::certificate;
use execlave_store::Store;
use execlave_store::error::StoreError;
use execlave_store::settings::SigningKeyRecord;

use crate::clock::{Clock, random_bytes};

/// Holds the deployment's signing key.
pub struct Signer {
    key: SigningKey,
}

impl Signer {
    /// Reads the key, or makes the first one.
    pub async fn load(store: &Store, clock: &Clock) -> Result<Self, StoreError> {
        let candidate = SigningKey::from_bytes(&random_bytes());
        let record = store
            .ensure_signing_key_across_orgs(&SigningKeyRecord {
                key_id: certificate::key_id(&candidate.verifying_key()),
                seed: STANDARD.encode(candidate.to_bytes()),
                created_at: clock.now(),
            })
            .await?;
        let seed =
            STANDARD.decode(&record.seed).ok().and_then(|seed| <[u8; 32]>::try_from(seed).ok());
        let seed = seed.ok_or_else(|| StoreError::Inconsistent {
            table: "signing_keys",
            column: "seed".to_owned(),
            id: record.key_id,
            detail: "not 32 bytes in base64".to_owned(),
        })?;
        Ok(Self { key: SigningKey::from_bytes(&seed) })
    }

    /// Signs with it.
    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The public half, for whoever wants to check what this server has signed.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.key.verifying_key()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key_id = certificate::key_id(&self.verifying_key());
        formatter.debug_struct("Signer").field("key_id", &key_id).finish_non_exhaustive()
    }
}
