//! Does a reported success prove its effect? How much proof there must be is a property of the agent.

use execlave_api::error::ErrorCode;
use execlave_api::traces::{EffectEvidence, TraceBody, TraceStatus};
use execlave_store::agents::OutcomeStrictness;

use super::Refusal;
use crate::checks::{self, NAME_LENGTH, TEXT_LENGTH};
use crate::directory::AgentEntry;
use crate::error::AppError;

/// Refuses evidence that no field of which could be stored.
pub(super) fn check(evidence: &EffectEvidence) -> Result<(), AppError> {
    checks::required("effectEvidence.basis", &evidence.basis, NAME_LENGTH)?;
    let optional = |field: &str, value: Option<&str>, length| {
        checks::optional(&format!("effectEvidence.{field}"), value, length)
    };
    optional("acknowledgementId", evidence.acknowledgement_id.as_deref(), NAME_LENGTH)?;
    optional("effectRef", evidence.effect_ref.as_deref(), NAME_LENGTH)?;
    optional("confirmedAt", evidence.confirmed_at.as_deref(), NAME_LENGTH)?;
    optional("detail", evidence.detail.as_deref(), TEXT_LENGTH)
}

/// Refuses a success without the proof its agent's owner asks for.
pub(super) fn refuse_unproven(agent: &AgentEntry, body: &TraceBody) -> Result<(), Refusal> {
    let strictness = agent.outcome_strictness;
    let succeeded = body.status.unwrap_or_default() == TraceStatus::Success;
    if strictness == OutcomeStrictness::None || !succeeded {
        return Ok(());
    }
    let evidence = body.effect_evidence.as_ref();
    let confirms =
        |evidence: &EffectEvidence| matches!(evidence.basis.as_str(), "read_back" | "callback");
    let missing = match evidence {
        Some(evidence) if confirms(evidence) && !names_the_effect(evidence) => {
            "needs `effectRef` or `acknowledgementId`, because its basis claims a confirmation"
        }
        Some(evidence) if confirms(evidence) => return Ok(()),
        _ if strictness == OutcomeStrictness::Standard => return Ok(()),
        _ => {
            "must have the basis `read_back` or `callback`; report `effect_unconfirmed` if the effect is not known"
        }
    };
    Err(Refusal {
        code: ErrorCode::OutcomeEvidenceRequired,
        message: format!(
            "`effectEvidence`: a success of agent `{}` {missing}",
            agent.profile.external_id
        ),
    })
}

fn names_the_effect(evidence: &EffectEvidence) -> bool {
    let names = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    names(&evidence.effect_ref) || names(&evidence.acknowledgement_id)
}
