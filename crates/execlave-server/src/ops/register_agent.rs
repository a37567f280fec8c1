//! Registering is idempotent: the second time updates what is given and keeps the rest, the id, the status and the epoch.

use execlave_api::agents::RegisterAgent;
use execlave_core::ids::{AgentId, OrgId};
use execlave_store::Json;
use execlave_store::agents::{Agent, NewAgent};

use crate::auth::Actor;
use crate::checks::{self, NAME_LENGTH, TEXT_LENGTH};
use crate::error::AppResult;
use crate::ops::patch_agent::strictness_of;
use crate::ops::set_red_team_score;
use crate::state::AppState;

/// Registers an agent; whether it is new.
pub(crate) async fn register_agent(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    body: RegisterAgent,
) -> AppResult<(Agent, bool)> {
    check(&body)?;
    let known = find_registered(state, org, &body).await?;
    set_red_team_score::check_promotion(state, org, body.autonomy_level, known.as_ref())?;
    let new = merge(body, known.as_ref(), state.clock.new_id());
    let (agent, created) =
        state.store.register_agent(org, &new, &actor.id(), state.clock.now()).await?;
    state.directory.refresh_agent(&state.store, org, agent.id).await?;
    Ok((agent, created))
}

fn check(body: &RegisterAgent) -> AppResult<()> {
    checks::required("agentId", &body.agent_id, NAME_LENGTH)?;
    checks::required("name", &body.name, NAME_LENGTH)?;
    checks::word("type", &body.kind)?;
    checks::word("platform", &body.platform)?;
    checks::word("environment", &body.environment)?;
    checks::optional("description", body.description.as_deref(), TEXT_LENGTH)?;
    checks::optional("ownerEmail", body.owner_email.as_deref(), NAME_LENGTH)?;
    checks::names("allowedDataSources", body.allowed_data_sources.as_deref())?;
    checks::names("allowedActions", body.allowed_actions.as_deref())?;
    checks::names("requiresHumanApprovalFor", body.requires_human_approval_for.as_deref())?;
    checks::names("tags", body.tags.as_deref())
}

async fn find_registered(
    state: &AppState,
    org: OrgId,
    body: &RegisterAgent,
) -> AppResult<Option<Agent>> {
    let entry = state.directory.agent(org, &body.agent_id, Some(&body.environment));
    let exact = entry.filter(|entry| {
        entry.profile.external_id == body.agent_id && entry.profile.environment == body.environment
    });
    match exact {
        Some(entry) => Ok(state.store.find_agent(org, entry.profile.id).await?),
        None => Ok(None),
    }
}

fn merge(body: RegisterAgent, known: Option<&Agent>, id: AgentId) -> NewAgent {
    let list = |given: Option<Vec<String>>, kept: fn(&Agent) -> &Vec<String>| {
        given.or_else(|| known.map(kept).cloned()).unwrap_or_default()
    };
    NewAgent {
        id,
        agent_id: body.agent_id,
        name: body.name,
        kind: body.kind,
        platform: body.platform,
        environment: body.environment,
        description: body.description.or_else(|| known?.description.clone()),
        owner_email: body.owner_email.or_else(|| known?.owner_email.clone()),
        allowed_data_sources: list(body.allowed_data_sources, |agent| &agent.allowed_data_sources),
        allowed_actions: list(body.allowed_actions, |agent| &agent.allowed_actions),
        requires_human_approval_for: list(body.requires_human_approval_for, |agent| {
            &agent.requires_human_approval_for
        }),
        tags: list(body.tags, |agent| &agent.tags),
        metadata: match body.metadata {
            Some(metadata) => Json::of(&metadata),
            None => known
                .map_or_else(|| Json::of(&serde_json::Map::new()), |agent| agent.metadata.clone()),
        },
        autonomy_level: body
            .autonomy_level
            .map(|level| level.as_str().to_owned())
            .or_else(|| known?.autonomy_level.clone()),
        outcome_strictness: match body.outcome_strictness {
            Some(strictness) => strictness_of(strictness),
            None => known.map_or_else(Default::default, |agent| agent.outcome_strictness),
        },
    }
}
