//! The one loop that decides.
//!
//! Every applicable policy is checked and nothing stops early, so the caller learns all violations at once.
//! Whether a chained policy counts is settled afterwards, from what the others said, because answers about
//! shared state arrive later than everything else. The result does not depend on the order policies are
//! given in. A policy that has nothing to say leaves nothing behind.

use super::autonomy;
use super::chain::Chain;
use super::compile::{Compiled, PolicySet};
use super::document::FailureMode;
use super::rule::{Checked, Hit, Subject, shown};
use super::state::{SequenceMark, StateAnswer, StateCheck};
use crate::decision::{Decision, EnforcementMode, Problem, Severity, Violation};
use crate::ids::PolicyId;
use crate::request::{AgentProfile, AgentStatus, Occasion};

/// What policies say about one action, and what they still need to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The decision if every check passes. Final when there is none.
    pub decision: Decision,
    /// What the keeper of shared state must answer before the decision is final.
    pub checks: Vec<StateCheck>,
    /// What the keeper must remember of this action, if it goes ahead or waits for a person.
    pub marks: Vec<SequenceMark>,
    verdicts: Vec<Verdict>,
    has_happened: bool,
    tier_overrides: Vec<PolicyId>,
}

/// What one policy says, prerequisites first.
#[derive(Debug, Clone, PartialEq)]
struct Verdict {
    place: usize,
    chain: Option<Chain>,
    fired: Option<Violation>,
    problem: Option<Problem>,
    asked: Vec<Asked>,
    /// What it says if a check is not answered.
    unanswered: Option<(Problem, Option<Violation>)>,
}

/// A check and what an answer makes of it.
#[derive(Debug, Clone, PartialEq)]
struct Asked {
    check: StateCheck,
    /// The place among [`Evaluation::checks`], if it is asked at all.
    index: Option<usize>,
    violated: Violation,
    warned: Option<Violation>,
}

/// Evaluates every policy of the set on one action. Cannot fail, on any input.
pub fn evaluate(policies: &PolicySet, occasion: &Occasion<'_>) -> Evaluation {
    let has_happened = occasion.phase.is_post();
    if let Some(stopped) = stopped(occasion.agent).filter(|_| !has_happened) {
        return Evaluation {
            decision: Decision::combine(vec![stopped], Vec::new(), has_happened),
            checks: Vec::new(),
            marks: Vec::new(),
            verdicts: Vec::new(),
            has_happened,
            tier_overrides: Vec::new(),
        };
    }
    let subject = Subject::new(occasion);
    let mut verdicts = Vec::new();
    let mut marks = Vec::new();
    let mut tier_overrides = Vec::new();
    let tier = occasion.agent.autonomy_level;
    // The tier's controls are listed after the organisation's policies.
    let controls = tier
        .into_iter()
        .flat_map(autonomy::controls)
        .enumerate()
        .map(|(index, policy)| (policies.len().saturating_add(index), policy.compiled(), None));
    for (place, policy, chain) in policies.in_order().chain(controls) {
        if !policy.policy_type.runs_in(occasion.phase) || !policy.scope.applies(occasion) {
            continue;
        }
        if tier.is_some_and(|level| !autonomy::covers(level, policy.policy_type)) {
            tier_overrides.push(policy.id);
        }
        let mut checked = Checked::default();
        policy.rule.check(&subject, &mut checked);
        marks.append(&mut checked.marks);
        if checked.says_something() {
            verdicts.push(verdict(place, policy, chain, checked, occasion));
        }
    }
    marks.sort_unstable();
    marks.dedup();
    let checks = number(&mut verdicts);
    tier_overrides.sort_unstable();
    let decision = combine(&verdicts, None, has_happened, &tier_overrides);
    Evaluation { decision, checks, marks, verdicts, has_happened, tier_overrides }
}

impl Evaluation {
    /// The decision, given one answer for each of [`Evaluation::checks`], in their order. A check without an
    /// answer, or with one that does not fit it, counts as [`StateAnswer::Unknown`].
    ///
    /// May be called several times: whoever reserves budgets can first learn, with the other answers and
    /// [`StateAnswer::Passed`] for budgets, whether the action would go ahead at all.
    pub fn settle(&self, answers: &[StateAnswer]) -> Decision {
        if self.checks.is_empty() {
            return self.decision.clone();
        }
        combine(&self.verdicts, Some(answers), self.has_happened, &self.tier_overrides)
    }

    /// The decision when shared state cannot be asked at all.
    pub fn settle_without_state(&self) -> Decision {
        self.settle(&[])
    }

    /// The policies whose say depends on shared state, each once, in order. Everything else is decided.
    pub fn undecided(&self) -> Vec<PolicyId> {
        let mut ids: Vec<PolicyId> = Vec::new();
        for check in &self.checks {
            if ids.last() != Some(&check.policy_id) {
                ids.push(check.policy_id);
            }
        }
        ids
    }
}

fn verdict(
    place: usize,
    policy: &Compiled,
    chain: Option<&Chain>,
    checked: Checked,
    occasion: &Occasion<'_>,
) -> Verdict {
    let real = policy.scope.rolled_out(policy.id, occasion);
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
    let asked = checked.questions.into_iter().map(|asked| Asked {
        check: StateCheck { policy_id: policy.id, enforcement_mode: mode, question: asked.what },
        index: None,
        violated: violation(policy, mode, asked.violated),
        warned: asked.warned.map(|hit| violation(policy, mode.min(EnforcementMode::Warn), hit)),
    });
    let asked: Vec<Asked> = asked.collect();
    Verdict {
        place,
        chain: chain.cloned(),
        fired: fired.or_else(|| checked.problem.as_deref().and_then(unknown)),
        problem: checked.problem.as_deref().map(problem),
        unanswered: (!asked.is_empty()).then(|| (problem(UNANSWERED), unknown(UNANSWERED))),
        asked,
    }
}

const UNANSWERED: &str = "what this policy depends on cannot be looked up; ask again when it can";

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

/// What one policy adds to the decision.
#[derive(Default)]
struct Said {
    fired: Option<Violation>,
    warned: Option<Violation>,
    problem: Option<Problem>,
}

impl Verdict {
    /// What fires for sure comes first, then what an answer makes fire, then what nobody could answer.
    fn said(&self, answers: Option<&[StateAnswer]>) -> Said {
        let mut said =
            Said { fired: self.fired.clone(), warned: None, problem: self.problem.clone() };
        let Some(answers) = answers else { return said };
        let mut unanswered = false;
        for asked in &self.asked {
            let answer = asked.index.and_then(|index| answers.get(index));
            match answer.filter(|answer| answer.fits(&asked.check.question)) {
                Some(StateAnswer::Passed) => {}
                Some(StateAnswer::Warned) => {
                    said.warned = said.warned.or_else(|| asked.warned.clone());
                }
                Some(StateAnswer::Violated { reason }) => {
                    said.fired
                        .get_or_insert_with(|| because(asked.violated.clone(), reason.as_deref()));
                }
                Some(StateAnswer::ApprovalRequired { reason }) => {
                    said.fired.get_or_insert_with(|| {
                        let mut violation = because(asked.violated.clone(), reason.as_deref());
                        let mode = violation.enforcement_mode;
                        violation.enforcement_mode = mode.min(EnforcementMode::RequireApproval);
                        violation
                    });
                }
                Some(StateAnswer::Unknown { .. }) | None => unanswered = true,
            }
        }
        if let Some((problem, violation)) = self.unanswered.as_ref().filter(|_| unanswered) {
            said.problem.get_or_insert_with(|| problem.clone());
            said.fired = said.fired.or_else(|| violation.clone());
        }
        said
    }
}

/// A violation with the validator's words, masked: they come from outside.
fn because(mut violation: Violation, reason: Option<&str>) -> Violation {
    if let Some(reason) = reason.map(str::trim).filter(|reason| !reason.is_empty()) {
        violation.message = format!("{}: {}", violation.message, shown(reason));
    }
    violation
}

/// The decision with chains applied. Without answers every check passes.
fn combine(
    verdicts: &[Verdict],
    answers: Option<&[StateAnswer]>,
    has_happened: bool,
    tier_overrides: &[PolicyId],
) -> Decision {
    let mut fired: Vec<(usize, Violation)> = Vec::new();
    let mut warned: Vec<(usize, Violation)> = Vec::new();
    let mut problems: Vec<(usize, Problem)> = Vec::new();
    for verdict in verdicts {
        let open = |place| fired.iter().any(|(other, _)| *other == place);
        if !verdict.chain.as_ref().is_none_or(|chain| chain.open(open)) {
            continue;
        }
        let said = verdict.said(answers);
        match (said.fired, said.warned) {
            (Some(violation), _) => fired.push((verdict.place, violation)),
            // A warning before the cap does not count as fired for the policies that wait for this one.
            (None, Some(warning)) => warned.push((verdict.place, warning)),
            (None, None) => {}
        }
        problems.extend(said.problem.map(|problem| (verdict.place, problem)));
    }
    fired.append(&mut warned);
    fired.sort_by_key(|(place, _)| *place);
    problems.sort_by_key(|(place, _)| *place);
    let fired = fired.into_iter().map(|(_, violation)| violation).collect();
    let problems = problems.into_iter().map(|(_, problem)| problem).collect();
    let decision = Decision::combine(fired, problems, has_happened);
    Decision { tier_overrides: tier_overrides.to_vec(), ..decision }
}

/// Lists the checks of policies that run, or may run once the checks before them are answered.
fn number(verdicts: &mut [Verdict]) -> Vec<StateCheck> {
    let mut fired: Vec<usize> = Vec::new();
    let mut uncertain: Vec<usize> = Vec::new();
    let mut checks = Vec::new();
    for verdict in verdicts {
        let chain = verdict.chain.as_ref();
        let opens = chain.is_none_or(|chain| chain.open(|place| fired.contains(&place)));
        let waits =
            chain.is_some_and(|chain| chain.needs.iter().any(|place| uncertain.contains(place)));
        if opens && verdict.fired.is_some() {
            fired.push(verdict.place);
        }
        if waits || !verdict.asked.is_empty() {
            uncertain.push(verdict.place);
        }
        if opens || waits {
            for asked in &mut verdict.asked {
                asked.index = Some(checks.len());
                checks.push(asked.check.clone());
            }
        }
    }
    checks
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
