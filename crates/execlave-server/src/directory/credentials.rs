//! Credentials that are void before their end.

use execlave_core::ids::OrgId;
use execlave_core::time::Timestamp;
use execlave_store::Store;
use execlave_store::error::StoreError;
use uuid::Uuid;

use super::{Directory, read, write};

impl Directory {
    /// Whether a credential was revoked by itself.
    pub(crate) fn is_revoked(&self, org: OrgId, jti: Uuid) -> bool {
        read(&self.revoked_credentials).contains_key(&(org, jti))
    }

    /// Reads a revocation again.
    pub(crate) async fn refresh_credential(
        &self,
        store: &Store,
        org: OrgId,
        jti: Uuid,
    ) -> Result<(), StoreError> {
        let _turn = self.refreshing.lock().await;
        if let Some(revoked) = store.find_revoked_credential(org, jti).await? {
            write(&self.revoked_credentials).insert((org, jti), revoked);
        }
        Ok(())
    }

    /// Forgets those that would have ended by themselves.
    pub(crate) fn forget_revoked_credentials(&self, now: Timestamp) {
        write(&self.revoked_credentials).retain(|_, revoked| revoked.expires_at > now);
    }
}
