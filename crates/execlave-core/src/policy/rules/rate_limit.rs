//! `rate_limit`: fires when there are too many actions within the last minute or hour.

use crate::policy::budget::BudgetScope;
use crate::policy::error::PolicyError;
use crate::policy::field::{Field, Spec};
use crate::policy::fields::Fields;
use crate::policy::rule::{Checked, Hit, Question, Rule, Subject};
use crate::policy::state::{RateCheck, RateWindow, StateQuestion};

const MOST: u64 = 1_000_000_000;

pub(super) const SPEC: Spec = Spec::with_one_of(
    &[
        Field::integer("maxRequestsPerMinute", 0, MOST, None, "actions within any 60 seconds"),
        Field::integer("maxRequestsPerHour", 0, MOST, None, "actions within any 60 minutes"),
        Field::word::<BudgetScope>("scope", Some("agent"), "whose actions are counted together"),
    ],
    &["maxRequestsPerMinute", "maxRequestsPerHour"],
);

#[derive(Debug)]
pub(super) struct RateLimit {
    limits: Vec<(RateWindow, u64)>,
    scope: BudgetScope,
}

pub(super) fn read(fields: &Fields) -> Result<RateLimit, PolicyError> {
    let minute = fields.integer("maxRequestsPerMinute").map(|most| (RateWindow::Minute, most));
    let hour = fields.integer("maxRequestsPerHour").map(|most| (RateWindow::Hour, most));
    Ok(RateLimit {
        limits: [minute, hour].into_iter().flatten().collect(),
        scope: fields.word("scope").unwrap_or(BudgetScope::Agent),
    })
}

impl Rule for RateLimit {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        let Some(scope_key) = subject.scope_key(self.scope, checked) else { return };
        for (window, limit) in &self.limits {
            let message = format!(
                "more than {limit} actions per {window} and {}; slow down and try again later",
                self.scope
            );
            let check = RateCheck {
                scope: self.scope,
                scope_key: scope_key.clone(),
                window: *window,
                limit: *limit,
            };
            checked.questions.push(Question {
                what: StateQuestion::Rate(check),
                violated: Hit { rule: format!("per_{window}"), message, evidence: None },
                warned: None,
            });
        }
    }
}
