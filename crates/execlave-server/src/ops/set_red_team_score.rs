//! What red teaming found out about an agent, and the gate it opens.

use execlave_api::agents::AutonomyLevel;
use execlave_core::ids::{AgentId, OrgId};
use execlave_core::policy::autonomy;
use execlave_core::request;
use execlave_store::agents::Agent;

use crate::auth::Actor;
use crate::error::{AppError, AppResult};
use crate::state::AppState;
use crate::views;

/// Records a score.
pub(crate) async fn set_red_team_score(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    id: AgentId,
    score: f64,
) -> AppResult<Agent> {
    if !(0.0..=1.0).contains(&score) {
        return Err(AppError::invalid("score", "must be 0 to 1"));
    }
    // Rounded down: 0.8999 is not 0.9.
    #[expect(clippy::cast_possible_truncation, reason = "between 0 and 1,000")]
    let thousandths = (score * 1_000.0 + 1e-9).floor() as i64;
    let now = state.clock.now();
    let agent = state.store.set_red_team_score(org, id, thousandths, &actor.id(), now).await?;
    let agent = agent.ok_or_else(|| AppError::not_found("agent", id))?;
    state.directory.refresh_agent(&state.store, org, id).await?;
    state.in_force(org).await;
    Ok(agent)
}

/// Refuses to let an agent act on its own that has not passed, where the organisation asks for that.
pub(crate) fn check_promotion(
    state: &AppState,
    org: OrgId,
    wanted: Option<AutonomyLevel>,
    known: Option<&Agent>,
) -> AppResult<()> {
    let level = |word: &str| word.parse::<request::AutonomyLevel>().ok();
    let Some(to) = wanted.and_then(|wanted| level(wanted.as_str())) else { return Ok(()) };
    let from = known.and_then(|agent| level(agent.autonomy_level.as_deref()?));
    let gated = state.directory.settings(org).is_some_and(|settings| settings.red_team_gate);
    let score = known.and_then(|agent| agent.red_team_score).map(views::thousandths);
    autonomy::check_promotion(from, to, gated, score).map_err(|error| {
        AppError::conflict(format!("{error}: set it with `PATCH /agents/{{id}}/red-team-score`"))
    })
}
