//! Changing what is known of an agent; identity and status have their own operations.

use execlave_api::agents::{OutcomeStrictness, PatchAgent};
use execlave_core::ids::{AgentId, OrgId};
use execlave_store::Json;
use execlave_store::agents::{self, Agent, AgentPatch};

use crate::auth::Actor;
use crate::checks::{self, NAME_LENGTH, TEXT_LENGTH};
use crate::error::{AppError, AppResult};
use crate::ops::set_red_team_score;
use crate::state::AppState;

/// Changes the given fields.
pub(crate) async fn patch_agent(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    id: AgentId,
    body: PatchAgent,
) -> AppResult<Agent> {
    check(&body)?;
    let known = state.store.find_agent(org, id).await?;
    set_red_team_score::check_promotion(state, org, body.autonomy_level, known.as_ref())?;
    let patch = AgentPatch {
        name: body.name,
        kind: body.kind,
        platform: body.platform,
        description: body.description.map(Some),
        owner_email: body.owner_email.map(Some),
        allowed_data_sources: body.allowed_data_sources,
        allowed_actions: body.allowed_actions,
        requires_human_approval_for: body.requires_human_approval_for,
        tags: body.tags,
        metadata: body.metadata.map(|metadata| Json::of(&metadata)),
        autonomy_level: body.autonomy_level.map(|level| Some(level.as_str().to_owned())),
        outcome_strictness: body.outcome_strictness.map(strictness_of),
    };
    let agent = state.store.update_agent(org, id, &patch, &actor.id(), state.clock.now()).await?;
    let agent = agent.ok_or_else(|| AppError::not_found("agent", id))?;
    state.directory.refresh_agent(&state.store, org, id).await?;
    state.in_force(org).await;
    Ok(agent)
}

/// The stored form of what the wire says.
pub(crate) fn strictness_of(strictness: OutcomeStrictness) -> agents::OutcomeStrictness {
    match strictness {
        OutcomeStrictness::None => agents::OutcomeStrictness::None,
        OutcomeStrictness::Standard => agents::OutcomeStrictness::Standard,
        OutcomeStrictness::Strict => agents::OutcomeStrictness::Strict,
    }
}

fn check(body: &PatchAgent) -> AppResult<()> {
    let given = |path: &str, value: &Option<String>, check: fn(&str, &str) -> AppResult<()>| {
        value.as_deref().map_or(Ok(()), |value| check(path, value))
    };
    given("name", &body.name, |path, value| checks::required(path, value, NAME_LENGTH))?;
    given("type", &body.kind, checks::word)?;
    given("platform", &body.platform, checks::word)?;
    checks::optional("description", body.description.as_deref(), TEXT_LENGTH)?;
    checks::optional("ownerEmail", body.owner_email.as_deref(), NAME_LENGTH)?;
    checks::names("allowedDataSources", body.allowed_data_sources.as_deref())?;
    checks::names("allowedActions", body.allowed_actions.as_deref())?;
    checks::names("requiresHumanApprovalFor", body.requires_human_approval_for.as_deref())?;
    checks::names("tags", body.tags.as_deref())
}
