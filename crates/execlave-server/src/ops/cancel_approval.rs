//! Taking an approval back: by whoever asked for it, or by who may decide it.

use execlave_api::error::ErrorCode;
use execlave_core::ids::{ApprovalId, OrgId};
use execlave_store::approvals::{Approval, Decided};

use crate::auth::Actor;
use crate::checks;
use crate::error::{AppError, AppResult};
use crate::state::AppState;

/// Cancels a pending approval. `decides` says whether the caller may answer approvals; anybody else cancels only what it asked for.
pub(crate) async fn cancel_approval(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    decides: bool,
    id: ApprovalId,
    reason: Option<String>,
) -> AppResult<Approval> {
    checks::optional("reason", reason.as_deref(), checks::TEXT_LENGTH)?;
    let known = state.store.find_approval(org, id).await?;
    let known = known.ok_or_else(|| AppError::not_found("approval", id))?;
    let is_own = actor.key_id().is_some() && known.requested_by == actor.key_id();
    if !decides && !is_own {
        let message = "only the key that asked for an approval, or one with the scope `approvals:decide`, can cancel it";
        return Err(AppError::new(ErrorCode::Forbidden, message));
    }
    let reason = reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    let (actor, label) = (actor.id(), actor.label());
    let now = state.clock.now();
    match state.store.cancel_approval(org, id, (&actor, label), reason, now).await? {
        Decided::Recorded(approval) => Ok(approval),
        Decided::Already(approval) => {
            let status = approval.status.as_str();
            let message = match status {
                "pending" => "this approval has expired and can no longer be cancelled".to_owned(),
                _ => format!("this approval is {status} and can no longer be cancelled"),
            };
            Err(AppError::conflict(message))
        }
        Decided::NotFound => Err(AppError::not_found("approval", id)),
    }
}
