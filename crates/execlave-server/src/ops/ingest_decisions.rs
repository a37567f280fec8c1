//! Taking in what clients decided from a bundle. Each decision is judged on its own; one that is known changes nothing, so a client may
//! send a batch again until it is answered.

use execlave_api::decisions::{DecisionError, DecisionReceipt, LocalDecision};
use execlave_core::decision::Outcome;
use execlave_core::ids::{DecisionId, OrgId, PolicyId};
use execlave_store::Json;
use execlave_store::decisions::{DecisionRecord, DecisionSource};
use serde_json::value::RawValue;

use super::find_agent::find_agent;
use crate::auth::Actor;
use crate::auth::environment::Environments;
use crate::body;
use crate::checks::{self, NAME_LENGTH};
use crate::error::{AppError, AppResult};
use crate::state::AppState;

/// How far a client's clock may be ahead.
const AHEAD_MS: i64 = 5 * 60 * 1000;

/// How many policies a decision may name in one list. No organisation has so many that all of them fire.
const POLICIES: usize = 2_000;

/// Keeps a batch; answers once it is durable.
pub(crate) async fn ingest_decisions(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    environments: &Environments,
    batch: Vec<Box<RawValue>>,
) -> AppResult<DecisionReceipt> {
    let most = state.config.limits.traces_per_batch;
    if batch.len() > most {
        let message = format!("must have at most {most} entries: send more batches");
        return Err(AppError::invalid("decisions", message));
    }
    let mut records = Vec::with_capacity(batch.len());
    let mut errors = Vec::new();
    for (index, raw) in batch.iter().enumerate() {
        match record(state, org, (actor, environments), raw).await {
            Ok(record) => records.push(record),
            // What the store cannot tell is no fault of the decision.
            Err(error) if error.status().is_server_error() => return Err(error),
            Err(error) => errors.push(DecisionError {
                index,
                code: error.code().as_str().to_owned(),
                error: error.message().to_owned(),
            }),
        }
    }
    let read = records.len();
    let accepted = state.store.record_local_decisions(org, records).await?;
    Ok(DecisionReceipt { accepted, duplicates: read - accepted, failed: errors.len(), errors })
}

async fn record(
    state: &AppState,
    org: OrgId,
    (actor, environments): (&Actor, &Environments),
    raw: &RawValue,
) -> AppResult<DecisionRecord> {
    let body: LocalDecision = body::parse(raw.get().as_bytes())?;
    let id: DecisionId = body.id.parse().map_err(|_| AppError::invalid("id", "must be a UUID"))?;
    checks::required("agentId", &body.agent_id, NAME_LENGTH)?;
    body.environment
        .as_deref()
        .map_or(Ok(()), |environment| checks::word("environment", environment))?;
    let is_digest = body.action_digest.len() == 64
        && body.action_digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_digest {
        return Err(AppError::invalid("actionDigest", "must be 64 hexadecimal digits"));
    }
    let outcome: Outcome = body.outcome.parse().map_err(|_| {
        AppError::invalid("outcome", "must be `allow`, `require_approval` or `block`")
    })?;
    for (path, length) in [
        ("violations", body.violations.len()),
        ("warnings", body.warnings.len()),
        ("problems", body.problems.len()),
        ("tierOverrides", body.tier_overrides.len()),
    ] {
        if length > POLICIES {
            return Err(AppError::invalid(path, format!("must have at most {POLICIES} entries")));
        }
    }
    // Read as what they say they are, because what is shown of a decision is read back from its record.
    for (index, id) in body.tier_overrides.iter().enumerate() {
        policy_id(&format!("tierOverrides[{index}]"), id)?;
    }
    for (index, problem) in body.problems.iter().enumerate() {
        policy_id(&format!("problems[{index}].policyId"), &problem.policy_id)?;
    }
    checks::required("bundleVersion", &body.bundle_version, NAME_LENGTH)?;
    if body.duration_us < 0 {
        return Err(AppError::invalid("durationUs", "must be zero or more"));
    }
    let evaluated_at = checks::time("evaluatedAt", &body.evaluated_at)?;
    if evaluated_at > state.clock.now().plus_millis(AHEAD_MS) {
        return Err(AppError::invalid("evaluatedAt", "must not be in the future"));
    }
    let agent = find_agent(state, org, &body.agent_id, body.environment.as_deref()).await?;
    environments.check_agent(&agent, body.environment.as_deref())?;
    let settings = state.directory.settings(org);
    let keep_input = settings
        .and_then(|settings| settings.keep_input)
        .unwrap_or(state.config.decisions.keep_input);
    Ok(DecisionRecord {
        org_id: org,
        id,
        agent_id: agent.profile.id,
        environment: body.environment.unwrap_or_else(|| agent.profile.environment.clone()),
        action_digest: body.action_digest.to_ascii_lowercase(),
        outcome,
        violations: Json::of(&body.violations),
        warnings: Json::of(&body.warnings),
        policy_versions: Json::of::<[(); 0]>(&[]),
        problems: Json::of(&body.problems),
        tier_overrides: Json::of(&body.tier_overrides),
        source: DecisionSource::Local,
        bundle_version: Some(body.bundle_version),
        input: body.input.filter(|_| keep_input),
        approval_id: None,
        key_id: actor.key_id(),
        duration_us: body.duration_us,
        evaluated_at,
    })
}

fn policy_id(path: &str, text: &str) -> AppResult<()> {
    let read: Result<PolicyId, _> = text.parse();
    read.map(drop).map_err(|_| AppError::invalid(path, "must be a UUID"))
}
