//! `cost_limit`: fires when one action's estimated cost, or the spending of an hour or a day with it, exceeds
//! a limit.
//!
//! The limit per action is decided here. Budgets need counters that all nodes share, so they leave as
//! questions.

use crate::policy::budget::{BudgetScope, BudgetWindow, usd};
use crate::policy::error::PolicyError;
use crate::policy::field::{Field, Spec};
use crate::policy::fields::Fields;
use crate::policy::rule::{Checked, Hit, Question, Rule, Subject};
use crate::policy::state::{BudgetCheck, StateQuestion};

pub(super) const SPEC: Spec = Spec::with_one_of(
    &[
        Field::amount("maxCostPerExecution", "the most one action may cost, in USD")
            .legacy(&["maxCostPerTrace"]),
        Field::amount("hourlyBudget", "the most an hour may cost, in USD"),
        Field::amount("dailyBudget", "the most a day may cost, in USD").legacy(&["maxCostPerDay"]),
        Field::word::<BudgetScope>("scope", Some("agent"), "whose spending is counted together"),
    ],
    &["maxCostPerExecution", "hourlyBudget", "dailyBudget"],
);

#[derive(Debug)]
pub(super) struct CostLimit {
    per_execution: Option<i64>,
    budgets: Vec<(BudgetWindow, i64)>,
    scope: BudgetScope,
}

pub(super) fn read(fields: &Fields) -> Result<CostLimit, PolicyError> {
    let hourly = fields.amount("hourlyBudget").map(|cap| (BudgetWindow::Hour, cap));
    let daily = fields.amount("dailyBudget").map(|cap| (BudgetWindow::Day, cap));
    Ok(CostLimit {
        per_execution: fields.amount("maxCostPerExecution"),
        budgets: [hourly, daily].into_iter().flatten().collect(),
        scope: fields.word("scope").unwrap_or(BudgetScope::Agent),
    })
}

impl Rule for CostLimit {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        let Some(cost) = subject.cost(checked) else { return };
        if let Some(cap) = self.per_execution.filter(|cap| cost > *cap) {
            let message = format!(
                "the estimated cost of {} exceeds {} per action; use a cheaper model or a smaller request",
                usd(cost),
                usd(cap)
            );
            checked.hit("max_cost_per_execution", message, None);
        }
        if self.budgets.is_empty() {
            return;
        }
        let Some(scope_key) = subject.scope_key(self.scope, checked) else { return };
        for (window, cap) in &self.budgets {
            checked.questions.push(self.question(*window, *cap, cost, &scope_key));
        }
    }
}

impl CostLimit {
    fn question(&self, window: BudgetWindow, cap: i64, cost: i64, scope_key: &str) -> Question {
        let (rule, budget, next) = match window {
            BudgetWindow::Hour => ("hourly_budget", "hourly", "hour"),
            _ => ("daily_budget", "daily", "day"),
        };
        let message = format!(
            "the {budget} budget of {} per {} is spent; wait for the next {next} or raise the budget",
            usd(cap),
            self.scope
        );
        let check = BudgetCheck {
            scope: self.scope,
            scope_key: scope_key.into(),
            window,
            cap_nanos: cap,
            warn_at_nanos: None,
            amount_nanos: cost,
        };
        Question {
            what: StateQuestion::Budget(check),
            violated: Hit { rule: rule.into(), message, evidence: None },
            warned: None,
        }
    }
}
