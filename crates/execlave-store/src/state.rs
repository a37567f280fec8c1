//! State that decisions share: what was spent, how often somebody acted, what happened before in a session.
//!
//! A decision that depends on any of it names everything at once in a [`StateClaim`]. The writer locks the rows concerned, answers, lets
//! the caller settle the decision from the answers, and writes what the outcome changes together with the decision's record, all in one
//! transaction. So there is no moment between check and use on this node or another, an action that is refused changes nothing, and after
//! a crash either both the decision and its reservations are there or neither is.
//!
//! * Budgets: exact. An allowed action reserves its estimate, see [`crate::spend`].
//! * Rates: sliding windows, see [`SlidingWindow`] for what they cost in precision. An action counts when it goes ahead or waits for a
//!   person.
//! * Sequences: the time of the latest action that left a mark; marks are forgotten after 90 days.

pub(crate) mod ledger;
pub(crate) mod rows;
mod window;

use std::fmt;

use execlave_core::ids::{AgentId, DecisionId, OrgId};
use execlave_core::time::Timestamp;
use uuid::Uuid;

use crate::approvals::{Approval, NewApproval};
use crate::db::query::{Query, params};
use crate::decisions::DecisionRecord;
use crate::spend::Charge;
use crate::{Store, StoreError};

pub use window::SlidingWindow;

/// How long a mark is kept.
const MARKS_KEPT_FOR_MS: i64 = 90 * 24 * 60 * 60 * 1000;

/// How long a window nobody adds to is kept: twice the longest.
const WINDOWS_KEPT_FOR_MS: i64 = 2 * 60 * 60 * 1000;

/// Everything one decision wants to know, and what it will change.
#[derive(Clone, Debug)]
pub struct StateClaim {
    /// Whose agent.
    pub org: OrgId,
    /// Which agent.
    pub agent: AgentId,
    /// The decision.
    pub decision: DecisionId,
    /// When.
    pub now: Timestamp,
    /// The budgets it counts against.
    pub budgets: Vec<Charge>,
    /// What the action will cost.
    pub amount_nanos: i64,
    /// The trace the action belongs to, whose cost settles the reservation.
    pub trace_id: Option<String>,
    /// The rates it counts against.
    pub rates: Vec<RateLimit>,
    /// What it must not come after.
    pub sequences: Vec<SequenceQuestion>,
    /// What it leaves behind.
    pub marks: Vec<Mark>,
}

impl StateClaim {
    /// A claim that asks and changes nothing, to fill in and look with.
    pub fn about_nothing(org: OrgId, now: Timestamp) -> Self {
        Self {
            org,
            agent: AgentId::from(Uuid::nil()),
            decision: DecisionId::from(Uuid::nil()),
            now,
            budgets: Vec::new(),
            amount_nanos: 0,
            trace_id: None,
            rates: Vec::new(),
            sequences: Vec::new(),
            marks: Vec::new(),
        }
    }
}

/// At most `limit` actions in any span of `window_ms`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// What is counted together, such as `agent:<uuid>`.
    pub scope_key: String,
    /// The length of the window.
    pub window_ms: i64,
    /// How many.
    pub limit: u64,
}

/// "An action that matches `matcher` happened in `sequence`."
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// `session:<id>` or `trace:<id>`.
    pub sequence: String,
    /// A fingerprint.
    pub matcher: String,
}

/// Was that mark left before?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceQuestion {
    /// Which.
    pub mark: Mark,
    /// At most so long ago.
    pub max_age_ms: Option<i64>,
}

/// The answers, in the order of the questions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateAnswers {
    /// To [`StateClaim::budgets`].
    pub budgets: Vec<BudgetAnswer>,
    /// To [`StateClaim::rates`]: whether this action is one too many.
    pub rates: Vec<bool>,
    /// To [`StateClaim::sequences`]: whether it did happen.
    pub sequences: Vec<bool>,
}

/// What a budget says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetAnswer {
    /// Spent and reserved before this action.
    pub spent_nanos: i64,
    /// Whether this action would pass the cap.
    pub exceeded: bool,
}

/// What the caller makes of the answers. The record's outcome decides what is written: an allowed action reserves, counts and leaves
/// its marks; one that waits for a person counts and leaves its marks; a blocked one does nothing.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The decision's record.
    pub decision: DecisionRecord,
    /// What a person is asked, when one must agree.
    pub approval: Option<NewApproval>,
}

/// A decision that was made and recorded.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The answers it was settled with.
    pub answers: StateAnswers,
    /// The approval it waits for.
    pub approval: Option<Approval>,
}

/// Settles a decision. It may be asked more than once, with other answers, when a transaction has to be repeated; the last one counts.
pub type Settle = Box<dyn Fn(&StateAnswers) -> Settled + Send + Sync>;

/// A claim with its way to settle.
pub(crate) struct Decide {
    pub(crate) claim: StateClaim,
    pub(crate) settle: Settle,
}

impl fmt::Debug for Decide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decide").field("claim", &self.claim).finish_non_exhaustive()
    }
}

impl Store {
    /// Answers a claim, settles the decision and records it with all it changes; returns once that is durable.
    pub async fn decide(&self, claim: StateClaim, settle: Settle) -> Result<Decided, StoreError> {
        self.inner.writer.decide(Decide { claim, settle }).await
    }

    /// The answers to a claim at this moment; nothing is locked, reserved or counted.
    pub async fn peek_state(&self, claim: &StateClaim) -> Result<StateAnswers, StoreError> {
        let mut ledger = ledger::Ledger::default();
        ledger.load(rows::Reader::Looking(self.db()), &[claim]).await?;
        Ok(ledger.answer(claim))
    }

    /// Forgets windows and marks that no longer matter.
    pub async fn forget_state_across_orgs(&self, now: Timestamp) -> Result<(), StoreError> {
        const WINDOWS: &str = "DELETE FROM rate_windows WHERE latest_at < $1";
        const MARKS: &str = "DELETE FROM sequence_marks WHERE at < $1";
        let mut tx = self.begin().await?;
        for (sql, kept) in [(WINDOWS, WINDOWS_KEPT_FOR_MS), (MARKS, MARKS_KEPT_FOR_MS)] {
            tx.execute(Query::new(sql, params![now.minus_millis(kept)])).await?;
        }
        tx.commit().await
    }
}
