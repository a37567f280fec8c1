//! The state a batch of decisions is about, in memory: read and locked at the beginning of the transaction, asked and changed decision by
//! decision, written at the end. What happens in between touches no database, so one process settles a thousand decisions about one
//! budget with two statements.

use std::collections::{BTreeMap, BTreeSet};

use execlave_core::decision::Outcome;
use execlave_core::ids::OrgId;
use execlave_core::time::Timestamp;

use super::window::SlidingWindow;
use super::{BudgetAnswer, Mark, StateAnswers, StateClaim};
use crate::spend::{CEILING, Charged};

/// Which window of which counter.
pub(super) type RateKey = (OrgId, String, i64);

/// Everything the claims of a batch are about.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(super) spend: BTreeMap<(OrgId, Charged), i64>,
    pub(super) rates: BTreeMap<RateKey, SlidingWindow>,
    pub(super) marks: BTreeMap<(OrgId, Mark), Timestamp>,
    pub(super) changed_spend: BTreeSet<(OrgId, Charged)>,
    pub(super) changed_rates: BTreeMap<RateKey, Timestamp>,
    pub(super) changed_marks: BTreeSet<(OrgId, Mark)>,
}

impl Ledger {
    /// The answers at this point of the batch.
    pub(crate) fn answer(&self, claim: &StateClaim) -> StateAnswers {
        let budget = |charge: &crate::spend::Charge| {
            let spent = self.spend.get(&(claim.org, charge.row())).copied().unwrap_or_default();
            let cap = charge.cap_nanos.clamp(0, CEILING);
            let exceeded = spent.saturating_add(amount(claim)) > cap;
            BudgetAnswer { spent_nanos: spent, exceeded }
        };
        let rate = |limit: &super::RateLimit| {
            let key = (claim.org, limit.scope_key.clone(), limit.window_ms);
            let count =
                self.rates.get(&key).map_or(0, |window| window.count(claim.now, limit.window_ms));
            count >= limit.limit
        };
        let sequence = |question: &super::SequenceQuestion| {
            let left = self.marks.get(&(claim.org, question.mark.clone()));
            let is_recent = |at: &Timestamp| {
                question.max_age_ms.is_none_or(|age| claim.now.millis_since(*at) <= age)
            };
            left.is_some_and(is_recent)
        };
        StateAnswers {
            budgets: claim.budgets.iter().map(budget).collect(),
            rates: claim.rates.iter().map(rate).collect(),
            sequences: claim.sequences.iter().map(sequence).collect(),
        }
    }

    /// Changes what an outcome changes; the budget rows that were charged, each once.
    pub(crate) fn admit(&mut self, claim: &StateClaim, outcome: Outcome) -> Vec<Charged> {
        if outcome == Outcome::Block {
            return Vec::new();
        }
        let counted: BTreeSet<(&str, i64)> =
            claim.rates.iter().map(|limit| (limit.scope_key.as_str(), limit.window_ms)).collect();
        for (scope_key, window_ms) in counted {
            let key = (claim.org, scope_key.to_owned(), window_ms);
            self.rates.entry(key.clone()).or_default().add(claim.now, window_ms);
            self.changed_rates.insert(key, claim.now);
        }
        self.leave(claim.org, &claim.marks, claim.now);
        if outcome != Outcome::Allow {
            return Vec::new();
        }
        let charged: BTreeSet<Charged> =
            claim.budgets.iter().map(crate::spend::Charge::row).collect();
        for row in &charged {
            let spent = self.spend.entry((claim.org, row.clone())).or_default();
            *spent = spent.saturating_add(amount(claim)).min(CEILING);
            self.changed_spend.insert((claim.org, row.clone()));
        }
        charged.into_iter().collect()
    }

    /// Leaves marks; an older time never replaces a newer one.
    pub(crate) fn leave(&mut self, org: OrgId, marks: &[Mark], at: Timestamp) {
        for mark in marks {
            let key = (org, mark.clone());
            let latest = self.marks.entry(key.clone()).or_insert(at);
            *latest = at.max(*latest);
            self.changed_marks.insert(key);
        }
    }
}

fn amount(claim: &StateClaim) -> i64 {
    claim.amount_nanos.clamp(0, CEILING)
}

#[cfg(test)]
mod tests {
    use execlave_core::ids::{AgentId, DecisionId};
    use execlave_core::policy::BudgetWindow;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::super::{RateLimit, SequenceQuestion};
    use super::*;
    use crate::spend::Charge;

    fn org() -> OrgId {
        Uuid::from_u128(1).into()
    }

    fn claim(amount: i64, caps: &[i64], limit: u64, now: i64) -> StateClaim {
        let charge = |(index, cap): (usize, &i64)| Charge {
            scope_key: format!("agent:{index}"),
            window: BudgetWindow::Day,
            starts_at: Timestamp::from_millis(0),
            cap_nanos: *cap,
        };
        StateClaim {
            org: org(),
            agent: AgentId::from(Uuid::from_u128(2)),
            decision: DecisionId::from(Uuid::from_u128(3)),
            now: Timestamp::from_millis(now),
            budgets: caps.iter().enumerate().map(charge).collect(),
            amount_nanos: amount,
            trace_id: None,
            rates: vec![RateLimit { scope_key: "org".into(), window_ms: 60_000, limit }],
            sequences: Vec::new(),
            marks: Vec::new(),
        }
    }

    /// What a policy that blocks makes of the answers.
    fn outcome(answers: &StateAnswers) -> Outcome {
        let refused = answers.rates.iter().any(|over| *over)
            || answers.budgets.iter().any(|answer| answer.exceeded);
        if refused { Outcome::Block } else { Outcome::Allow }
    }

    #[test]
    fn a_mark_counts_until_it_is_too_old() {
        let mark = Mark { sequence: "session:s".into(), matcher: "m".into() };
        let mut ledger = Ledger::default();
        ledger.leave(org(), std::slice::from_ref(&mark), Timestamp::from_millis(1_000));
        ledger.leave(org(), std::slice::from_ref(&mark), Timestamp::from_millis(500));
        for (now, age, expected) in
            [(1_500, Some(500), true), (1_501, Some(500), false), (i64::MAX, None, true)]
        {
            let question = SequenceQuestion { mark: mark.clone(), max_age_ms: age };
            let asked = StateClaim { sequences: vec![question], ..claim(0, &[], 9, now) };
            assert_eq!(ledger.answer(&asked).sequences, [expected], "{now} {age:?}");
        }
    }

    proptest! {
        /// Nodes that each hold the lock for some decisions, in any interleaving, with settlements in between.
        #[test]
        fn admitted_spend_never_passes_a_cap_by_more_than_a_misestimate(
            caps in proptest::collection::vec(0_i64..5_000, 1..4),
            limit in 0_u64..60,
            steps in proptest::collection::vec((0_i64..300, 0_i64..50, -40_i64..40), 1..300),
        ) {
            let mut ledger = Ledger::default();
            let mut reserved = vec![0_i64; caps.len()];
            let mut admitted = 0_u64;
            let mut open: Vec<i64> = Vec::new();
            let mut misestimates = 0;
            for (estimate, now, error) in steps {
                let claim = claim(estimate, &caps, limit, now);
                let outcome = outcome(&ledger.answer(&claim));
                let charged = ledger.admit(&claim, outcome);
                if outcome == Outcome::Allow {
                    admitted += 1;
                    prop_assert_eq!(charged.len(), caps.len());
                    for spent in &mut reserved {
                        *spent += estimate;
                    }
                    open.push(estimate);
                    for (spent, cap) in reserved.iter().zip(&caps) {
                        prop_assert!(*spent <= *cap + misestimates, "{spent} of {cap}");
                    }
                } else {
                    prop_assert!(charged.is_empty());
                }
                // Some action turns out to have cost more or less than it said.
                if error.unsigned_abs() % 3 == 0 && let Some(estimate) = open.pop() {
                    let cost = (estimate + error).max(0);
                    misestimates += (cost - estimate).max(0);
                    for (index, spent) in reserved.iter_mut().enumerate() {
                        *spent += cost - estimate;
                        let row = claim.budgets[index].row();
                        *ledger.spend.entry((org(), row)).or_default() += cost - estimate;
                    }
                }
            }
            prop_assert!(admitted <= limit, "all within one minute");
        }
    }
}
