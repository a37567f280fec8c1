//! `budget_cap`: fires when a calendar month's spending with this action exceeds the budget, and warns before.

use crate::policy::budget::{BudgetScope, BudgetWindow, usd};
use crate::policy::error::PolicyError;
use crate::policy::field::{Field, Spec};
use crate::policy::fields::Fields;
use crate::policy::rule::{Checked, Hit, Question, Rule, Subject};
use crate::policy::state::{BudgetCheck, StateQuestion};

pub(super) const SPEC: Spec = Spec::new(&[
    Field::amount("monthlyBudget", "the most a calendar month (UTC) may cost, in USD").required(),
    Field::integer(
        "warnAtPercent",
        0,
        100,
        Some(80),
        "from which share of it on people are warned",
    ),
    Field::word_of::<BudgetScope>(
        "scope",
        &["org", "agent", "user"],
        Some("org"),
        "whose spending is counted together",
    ),
]);

#[derive(Debug)]
pub(super) struct BudgetCap {
    cap: i64,
    warn_at: i64,
    warn_at_percent: u64,
    scope: BudgetScope,
}

pub(super) fn read(fields: &Fields) -> Result<BudgetCap, PolicyError> {
    let cap = fields.amount("monthlyBudget").unwrap_or_default();
    let warn_at_percent = fields.integer("warnAtPercent").unwrap_or(80);
    let warn_at = i128::from(cap).saturating_mul(i128::from(warn_at_percent)).checked_div(100);
    Ok(BudgetCap {
        cap,
        warn_at: warn_at.and_then(|nanos| i64::try_from(nanos).ok()).unwrap_or(cap),
        warn_at_percent,
        scope: fields.word("scope").unwrap_or(BudgetScope::Org),
    })
}

impl Rule for BudgetCap {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        let Some(cost) = subject.cost(checked) else { return };
        let Some(scope_key) = subject.scope_key(self.scope, checked) else { return };
        let message = format!(
            "the monthly budget of {} per {} is spent; wait for the next month or raise the budget",
            usd(self.cap),
            self.scope
        );
        let warning = format!(
            "{} % of the monthly budget of {} per {} are spent; plan the rest or raise the budget",
            self.warn_at_percent,
            usd(self.cap),
            self.scope
        );
        let check = BudgetCheck {
            scope: self.scope,
            scope_key,
            window: BudgetWindow::Month,
            cap_nanos: self.cap,
            warn_at_nanos: Some(self.warn_at),
            amount_nanos: cost,
        };
        checked.questions.push(Question {
            what: StateQuestion::Budget(check),
            violated: Hit { rule: "monthly_budget".into(), message, evidence: None },
            warned: Some(Hit { rule: "warning".into(), message: warning, evidence: None }),
        });
    }
}
