//! The one loop that decides.
//!
//! Every applicable policy is checked and nothing stops early, so the caller learns all violations at once.
//! Whether a chained policy counts is settled afterwards, from what the others said, because a budget's
//! answer arrives later than everything else. The result does not depend on the order policies are given in.

use super::budget::BudgetCheck;
use super::chain::Chain;
use super::compile::{Compiled, PolicySet};
use super::document::FailureMode;
use super::rule::{Budget, Checked, Hit, Subject};
use crate::decision::{Decision, EnforcementMode, Problem, Severity, Violation};
use crate::request::{Action, AgentProfile, AgentStatus};

/// What policies say about one action, and what they still need to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The decision if no budget is exceeded.
    pub decision: Decision,
    /// What the keeper of the counters must answer before the decision is final.
    pub budget_checks: Vec<BudgetCheck>,
    verdicts: Vec<Verdict>,
}

/// What one policy says, prerequisites first.
#[derive(Debug, Clone, PartialEq)]
struct Verdict {
    place: usize,
    chain: Option<Chain>,
    fired: Option<Violation>,
    problem: Option<Problem>,
    /// Fires if that check is exceeded.
    budgets: Vec<(BudgetCheck, Violation)>,
    /// What it says if its checks are never answered.
    unanswered: Option<(Problem, Option<Violation>)>,
}

/// Evaluates every policy of the set on one action. Cannot fail, on any input.
pub fn evaluate(policies: &PolicySet, agent: &AgentProfile, action: &Action) -> Evaluation {
    if let Some(stopped) = stopped(agent) {
        let decision = Decision::combine(vec![stopped], Vec::new());
        return Evaluation { decision, budget_checks: Vec::new(), verdicts: Vec::new() };
    }
    let subject = Subject::new(agent, action);
    let applicable =
        policies.in_order().filter(|(_, policy, _)| policy.scope.applies(agent, action));
    let verdicts: Vec<Verdict> =
        applicable.map(|(place, policy, chain)| check(place, policy, chain, &subject)).collect();
    let undecided = undecided(&verdicts);
    let budget_checks = verdicts
        .iter()
        .filter(|verdict| undecided.contains(&verdict.place))
        .flat_map(|verdict| verdict.budgets.iter().map(|(check, _)| check.clone()))
        .collect();
    Evaluation { decision: combine(&verdicts, &[]), budget_checks, verdicts }
}

impl Evaluation {
    /// The final decision, given which of [`Evaluation::budget_checks`] are exceeded.
    pub fn settle(self, exceeded: &[usize]) -> Decision {
        let exceeded: Vec<&BudgetCheck> =
            exceeded.iter().filter_map(|index| self.budget_checks.get(*index)).collect();
        if exceeded.is_empty() { self.decision } else { combine(&self.verdicts, &exceeded) }
    }

    /// The final decision when the counters cannot be asked: every policy with a budget is one that could not
    /// be evaluated, and its failure mode decides.
    pub fn settle_without_counters(mut self) -> Decision {
        if self.budget_checks.is_empty() {
            return self.decision;
        }
        for verdict in &mut self.verdicts {
            let Some((problem, violation)) = verdict.unanswered.take() else { continue };
            verdict.problem.get_or_insert(problem);
            verdict.fired = verdict.fired.take().or(violation);
        }
        combine(&self.verdicts, &[])
    }
}

fn check(place: usize, policy: &Compiled, chain: Option<&Chain>, subject: &Subject<'_>) -> Verdict {
    let mut checked = Checked::default();
    policy.rule.check(subject, &mut checked);
    let real = policy.scope.rolled_out(policy.id, subject.agent, subject.action);
    let mode = if real { policy.enforcement_mode } else { EnforcementMode::Monitor };
    let unknown = |problem: &str| {
        let hit = Hit {
            rule: "not_evaluated".into(),
            message: format!(
                "{problem}; this policy fires when it cannot be evaluated (`failureMode`)"
            ),
            evidence: None,
        };
        (policy.failure_mode == FailureMode::FailClosed).then(|| violation(policy, mode, hit))
    };
    let problem = |message: &str| Problem { policy_id: policy.id, message: message.into() };
    let fired = checked.hit.map(|hit| violation(policy, mode, hit));
    let budget = |budget: Budget| {
        let check = BudgetCheck {
            policy_id: policy.id,
            scope: budget.scope,
            scope_key: budget.scope_key,
            window: budget.window,
            cap_nanos: budget.cap_nanos,
            amount_nanos: budget.amount_nanos,
            enforcement_mode: mode,
        };
        (check, violation(policy, mode, budget.hit))
    };
    Verdict {
        place,
        chain: chain.cloned(),
        fired: fired.or_else(|| checked.problem.as_deref().and_then(unknown)),
        problem: checked.problem.as_deref().map(problem),
        unanswered: (!checked.budgets.is_empty())
            .then(|| (problem(UNANSWERED), unknown(UNANSWERED))),
        budgets: checked.budgets.into_iter().map(budget).collect(),
    }
}

const UNANSWERED: &str = "the counters of this budget cannot be reached; ask again when they can";

fn violation(policy: &Compiled, enforcement_mode: EnforcementMode, hit: Hit) -> Violation {
    Violation {
        policy_id: policy.id.to_string(),
        policy_name: policy.name.clone(),
        policy_type: policy.policy_type.as_str().into(),
        enforcement_mode,
        severity: policy.severity,
        message: hit.message,
        rule_id: format!("{}.{}", policy.policy_type, hit.rule),
        evidence: hit.evidence,
    }
}

/// What fires when the given checks are exceeded, with chains applied.
fn combine(verdicts: &[Verdict], exceeded: &[&BudgetCheck]) -> Decision {
    let mut fired: Vec<(usize, Violation)> = Vec::new();
    let mut problems: Vec<(usize, Problem)> = Vec::new();
    for verdict in verdicts {
        if !open(verdict, |place| fired.iter().any(|(other, _)| *other == place)) {
            continue;
        }
        let over = verdict
            .budgets
            .iter()
            .find(|(check, _)| exceeded.contains(&check))
            .map(|(_, over)| over);
        if let Some(violation) = verdict.fired.as_ref().or(over) {
            fired.push((verdict.place, violation.clone()));
        }
        problems.extend(verdict.problem.clone().map(|problem| (verdict.place, problem)));
    }
    fired.sort_by_key(|(place, _)| *place);
    problems.sort_by_key(|(place, _)| *place);
    let fired = fired.into_iter().map(|(_, violation)| violation).collect();
    Decision::combine(fired, problems.into_iter().map(|(_, problem)| problem).collect())
}

fn open(verdict: &Verdict, fired: impl Fn(usize) -> bool) -> bool {
    verdict.chain.as_ref().is_none_or(|chain| chain.open(fired))
}

/// The places of policies that run, or may run once the budgets before them are known: only their own
/// budgets are asked about.
fn undecided(verdicts: &[Verdict]) -> Vec<usize> {
    let mut fired: Vec<usize> = Vec::new();
    let mut uncertain: Vec<usize> = Vec::new();
    let mut running: Vec<usize> = Vec::new();
    for verdict in verdicts {
        let opens = open(verdict, |place| fired.contains(&place));
        let waits = verdict
            .chain
            .as_ref()
            .is_some_and(|chain| chain.needs.iter().any(|place| uncertain.contains(place)));
        if opens && verdict.fired.is_some() {
            fired.push(verdict.place);
        }
        if opens || waits {
            running.push(verdict.place);
        }
        if waits || !verdict.budgets.is_empty() {
            uncertain.push(verdict.place);
        }
    }
    running
}

/// A stopped agent is refused before any policy.
fn stopped(agent: &AgentProfile) -> Option<Violation> {
    let (rule, state, remedy) = match agent.status {
        AgentStatus::Active | AgentStatus::Error => return None,
        AgentStatus::Paused => ("agent_paused", "paused", "resume it before it may act again"),
        AgentStatus::Inactive | AgentStatus::Archived => {
            ("agent_retired", "retired", "reactivate it or use another agent")
        }
    };
    let reason =
        agent.status_reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    Some(Violation {
        policy_id: "system".into(),
        policy_name: "Agent status".into(),
        policy_type: "system".into(),
        enforcement_mode: EnforcementMode::Block,
        severity: Severity::Critical,
        message: format!("the agent is {state}{reason}; {remedy}"),
        rule_id: format!("system.{rule}"),
        evidence: None,
    })
}
