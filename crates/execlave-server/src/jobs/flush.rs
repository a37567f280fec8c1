//! Writes when keys and agents were last seen.

use crate::state::AppState;

pub(super) async fn run(state: AppState) {
    if let Err(error) = state.directory.touched.flush(&state.store).await {
        tracing::warn!(error = %error, "last-use times were not written");
    }
}
