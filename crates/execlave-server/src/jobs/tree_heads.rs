//! Signs the audit logs that have grown: what was signed cannot be cut off or written anew without a trace.

use execlave_store::error::StoreError;

use crate::ops::sign_tree_head::sign_tree_head;
use crate::state::AppState;

pub(super) async fn run(state: AppState) {
    if let Err(error) = sign(&state).await {
        tracing::warn!(error = %error, "tree heads are signed again in a minute");
    }
}

async fn sign(state: &AppState) -> Result<(), StoreError> {
    for org in state.store.list_orgs_across_orgs().await? {
        sign_tree_head(state, org.id).await?;
    }
    Ok(())
}
