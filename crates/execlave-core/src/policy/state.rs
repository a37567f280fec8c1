//! What a decision needs to know that is not in the action: spending, rates, what happened before, what a
//! custom validator says.
//!
//! This crate keeps no state. A policy that depends on some leaves a [`StateCheck`]; whoever keeps the state
//! answers all checks of an action at once, and [`super::Evaluation::settle`] turns the answers into the
//! decision. A check nobody could answer is a policy that could not be evaluated: its failure mode decides.

use serde::{Deserialize, Serialize};

use super::budget::{BudgetScope, BudgetWindow};
use crate::decision::EnforcementMode;
use crate::ids::PolicyId;
use crate::words::words;

/// One question of one policy to the keeper of shared state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateCheck {
    /// The policy that asks.
    pub policy_id: PolicyId,
    /// What the policy does when the answer is [`StateAnswer::Violated`]. In `warn` and `monitor` the action
    /// happens anyway, so it must be counted even beyond a limit.
    pub enforcement_mode: EnforcementMode,
    /// What is asked.
    #[serde(flatten)]
    pub question: StateQuestion,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StateQuestion {
    /// May so much be spent?
    Budget(BudgetCheck),
    /// Is one more action too many?
    Rate(RateCheck),
    /// Did an action with that mark happen before?
    Sequence(SequenceCheck),
    /// What does a custom validator say about the action?
    Validator(ValidatorCheck),
}

/// Does the spending of `scope_key` in the current `window`, with `amount_nanos` more, exceed `cap_nanos`?
///
/// Several policies may ask about one counter with different caps. The counter is then charged once.
/// [`StateAnswer::Warned`] when the cap holds and the sum is at least `warn_at_nanos`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BudgetCheck {
    /// Whose spending.
    pub scope: BudgetScope,
    /// The counter: `agent:<uuid>`, `user:<id>`, `session:<id>` or `org`.
    pub scope_key: String,
    /// Over what time.
    pub window: BudgetWindow,
    /// The most that may be spent, in billionths of a US dollar.
    pub cap_nanos: i64,
    /// From where on people are warned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn_at_nanos: Option<i64>,
    /// What this action is estimated to cost.
    pub amount_nanos: i64,
}

/// Does the number of actions of `scope_key` in the last `window`, this one included, exceed `limit`?
///
/// The window slides: it ends with the action and is not a calendar minute. Actions are counted per scope key, whichever
/// policies asked; an action counts when it goes ahead or waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RateCheck {
    /// Whose actions.
    pub scope: BudgetScope,
    /// The counter: `agent:<uuid>`, `user:<id>`, `session:<id>` or `org`.
    pub scope_key: String,
    /// Over what time.
    pub window: RateWindow,
    /// How many are allowed.
    pub limit: u64,
}

/// The length of a sliding window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RateWindow {
    /// The last 60 seconds.
    Minute,
    /// The last 60 minutes.
    Hour,
}

words!(RateWindow, "window", Minute = "minute", Hour = "hour",);

impl RateWindow {
    /// How long it is, in milliseconds.
    pub fn millis(self) -> i64 {
        match self {
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
        }
    }
}

/// Was `mark` recorded before? Violated when it was, at most `max_age_seconds` ago where that is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SequenceCheck {
    /// The mark an earlier action left.
    #[serde(flatten)]
    pub mark: SequenceMark,
    /// How long a mark counts; without an end when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_seconds: Option<u64>,
}

/// "An action matching `matcher` happened in `sequence`." The keeper records the time of the latest one,
/// for actions that go ahead or wait for a person, and for ingested traces.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SequenceMark {
    /// `session:<id>` or `trace:<id>`.
    pub sequence: String,
    /// The fingerprint of the policy's `after`: 32 hexadecimal characters. Policies with the same `after`
    /// share it, and it survives changes of the policy that leave `after` alone.
    pub matcher: String,
}

/// What does this validator say about the action?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValidatorCheck {
    /// The validator.
    pub validator_id: String,
}

/// What the keeper says to one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum StateAnswer {
    /// The limit holds, nothing such happened before, the validator allows.
    Passed,
    /// Budgets only: the cap holds, but the amount to warn at is reached.
    Warned,
    /// Validators only: a person shall decide.
    ApprovalRequired {
        /// What the validator says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The limit is exceeded, it did happen before, the validator denies.
    Violated {
        /// What the validator says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Nobody can say.
    Unknown {
        /// Why not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}

impl StateAnswer {
    /// [`StateAnswer::Violated`] without a reason.
    pub fn violated() -> Self {
        Self::Violated { reason: None }
    }

    /// [`StateAnswer::Unknown`] without a reason.
    pub fn unknown() -> Self {
        Self::Unknown { reason: None }
    }

    /// Whether a check of this kind can be answered like this.
    pub(super) fn fits(&self, question: &StateQuestion) -> bool {
        match self {
            Self::Warned => matches!(question, StateQuestion::Budget(_)),
            Self::ApprovalRequired { .. } => matches!(question, StateQuestion::Validator(_)),
            Self::Passed | Self::Violated { .. } | Self::Unknown { .. } => true,
        }
    }
}
