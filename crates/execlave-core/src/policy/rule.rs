//! What every policy type implements, and what it may look at.

use std::fmt;

use super::state::{SequenceMark, StateQuestion};
use crate::decision::Evidence;
use crate::redact;
use crate::request::texts::Texts;
use crate::request::{Action, AgentProfile, Occasion};

/// A rule definition, checked and ready to run. Checking an action cannot fail; what cannot be known is
/// reported as a problem and left to the policy's failure mode.
pub(super) trait Rule: fmt::Debug + Send + Sync {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked);
}

/// What is being checked.
pub(super) struct Subject<'a> {
    pub(super) agent: &'a AgentProfile,
    pub(super) action: &'a Action,
    pub(super) texts: Texts<'a>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(occasion: &'a Occasion<'a>) -> Self {
        Self { agent: occasion.agent, action: occasion.action, texts: Texts::new(occasion) }
    }

    pub(super) fn tools(&self) -> impl Iterator<Item = (usize, &'a str)> {
        self.action.tools.iter().flatten().map(String::as_str).enumerate()
    }
}

/// What one rule says about one action.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) hit: Option<Hit>,
    pub(super) questions: Vec<Question>,
    pub(super) marks: Vec<SequenceMark>,
    pub(super) problem: Option<String>,
}

/// Why a rule fired.
#[derive(Debug)]
pub(super) struct Hit {
    /// The rule within the type: `email` becomes `pii_access.email`.
    pub(super) rule: String,
    pub(super) message: String,
    pub(super) evidence: Option<Evidence>,
}

/// Shared state the rule asks about, and what it says to the answers.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) question: StateQuestion,
    pub(super) violated: Hit,
    pub(super) warned: Option<Hit>,
}

impl Checked {
    pub(super) fn hit(
        &mut self,
        rule: impl Into<String>,
        message: String,
        evidence: Option<Evidence>,
    ) {
        // A policy is one violation; what fired first speaks for it.
        self.hit.get_or_insert_with(|| Hit { rule: rule.into(), message, evidence });
    }

    pub(super) fn says_something(&self) -> bool {
        self.hit.is_some() || self.problem.is_some() || !self.questions.is_empty()
    }

    pub(super) fn problem(&mut self, message: impl Into<String>) {
        self.problem.get_or_insert_with(|| message.into());
    }
}

/// A name as it may stand in a message: masked and not too long.
pub(super) fn shown(name: &str) -> String {
    let masked = redact::redact_text(name);
    let short: String = masked.chars().take(80).collect();
    if short.len() == masked.len() {
        return short;
    }
    // A cut can turn a long number into one that looks personal.
    format!("{}…", redact::redact_text(&short))
}

/// A whole entry of a list as evidence.
pub(super) fn entry_evidence(field: String, entry: &str) -> Evidence {
    Evidence { field, start: 0, end: entry.chars().count(), excerpt: shown(entry) }
}
