//! Long poll: the answer leaves as soon as the approval is no longer pending, when the time is up, or when the server stops.

use std::time::Duration;

use execlave_core::ids::{ApprovalId, OrgId};
use execlave_store::approvals::{Approval, ApprovalStatus};
use execlave_store::changes::{Change, Noun};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::error::{AppError, AppResult};
use crate::metrics::ApprovalWaiter;
use crate::state::AppState;

/// The approval, after at most `wait`.
pub(crate) async fn wait_for_approval(
    state: &AppState,
    org: OrgId,
    id: ApprovalId,
    wait: Duration,
) -> AppResult<Approval> {
    // Listening starts before the first look, so that no answer falls between the two.
    let mut changes = state.store.changes();
    let deadline = tokio::time::Instant::now() + wait;
    let _counted = (!wait.is_zero()).then(ApprovalWaiter::new);
    loop {
        let approval = state
            .store
            .find_approval(org, id)
            .await?
            .ok_or_else(|| AppError::not_found("approval", id))?;
        let is_open =
            approval.status == ApprovalStatus::Pending && approval.expires_at > state.clock.now();
        if !is_open {
            return Ok(approval);
        }
        tokio::select! {
            more = changed(&mut changes, org, id) => if !more { return Ok(approval) },
            () = tokio::time::sleep_until(deadline) => return Ok(approval),
            () = state.tasks.stopping() => return Ok(approval),
        }
    }
}

/// Completes when this approval may have changed; false when there will be no more news.
async fn changed(changes: &mut Receiver<Change>, org: OrgId, id: ApprovalId) -> bool {
    loop {
        match changes.recv().await {
            Ok(Change::Row { org_id, noun: Noun::Approval, id: row })
                if org_id == org && row == id.as_uuid() =>
            {
                return true;
            }
            Ok(Change::Row { .. }) => {}
            Ok(Change::Resync) | Err(RecvError::Lagged(_)) => return true,
            Err(RecvError::Closed) => return false,
        }
    }
}
