//! The key that certificates, bundles, tree heads and credentials are signed with. It is made at the first start and kept in the store, so that every server of a deployment
//! signs with the same one. A key that was replaced signs nothing any more, but stays published: what it signed is still good.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

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
    /// The keys this server has heard of.
    known: RwLock<Arc<[VerifyingKey]>>,
}

impl Signer {
    /// Reads the key, or makes the first one.
    pub async fn load(store: &Store, clock: &Clock) -> Result<Self, StoreError> {
        let record = store.ensure_signing_key_across_orgs(&new_record(clock)).await?;
        let known = RwLock::new(Self::published(store).await?.into());
        Ok(Self { key: key_of(record)?, known })
    }

    /// The keys this server has heard of, for checking what it meets all the time.
    pub(crate) fn known(&self) -> Arc<[VerifyingKey]> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks the store for a key that this server has not heard of: another one may have begun to sign with it.
    pub(crate) async fn look_up(&self, store: &Store, key_id: &str) -> Result<(), StoreError> {
        if !self.known().iter().any(|key| certificate::key_id(key) == key_id) {
            let published = Self::published(store).await?.into();
            *self.known.write().unwrap_or_else(PoisonError::into_inner) = published;
        }
        Ok(())
    }

    /// Makes another key and keeps it in the store; its id. A running server goes on with the one it has.
    pub(crate) async fn rotate(
        store: &Store,
        clock: &Clock,
        actor: &str,
    ) -> Result<String, StoreError> {
        let record = new_record(clock);
        store.insert_signing_key_across_orgs(&record, actor).await?;
        Ok(record.key_id)
    }

    /// Every key whose signatures are good, newest first. Read each time, because another server may have begun to sign with a key that
    /// this one has never seen.
    pub(crate) async fn published(store: &Store) -> Result<Vec<VerifyingKey>, StoreError> {
        let records = store.list_signing_keys_across_orgs().await?;
        records.into_iter().map(|record| Ok(key_of(record)?.verifying_key())).collect()
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

fn new_record(clock: &Clock) -> SigningKeyRecord {
    let key = SigningKey::from_bytes(&random_bytes());
    SigningKeyRecord {
        key_id: certificate::key_id(&key.verifying_key()),
        seed: STANDARD.encode(key.to_bytes()),
        created_at: clock.now(),
    }
}

fn key_of(record: SigningKeyRecord) -> Result<SigningKey, StoreError> {
    let seed = STANDARD.decode(&record.seed).ok().and_then(|seed| <[u8; 32]>::try_from(seed).ok());
    let seed = seed.ok_or_else(|| StoreError::Inconsistent {
        table: "signing_keys",
        column: "seed".to_owned(),
        id: record.key_id,
        detail: "not 32 bytes in base64".to_owned(),
    })?;
    Ok(SigningKey::from_bytes(&seed))
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key_id = certificate::key_id(&self.verifying_key());
        formatter.debug_struct("Signer").field("key_id", &key_id).finish_non_exhaustive()
    }
}
