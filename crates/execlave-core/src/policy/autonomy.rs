//! Autonomy tiers: the controls an agent gets from how much it may do by itself.
//!
//! Each tier has the controls of the ones below and adds its own. They apply as if they were policies, besides
//! the organisation's policies and never instead of them. A policy whose type is not among the tier's
//! controls still runs; the decision records it as an override of the tier.
//!
//! | tier | adds |
//! |---|---|
//! | `observe` | injection scan and personal data (warn) |
//! | `advise` | quality threshold (0.5) and output classifier (100,000 characters), on traces (warn) |
//! | `act_with_approval` | the agent's approval list (ask a person), its allow list (block) |
//! | `autonomous` | 10 USD per action and 100 USD a day, 1,000 USD a month, 10,000 records (ask a person); private networks (block) |

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::compile::{CompiledPolicy, compile};
use super::document::PolicyDocument;
use super::rules::PolicyType;
use crate::ids::PolicyId;
use crate::request::AutonomyLevel;

/// From which score of the red-team suite on an agent may become autonomous while the gate is on.
pub const RED_TEAM_PASS: f64 = 0.9;

/// Why an agent may not be promoted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PromotionError {
    /// The suite has not been run.
    #[error("an autonomous agent needs a red-team score of {RED_TEAM_PASS} or more, and has none")]
    NotTested,
    /// The score is too low, or not a score.
    #[error("the red-team score is {0}, but an autonomous agent needs {RED_TEAM_PASS} or more")]
    ScoreTooLow(f64),
}

/// Whether an agent with this level and this red-team score (0 to 1) may be given another level. One that is autonomous may stay so: the
/// gate is for promotions.
pub fn check_promotion(
    from: Option<AutonomyLevel>,
    to: AutonomyLevel,
    gate_is_on: bool,
    red_team_score: Option<f64>,
) -> Result<(), PromotionError> {
    if !gate_is_on || to != AutonomyLevel::Autonomous || from == Some(to) {
        return Ok(());
    }
    match red_team_score {
        None => Err(PromotionError::NotTested),
        Some(score) if (RED_TEAM_PASS..=1.0).contains(&score) => Ok(()),
        Some(score) => Err(PromotionError::ScoreTooLow(score)),
    }
}

/// The controls of a tier, as policies with ids that never change.
pub fn controls(level: AutonomyLevel) -> impl Iterator<Item = &'static CompiledPolicy> {
    CONTROLS.iter().filter(move |(from, _)| *from <= level).map(|(_, policy)| policy)
}

/// Whether a tier has a control of this type.
pub(super) fn covers(level: AutonomyLevel, policy_type: PolicyType) -> bool {
    controls(level).any(|policy| policy.policy_type() == policy_type)
}

static CONTROLS: LazyLock<Vec<(AutonomyLevel, CompiledPolicy)>> = LazyLock::new(|| {
    use AutonomyLevel::{ActWithApproval, Advise, Autonomous, Observe};
    let table: [(AutonomyLevel, &str, &str, Value); 10] = [
        (Observe, "injection_scan", "warn", json!({})),
        (Observe, "pii_access", "warn", json!({})),
        (Advise, "quality_threshold", "warn", json!({"min": 0.5})),
        (Advise, "output_classifier", "warn", json!({"maxLength": 100_000})),
        (ActWithApproval, "action_approval", "require_approval", json!({"tools": []})),
        (ActWithApproval, "access_control", "block", json!({})),
        (
            Autonomous,
            "cost_limit",
            "require_approval",
            json!({"maxCostPerExecution": 10, "dailyBudget": 100}),
        ),
        (
            Autonomous,
            "budget_cap",
            "require_approval",
            json!({"monthlyBudget": 1000, "scope": "agent"}),
        ),
        (Autonomous, "external_call", "block", json!({})),
        (Autonomous, "record_count_limit", "require_approval", json!({"maxRecords": 10_000})),
    ];
    // INVARIANT: each line is a valid policy; the tests count them.
    let compiled = table.into_iter().enumerate().filter_map(|(index, line)| {
        let (level, policy_type, mode, rule) = line;
        let document = PolicyDocument::from_value(json!({
            "name": format!("tier {level}: {policy_type}"),
            "policyType": policy_type,
            "enforcementMode": mode,
            "ruleDefinition": rule,
        }));
        let policy = compile(control_id(index), 1, &document.ok()?).ok()?;
        Some((level, policy))
    });
    compiled.collect()
});

/// UUIDs of version 8 that no policy of an organisation has.
fn control_id(index: usize) -> PolicyId {
    const FIRST: u128 = 0x0000_0000_0000_8000_8000_0000_0000_0001;
    let offset = u128::try_from(index).unwrap_or_default();
    uuid::Uuid::from_u128(FIRST.saturating_add(offset)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_add_up() {
        let counts: Vec<usize> =
            AutonomyLevel::ALL.iter().map(|level| controls(*level).count()).collect();
        assert_eq!(counts, [2, 4, 6, 10]);
    }

    #[test]
    fn the_gate_holds_back_only_untested_autonomy() {
        use AutonomyLevel::{Advise, Autonomous};
        assert_eq!(check_promotion(None, Autonomous, false, None), Ok(()));
        assert_eq!(check_promotion(None, Advise, true, None), Ok(()));
        assert_eq!(check_promotion(Some(Autonomous), Autonomous, true, None), Ok(()));
        for from in [None, Some(Advise)] {
            let promote = |score| check_promotion(from, Autonomous, true, score);
            assert_eq!(promote(None), Err(PromotionError::NotTested));
            assert_eq!(promote(Some(0.9)), Ok(()));
            for score in [0.89, 1.1, -1.0, f64::NAN] {
                assert!(promote(Some(score)).is_err(), "{score}");
            }
        }
    }
}
