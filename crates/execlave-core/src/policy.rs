//! Policies: what people write ([`PolicyDocument`]), what is checked once ([`compile()`]), what decides
//! ([`evaluate()`]).
//!
//! A policy is strict when it is saved and total when it runs: a document with an unknown key or a broken
//! pattern never becomes a [`CompiledPolicy`], and a compiled policy can always be evaluated on any action.

pub mod autonomy;

mod budget;
mod chain;
mod compile;
mod document;
mod error;
mod evaluate;
mod expression;
mod field;
mod fields;
mod globs;
mod lint;
mod patterns;
mod rule;
mod rules;
mod scope;
mod state;
mod terms;

pub use crate::decision::{EnforcementMode, Severity};
pub use budget::{BudgetScope, BudgetWindow, usd_to_nanos};
pub use chain::find_cycle;
pub use compile::{CompiledPolicy, PolicySet, compile};
pub use document::{ChainTrigger, FailureMode, PolicyDocument};
pub use error::PolicyError;
pub use evaluate::{Evaluation, evaluate};
pub use lint::{Lint, LintLevel, lint, lint_text};
pub use rules::{DataClass, PolicyType};
pub use state::{
    BudgetCheck, RateCheck, RateWindow, SequenceCheck, SequenceMark, StateAnswer, StateCheck,
    StateQuestion, ValidatorCheck,
};
