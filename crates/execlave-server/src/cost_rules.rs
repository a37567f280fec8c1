//! Cost budget rules applied to one action: which of them count, what they say once the counters have answered.

use execlave_core::decision::{Decision, EnforcementMode, Outcome, Severity, Violation};
use execlave_core::policy::BudgetWindow;
use execlave_core::request::{Action, AgentProfile};
use execlave_core::time::Timestamp;
use execlave_store::cost_rules::{CostRule, RuleAction, RuleScope};
use execlave_store::spend::{Charge, period_start};
use execlave_store::state::BudgetAnswer;

use crate::auth::Actor;

/// How much of a window must have passed before its end is predicted: a tenth.
const LEAST_ELAPSED: i64 = 10;

/// `policyType` of what these rules say.
const TYPE: &str = "cost_budget_rule";

/// A rule that counts for an action, with its counter.
#[derive(Clone, Debug)]
pub(crate) struct Applied {
    rule: CostRule,
    pub(crate) charge: Charge,
}

/// What the rules make of a decision.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict {
    /// The rule that pauses the agent, if one does.
    pub(crate) pauses: Option<Pause>,
}

/// Why a rule pauses an agent.
#[derive(Clone, Debug)]
pub(crate) struct Pause {
    rule: uuid::Uuid,
    name: String,
    /// For the people who look at the agent.
    pub(crate) reason: String,
}

impl Pause {
    /// The rule as the author of the change.
    pub(crate) fn actor(&self) -> Actor {
        Actor::Rule { id: self.rule, name: self.name.clone() }
    }
}

/// The rules that count for an action. A rule for users or workspaces counts only if the action names one.
pub(crate) fn apply(
    rules: &[CostRule],
    agent: &AgentProfile,
    action: &Action,
    now: Timestamp,
) -> Vec<Applied> {
    let applied = |rule: &CostRule| {
        let scope_key = scope_key(rule, agent, action)?;
        Some(Applied { charge: charge(rule, scope_key, now), rule: rule.clone() })
    };
    rules.iter().filter_map(applied).collect()
}

/// Whether a rule can count for some action of an agent.
pub(crate) fn may_count(rule: &CostRule, agent: &AgentProfile) -> bool {
    match rule.scope {
        RuleScope::Agent => scope_key(rule, agent, &Action::default()).is_some(),
        RuleScope::Org | RuleScope::User | RuleScope::Workspace => true,
    }
}

/// The counter of a rule, if the rule itself says which: for all of an organisation, or for one named entity.
pub(crate) fn own_counter(
    rule: &CostRule,
    agent: Option<&AgentProfile>,
    now: Timestamp,
) -> Option<Charge> {
    let scope_key = match (rule.scope, rule.scope_id.as_deref()) {
        (RuleScope::Org, _) => "org".to_owned(),
        (RuleScope::Agent, Some(_)) => format!("agent:{}", agent?.id),
        (RuleScope::User, Some(id)) => format!("user:{id}"),
        (RuleScope::Workspace, Some(id)) => format!("workspace:{id}"),
        (_, None) => return None,
    };
    Some(charge(rule, scope_key, now))
}

fn charge(rule: &CostRule, scope_key: String, now: Timestamp) -> Charge {
    let starts_at = period_start(rule.period, now);
    Charge { scope_key, window: rule.period, starts_at, cap_nanos: rule.cap_nanos }
}

fn scope_key(rule: &CostRule, agent: &AgentProfile, action: &Action) -> Option<String> {
    let wanted = rule.scope_id.as_deref();
    let named = |kind: &str, id: Option<String>| {
        id.filter(|id| wanted.is_none_or(|wanted| wanted == id)).map(|id| format!("{kind}:{id}"))
    };
    match rule.scope {
        RuleScope::Org => Some("org".to_owned()),
        RuleScope::Agent => {
            let id = agent.id.to_string();
            let is_meant = wanted.is_none_or(|wanted| wanted == id || wanted == agent.external_id);
            is_meant.then(|| format!("agent:{id}"))
        }
        RuleScope::User => named("user", action.user_id()),
        RuleScope::Workspace => named("workspace", workspace_id(action.metadata.as_ref())),
    }
}

/// The workspace, named by the metadata `workspaceId`.
pub(crate) fn workspace_id(
    metadata: Option<&serde_json::Map<String, serde_json::Value>>,
) -> Option<String> {
    let metadata = metadata?;
    ["workspaceId", "workspace_id"]
        .iter()
        .find_map(|key| metadata.get(*key)?.as_str().filter(|id| !id.is_empty()).map(str::to_owned))
}

/// Adds what the rules say to a decision. The answers are those to the charges of `applied`, in their order.
pub(crate) fn judge(
    applied: &[Applied],
    answers: &[BudgetAnswer],
    amount_nanos: i64,
    now: Timestamp,
    decision: &mut Decision,
) -> Verdict {
    let mut verdict = Verdict::default();
    for (Applied { rule, charge }, answer) in applied.iter().zip(answers) {
        let sum = answer.spent_nanos.saturating_add(amount_nanos);
        if answer.exceeded {
            let message = format!(
                "the budget of {} per {} is spent; wait for the next {} or raise the budget",
                dollars(rule.cap_nanos),
                rule.scope.as_str(),
                rule.period
            );
            if rule.action == RuleAction::Warn {
                decision.warnings.push(violation(rule, EnforcementMode::Warn, "exceeded", message));
                continue;
            }
            if rule.action == RuleAction::PauseAgent {
                verdict.pauses.get_or_insert_with(|| Pause {
                    rule: rule.id,
                    name: rule.name.clone(),
                    reason: format!("cost budget rule `{}`: {message}", rule.name),
                });
            }
            decision.outcome = Outcome::Block;
            decision.violations.push(violation(rule, EnforcementMode::Block, "exceeded", message));
            continue;
        }
        if rule.warning_threshold_pct.is_some_and(|percent| reaches(sum, percent, rule.cap_nanos)) {
            let message = format!(
                "{} of the budget of {} per {} are spent",
                dollars(sum),
                dollars(rule.cap_nanos),
                rule.scope.as_str()
            );
            decision.warnings.push(violation(rule, EnforcementMode::Warn, "threshold", message));
        }
        let projected = projected_nanos(charge, sum, now);
        if rule.burn_rate_alert_enabled && projected.is_some_and(|sum| sum > rule.cap_nanos) {
            let message = format!(
                "at this rate {} will be spent by the end of the {}, and the budget is {}",
                dollars(projected.unwrap_or_default()),
                rule.period,
                dollars(rule.cap_nanos)
            );
            decision.warnings.push(violation(rule, EnforcementMode::Warn, "burn_rate", message));
        }
    }
    verdict
}

/// What will be spent by the end of the window if it goes on as since its beginning. `None` before a tenth of the window has passed: one
/// action in the first second says nothing about a month.
pub(crate) fn projected_nanos(charge: &Charge, spent_nanos: i64, now: Timestamp) -> Option<i64> {
    let length = window_end(charge.window, charge.starts_at).millis_since(charge.starts_at);
    let elapsed = now.millis_since(charge.starts_at);
    if elapsed.saturating_mul(LEAST_ELAPSED) < length {
        return None;
    }
    let projected = i128::from(spent_nanos) * i128::from(length) / i128::from(elapsed.max(1));
    Some(i64::try_from(projected).unwrap_or(i64::MAX))
}

/// Where the window that begins at `starts_at` ends.
pub(crate) fn window_end(window: BudgetWindow, starts_at: Timestamp) -> Timestamp {
    // The longest window of a kind and a bit lies in the next one, whose beginning is this one's end.
    let longest = match window {
        BudgetWindow::Minute => 60_000,
        BudgetWindow::Hour => 3_600_000,
        BudgetWindow::Day => 86_400_000,
        BudgetWindow::Month => 31 * 86_400_000,
    };
    period_start(window, starts_at.plus_millis(longest))
}

fn reaches(sum: i64, percent: i64, cap: i64) -> bool {
    i128::from(sum) * 100 >= i128::from(cap) * i128::from(percent)
}

fn dollars(nanos: i64) -> String {
    let cents = (nanos + 5_000_000) / 10_000_000;
    if nanos == 0 || cents > 0 {
        return format!("{}.{:02} USD", cents / 100, cents % 100);
    }
    format!("{} USD", crate::views::usd(nanos))
}

fn violation(
    rule: &CostRule,
    enforcement_mode: EnforcementMode,
    what: &str,
    message: String,
) -> Violation {
    Violation {
        policy_id: rule.id.to_string(),
        policy_name: rule.name.clone(),
        policy_type: TYPE.to_owned(),
        enforcement_mode,
        severity: if enforcement_mode == EnforcementMode::Block {
            Severity::High
        } else {
            Severity::Medium
        },
        message,
        rule_id: format!("{TYPE}.{what}"),
        evidence: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn windows_end_where_the_next_begins() {
        for (window, start, end) in [
            (BudgetWindow::Minute, "2026-02-28T23:59:00Z", "2026-03-01T00:00:00Z"),
            (BudgetWindow::Day, "2024-02-28T00:00:00Z", "2024-02-29T00:00:00Z"),
            (BudgetWindow::Month, "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"),
            (BudgetWindow::Month, "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ] {
            assert_eq!(window_end(window, at(start)), at(end), "{window}");
        }
    }

    #[test]
    fn the_end_is_predicted_from_a_tenth_on() {
        let charge = Charge {
            scope_key: "org".into(),
            window: BudgetWindow::Hour,
            starts_at: at("2026-01-01T10:00:00Z"),
            cap_nanos: 100,
        };
        let projected = |now: &str| projected_nanos(&charge, 30, at(now));
        assert_eq!(projected("2026-01-01T10:05:59.999Z"), None);
        assert_eq!(projected("2026-01-01T10:06:00Z"), Some(300));
        assert_eq!(projected("2026-01-01T10:30:00Z"), Some(60));
        assert_eq!(projected("2026-01-01T10:59:59.999Z"), Some(30));
    }

    #[test]
    fn amounts_are_written_for_people() {
        assert_eq!(dollars(0), "0.00 USD");
        assert_eq!(dollars(12_345_000_000), "12.35 USD");
        assert_eq!(dollars(2_000_000), "0.002 USD");
    }
}
