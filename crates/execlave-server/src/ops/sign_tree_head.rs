//! Signing what the audit log of an organisation is at this moment. One head for each size is kept, so asking again signs nothing.

use execlave_core::audit::TreeHead;
use execlave_core::ids::OrgId;
use execlave_store::error::StoreError;

use crate::state::AppState;

/// The signed head over the whole log.
pub(crate) async fn sign_tree_head(state: &AppState, org: OrgId) -> Result<TreeHead, StoreError> {
    let tree = state.store.audit_tree(org).await?;
    if let Some(kept) = state.store.find_tree_head(org, tree.size()).await? {
        return Ok(kept);
    }
    let now = state.clock.now();
    let head = TreeHead::sign(org, tree.size(), tree.root(), now, state.signer.key());
    state.store.insert_tree_head(org, &head).await
}
