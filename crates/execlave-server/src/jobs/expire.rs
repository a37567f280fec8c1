//! Passes on approvals that wait too long, and ends what has run out: approvals nobody answered, reservations nobody settled, old windows
//! and marks, links and sessions, revoked credentials and the memory of signed requests.
//!
//! Reading treats a late approval as expired anyway; the job makes it so for lists, and wakes those who wait.

use execlave_store::error::StoreError;

use crate::state::AppState;

pub(super) async fn run(state: AppState) {
    if let Err(error) = expire(&state).await {
        tracing::warn!(error = %error, "expiry is tried again in a few seconds");
    }
}

async fn expire(state: &AppState) -> Result<(), StoreError> {
    let now = state.clock.now();
    let patience = i64::from(state.config.approvals.escalate_after_minutes) * 60_000;
    if patience > 0 {
        let since = now.plus_millis(-patience);
        for (org, approval, level) in state.store.escalate_approvals_across_orgs(since, now).await?
        {
            tracing::info!(org = %org, approval = %approval, level, "approval escalated");
        }
    }
    let approvals = state.store.expire_approvals_across_orgs(now).await?;
    for (org, approval) in approvals {
        tracing::info!(org = %org, approval = %approval, "approval expired");
    }
    state.store.expire_reservations_across_orgs(now).await?;
    state.store.forget_state_across_orgs(now).await?;
    state.store.purge_sessions_across_orgs(now).await?;
    state.store.forget_revoked_credentials_across_orgs(now).await?;
    state.directory.forget_revoked_credentials(now);
    state.store.forget_requests_across_orgs(now).await?;
    state.replay.forget(now);
    Ok(())
}
