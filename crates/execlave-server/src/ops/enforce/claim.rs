//! What policies and cost budget rules ask of shared state, in the store's words, and the answers in the policies' words.

use execlave_core::policy::{Evaluation, StateAnswer, StateQuestion};
use execlave_core::time::Timestamp;
use execlave_store::spend::{Charge, period_start};
use execlave_store::state::{BudgetAnswer, Mark, RateLimit, SequenceQuestion, StateAnswers};

/// Where the answer to a policy's question will be.
#[derive(Clone, Debug)]
enum Place {
    Budget {
        place: usize,
        amount_nanos: i64,
        warn_at_nanos: Option<i64>,
    },
    Rate(usize),
    Sequence(usize),
    /// Answered already.
    Known(StateAnswer),
}

/// The questions of one evaluation, sorted by kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Questions {
    places: Vec<Place>,
    pub(super) budgets: Vec<Charge>,
    pub(super) rates: Vec<RateLimit>,
    pub(super) sequences: Vec<SequenceQuestion>,
    pub(super) marks: Vec<Mark>,
}

impl Questions {
    /// Sorts what an evaluation asks. `validators` holds the answers of custom validators, in the order in which they were asked.
    pub(super) fn of(
        evaluation: &Evaluation,
        validators: Vec<StateAnswer>,
        now: Timestamp,
    ) -> Self {
        let mut questions = Self::default();
        let mut validators = validators.into_iter();
        for check in &evaluation.checks {
            let place = match &check.question {
                StateQuestion::Budget(budget) => {
                    questions.budgets.push(Charge {
                        scope_key: budget.scope_key.clone(),
                        window: budget.window,
                        starts_at: period_start(budget.window, now),
                        cap_nanos: budget.cap_nanos,
                    });
                    Place::Budget {
                        place: questions.budgets.len() - 1,
                        amount_nanos: budget.amount_nanos,
                        warn_at_nanos: budget.warn_at_nanos,
                    }
                }
                StateQuestion::Rate(rate) => {
                    questions.rates.push(RateLimit {
                        scope_key: rate.scope_key.clone(),
                        window_ms: rate.window.millis(),
                        limit: rate.limit,
                    });
                    Place::Rate(questions.rates.len() - 1)
                }
                StateQuestion::Sequence(sequence) => {
                    questions.sequences.push(SequenceQuestion {
                        mark: mark(&sequence.mark),
                        max_age_ms: sequence.max_age_seconds.map(millis),
                    });
                    Place::Sequence(questions.sequences.len() - 1)
                }
                StateQuestion::Validator(_) => {
                    Place::Known(validators.next().unwrap_or_else(StateAnswer::unknown))
                }
            };
            questions.places.push(place);
        }
        questions.marks = evaluation.marks.iter().map(mark).collect();
        questions
    }

    /// Whether the store need not be asked at all.
    pub(super) fn is_empty(&self) -> bool {
        self.budgets.is_empty()
            && self.rates.is_empty()
            && self.sequences.is_empty()
            && self.marks.is_empty()
    }

    /// The answers in the order of the evaluation's checks.
    pub(super) fn answers(&self, answers: &StateAnswers) -> Vec<StateAnswer> {
        self.places.iter().map(|place| answer(place, answers)).collect()
    }
}

fn answer(place: &Place, answers: &StateAnswers) -> StateAnswer {
    let fires = |fires: Option<&bool>| match fires {
        Some(true) => StateAnswer::violated(),
        Some(false) => StateAnswer::Passed,
        None => StateAnswer::unknown(),
    };
    match place {
        Place::Known(answer) => answer.clone(),
        Place::Rate(place) => fires(answers.rates.get(*place)),
        Place::Sequence(place) => fires(answers.sequences.get(*place)),
        Place::Budget { place, amount_nanos, warn_at_nanos } => match answers.budgets.get(*place) {
            None => StateAnswer::unknown(),
            Some(BudgetAnswer { exceeded: true, .. }) => StateAnswer::violated(),
            Some(BudgetAnswer { spent_nanos, .. }) => {
                let sum = spent_nanos.saturating_add(*amount_nanos);
                if warn_at_nanos.is_some_and(|least| sum >= least) {
                    StateAnswer::Warned
                } else {
                    StateAnswer::Passed
                }
            }
        },
    }
}

/// A mark in the store's words.
pub(crate) fn mark(mark: &execlave_core::policy::SequenceMark) -> Mark {
    Mark { sequence: mark.sequence.clone(), matcher: mark.matcher.clone() }
}

fn millis(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000)
}
