//! `cost_limit`: fires when one action's estimated cost, or the spending of an hour or a day with it, exceeds
//! a limit.
//!
//! The limit per action is decided here. Budgets need counters that all nodes share, so they leave as
//! questions.

use crate::policy::budget::{BudgetScope, BudgetWindow, usd, usd_to_nanos};
use crate::policy::error::PolicyError;
use crate::policy::fields::Fields;
use crate::policy::rule::{Checked, Hit, Question, Rule, Subject};
use crate::policy::state::{BudgetCheck, StateQuestion};

#[derive(Debug)]
pub(super) struct CostLimit {
    per_execution: Option<i64>,
    budgets: Vec<(BudgetWindow, i64)>,
    scope: BudgetScope,
}

pub(super) fn read(fields: &mut Fields) -> Result<CostLimit, PolicyError> {
    let per_execution = amount(fields, "maxCostPerExecution")?;
    let hourly = amount(fields, "hourlyBudget")?.map(|cap| (BudgetWindow::Hour, cap));
    let daily = amount(fields, "dailyBudget")?.map(|cap| (BudgetWindow::Day, cap));
    let scope = fields.word("scope")?.unwrap_or(BudgetScope::Agent);
    let budgets: Vec<_> = [hourly, daily].into_iter().flatten().collect();
    fields.refuse_unknown()?;
    if per_execution.is_none() && budgets.is_empty() {
        return Err(fields
            .whole("needs at least one of `maxCostPerExecution`, `hourlyBudget`, `dailyBudget`"));
    }
    Ok(CostLimit { per_execution, budgets, scope })
}

pub(super) fn amount(fields: &mut Fields, name: &'static str) -> Result<Option<i64>, PolicyError> {
    let Some(value) = fields.number(name)? else { return Ok(None) };
    match usd_to_nanos(value) {
        Some(nanos) => Ok(Some(nanos)),
        None => Err(fields.error(name, "must be an amount in US dollars from 0 to 9 billion")),
    }
}

impl Rule for CostLimit {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        let Some(cost) = estimate(subject, checked) else { return };
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
        let Some(scope_key) = self.scope_key(subject) else {
            checked.problem(format!(
                "`estimatedCost` cannot be counted per {scope}: send `metadata.{scope}Id` with the action",
                scope = self.scope
            ));
            return;
        };
        for (window, cap) in &self.budgets {
            checked.questions.push(self.question(*window, *cap, cost, &scope_key));
        }
    }
}

/// The cost in billionths of a dollar; none given is none. `None` after reporting a cost that is no amount.
pub(super) fn estimate(subject: &Subject<'_>, checked: &mut Checked) -> Option<i64> {
    let Some(cost) = subject.action.estimated_cost else { return Some(0) };
    match usd_to_nanos(cost) {
        Some(nanos) => Some(nanos),
        // More than any limit can express.
        None if cost > 0.0 => Some(i64::MAX),
        None => {
            checked.problem("`estimatedCost` is not an amount: send US dollars, 0 or more");
            None
        }
    }
}

impl CostLimit {
    fn scope_key(&self, subject: &Subject<'_>) -> Option<String> {
        let action = subject.action;
        match self.scope {
            BudgetScope::Agent => Some(format!("agent:{}", subject.agent.id)),
            BudgetScope::User => action.user_id().map(|id| format!("user:{id}")),
            BudgetScope::Session => action.session_id().map(|id| format!("session:{id}")),
            BudgetScope::Org => Some("org".into()),
        }
    }

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
            question: StateQuestion::Budget(check),
            violated: Hit { rule: rule.into(), message, evidence: None },
            warned: None,
        }
    }
}
