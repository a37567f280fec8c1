//! What red teaming found out about an agent, and the gate it opens.

use execlave_api::agents::AutonomyLevel;
use execlave_core::ids::{AgentId, OrgId};
use execlave_store::agents::Agent;

use crate::auth::Actor;
use crate::error::{AppError, AppResult};
use crate::state::AppState;

/// The least score an agent needs before it may act on its own, in thousandths.
const PASSED: i64 = 900;

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
    Ok(agent)
}

/// Refuses to let an agent act on its own that has not passed, where the organisation asks for that. An agent that already does so stays
/// as it is: the gate is for promotions.
pub(crate) fn check_promotion(
    state: &AppState,
    org: OrgId,
    wanted: Option<AutonomyLevel>,
    known: Option<&Agent>,
) -> AppResult<()> {
    let autonomous = AutonomyLevel::Autonomous;
    let is_promotion = wanted == Some(autonomous)
        && known.and_then(|agent| agent.autonomy_level.as_deref()) != Some(autonomous.as_str());
    let gated = state.directory.settings(org).is_some_and(|settings| settings.red_team_gate);
    let score = known.and_then(|agent| agent.red_team_score).unwrap_or_default();
    if !is_promotion || !gated || score >= PASSED {
        return Ok(());
    }
    Err(AppError::conflict(
        "an agent needs a red-team score of at least 0.9 before it may be `autonomous`: set it with `PATCH /agents/{id}/red-team-score`",
    ))
}
