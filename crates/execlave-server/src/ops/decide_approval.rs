//! A person's yes or no. Reached from the API and from the dashboard.

use execlave_core::certificate::{Certificate, CertificateClaims, PolicyVersion};
use execlave_core::ids::{ApprovalId, OrgId};
use execlave_core::time::Timestamp;
use execlave_store::Json;
use execlave_store::approvals::{Approval, Decided, DecisionBy};
use execlave_store::error::StoreError;

use execlave_api::error::ErrorCode;

use crate::auth::Actor;
use crate::checks;
use crate::error::{AppError, AppResult};
use crate::state::AppState;

/// Records the answer; when it is the last yes that was needed, the approval comes back with its certificate.
pub(crate) async fn decide_approval(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    id: ApprovalId,
    approve: bool,
    reason: Option<String>,
) -> AppResult<Approval> {
    checks::optional("reason", reason.as_deref(), checks::TEXT_LENGTH)?;
    let known = state.store.find_approval(org, id).await?;
    let known = known.ok_or_else(|| AppError::not_found("approval", id))?;
    refuse_own(actor, &known)?;
    // A no signs nothing, so it depends on nothing but the approval.
    let policies = if approve { policies_of(state, &known).await? } else { Vec::new() };
    let reason = reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    let by = DecisionBy { actor: &actor.id(), actor_label: actor.label(), approve, reason };
    let now = state.clock.now();
    let decided = state
        .store
        .decide_approval(org, id, &by, now, |approval, index| {
            sign(state, actor, approval, policies, index, now)
        })
        .await?;
    match decided {
        Decided::Recorded(approval) => Ok(approval),
        Decided::Already(approval) => Err(already(&approval)),
        Decided::NotFound => Err(AppError::not_found("approval", id)),
    }
}

/// Nobody approves their own request: the key that asked for the action does not decide it.
fn refuse_own(actor: &Actor, approval: &Approval) -> AppResult<()> {
    if actor.key_id().is_some() && approval.requested_by == actor.key_id() {
        let message = "this key asked for the approval and cannot decide it: decide on the dashboard, or with another key";
        return Err(AppError::new(ErrorCode::SelfApproval, message));
    }
    Ok(())
}

/// What the approval was asked for under: the set its decision names, whatever is in force by the time of the answer. Controls of an
/// autonomy tier are part of this program and have no versions, so an approval they asked for may name no policy.
async fn policies_of(state: &AppState, approval: &Approval) -> AppResult<Vec<PolicyVersion>> {
    let Some(version) = &approval.bundle_version else { return Ok(Vec::new()) };
    let unreadable = |detail| StoreError::Inconsistent {
        table: "policy_sets",
        column: "policies".to_owned(),
        id: version.clone(),
        detail,
    };
    let set = state.store.find_policy_set(approval.org_id, version).await?;
    let set = set.ok_or_else(|| unreadable("the set is missing".to_owned()))?;
    Ok(set.policies.parse().map_err(|error| unreadable(error.to_string()))?)
}

fn already(approval: &Approval) -> AppError {
    let status = approval.status.as_str();
    let message = match status {
        "pending" => {
            "you have answered this approval before: somebody else has to agree".to_owned()
        }
        _ => format!("this approval is {status} and can no longer be decided"),
    };
    AppError::conflict(message)
}

fn sign(
    state: &AppState,
    actor: &Actor,
    approval: &Approval,
    policy_versions: Vec<PolicyVersion>,
    audit_index: i64,
    now: Timestamp,
) -> Json {
    let claims = CertificateClaims {
        approval_id: approval.id,
        // INVARIANT: the digest was written by `ops::enforce` from an `ActionDigest`; anything else makes a certificate for nothing.
        action_digest: approval.action_digest.parse().unwrap_or_else(|_| {
            execlave_core::digest::ActionDigest::of_context(&serde_json::Value::Null)
        }),
        agent_id: approval.agent_id,
        organization_id: approval.org_id,
        approved_by: actor.label().to_owned(),
        issued_at: now,
        expires_at: now.plus_millis(i64::from(state.config.approvals.certificate_minutes) * 60_000),
        policy_versions,
        audit_index,
    };
    Json::of(&Certificate::sign(claims, state.signer.key()))
}
