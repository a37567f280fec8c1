//! The last gate before an approved action: is this certificate real, recorded, for exactly this action, still good, and unused?
//!
//! The checks run from "somebody changed it" to "it was used", and the first that fails is the one reason given. A certificate is used
//! up only when everything else holds, so a wrong question does not spend it.

use ed25519_dalek::VerifyingKey;
use execlave_api::approvals::Verification;
use execlave_api::error::ErrorCode;
use execlave_core::certificate::Certificate;
use execlave_core::digest::ActionDigest;
use execlave_core::ids::{ApprovalId, OrgId};
use execlave_store::Json;
use execlave_store::approvals::{Approval, ApprovalStatus};
use serde_json::{Map, Value};

use crate::error::{AppError, AppResult};
use crate::signer::Signer;
use crate::state::AppState;

/// The verdict; an error means that there is none.
pub(crate) async fn verify_approval(
    state: &AppState,
    org: OrgId,
    id: ApprovalId,
    context: Map<String, Value>,
) -> AppResult<Verification> {
    let approval = state
        .store
        .find_approval(org, id)
        .await?
        .ok_or_else(|| AppError::not_found("approval", id))?;
    if approval.status != ApprovalStatus::Approved {
        let status = approval.status.as_str();
        return Err(AppError::conflict(format!(
            "this approval is {status}: there is a certificate only once it is approved"
        )));
    }
    refuse_stopped(state, &approval)?;
    let digest = ActionDigest::of_context(&Value::Object(context));
    match fault(state, &approval, &digest).await? {
        Some(reason) => Ok(Verification {
            valid: false,
            reason: Some(reason.to_owned()),
            certificate: None,
            verified_at: None,
        }),
        None => Ok(Verification {
            valid: true,
            reason: None,
            certificate: approval.certificate.as_ref().map(Json::to_value),
            verified_at: Some(state.clock.now().to_string()),
        }),
    }
}

/// An agent that was stopped while it waited does not act on the yes. The certificate stays unused.
fn refuse_stopped(state: &AppState, approval: &Approval) -> AppResult<()> {
    let id = approval.agent_id.to_string();
    match state.directory.agent(approval.org_id, &id, None) {
        Some(agent) if !agent.may_act() => {
            let (name, status) = (&agent.profile.external_id, agent.profile.status.as_str());
            let message =
                format!("agent `{name}` is {status}: resume it before it acts on this approval");
            Err(AppError::new(ErrorCode::AgentPaused, message))
        }
        _ => Ok(()),
    }
}

async fn fault(
    state: &AppState,
    approval: &Approval,
    digest: &ActionDigest,
) -> AppResult<Option<&'static str>> {
    let now = state.clock.now();
    let published = Signer::published(&state.store).await?;
    let certificate =
        approval.certificate.as_ref().and_then(|json| json.parse::<Certificate>().ok());
    let Some(certificate) =
        certificate.filter(|certificate| is_genuine(&published, approval, certificate))
    else {
        return Ok(Some("certificate_tampered"));
    };
    if !is_anchored(state, approval, &certificate).await? {
        return Ok(Some("certificate_unanchored"));
    }
    if certificate.action_digest != *digest {
        return Ok(Some("action_context_mismatch"));
    }
    if approval.certificate_used_at.is_some() {
        return Ok(Some("certificate_already_used"));
    }
    if certificate.expires_at <= now {
        return Ok(Some("certificate_expired"));
    }
    let used_now = state.store.use_certificate(approval.org_id, approval.id, now).await?;
    Ok((!used_now).then_some("certificate_already_used"))
}

/// Signed by this deployment, with whichever of its keys, and about this approval.
fn is_genuine(published: &[VerifyingKey], approval: &Approval, certificate: &Certificate) -> bool {
    published.iter().any(|key| certificate.verify(key))
        && certificate.approval_id == approval.id
        && certificate.organization_id == approval.org_id
        && certificate.agent_id == approval.agent_id
        && certificate.action_digest.as_str() == approval.action_digest
}

/// The audit chain holds the approval at the place the certificate names.
async fn is_anchored(
    state: &AppState,
    approval: &Approval,
    certificate: &Certificate,
) -> AppResult<bool> {
    let entry = state.store.anchored(approval.org_id, certificate.audit_index).await?;
    Ok(entry.is_some_and(|entry| {
        entry.event == "approval.approved" && entry.subject == format!("approval:{}", approval.id)
    }))
}
