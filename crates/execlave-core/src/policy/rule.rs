//! What every policy type implements, and what it may look at.

use std::cell::OnceCell;
use std::fmt;

use serde_json::Value;

use super::budget::{BudgetScope, usd_to_nanos};
use super::expression::{Environment, Program};
use super::globs::{Globs, Name};
use super::state::{SequenceMark, StateQuestion};
use crate::decision::Evidence;
use crate::redact;
use crate::request::hosts::{self, Place};
use crate::request::texts::{Text, Texts};
use crate::request::{Action, AgentProfile, Occasion};

/// A rule definition, checked and ready to run. Checking an action cannot fail; what cannot be known is
/// reported as a problem and left to the policy's failure mode.
pub(super) trait Rule: fmt::Debug + Send + Sync {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked);

    /// Why no action can make it fire, if that is so: for those who write policies.
    fn never_fires(&self) -> Option<&'static str> {
        None
    }
}

/// What is being checked. Whatever several rules need is prepared once, when the first one asks.
pub(super) struct Subject<'a> {
    pub(super) occasion: &'a Occasion<'a>,
    pub(super) agent: &'a AgentProfile,
    pub(super) action: &'a Action,
    pub(super) texts: Texts<'a>,
    tools: OnceCell<Vec<Name<'a>>>,
    allowed_actions: OnceCell<Globs>,
    approval_list: OnceCell<Globs>,
    hosts: OnceCell<Vec<Place<'a>>>,
    org: OnceCell<String>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(occasion: &'a Occasion<'a>) -> Self {
        Self {
            occasion,
            agent: occasion.agent,
            action: occasion.action,
            texts: Texts::new(occasion),
            tools: OnceCell::new(),
            allowed_actions: OnceCell::new(),
            approval_list: OnceCell::new(),
            hosts: OnceCell::new(),
            org: OnceCell::new(),
        }
    }

    /// The requested tools with their places.
    pub(super) fn tools(&self) -> impl Iterator<Item = (usize, &Name<'a>)> {
        let tools = self.tools.get_or_init(|| {
            let tools = self.action.tools.as_deref().unwrap_or_default();
            tools.iter().map(|tool| Name::new(tool)).collect()
        });
        tools.iter().enumerate()
    }

    /// The agent's registered tools, if it was registered with any.
    pub(super) fn allowed_actions(&self) -> Option<&Globs> {
        let globs = self.allowed_actions.get_or_init(|| Globs::new(&self.agent.allowed_actions));
        Some(globs).filter(|globs| !globs.is_empty())
    }

    /// The tools the agent's owner wants approved, if there are any.
    pub(super) fn approval_list(&self) -> Option<&Globs> {
        let list = &self.agent.requires_human_approval_for;
        Some(self.approval_list.get_or_init(|| Globs::new(list))).filter(|globs| !globs.is_empty())
    }

    pub(super) fn hosts(&self) -> &[Place<'a>] {
        self.hosts.get_or_init(|| hosts::find(self.occasion))
    }

    /// What stands in the metadata under this name, or under these names joined by dots.
    pub(super) fn metadata(&self, path: &str) -> Option<&'a Value> {
        let metadata = self.action.metadata.as_ref()?;
        if let Some(value) = metadata.get(path) {
            return Some(value);
        }
        let mut names = path.split('.');
        let mut value = metadata.get(names.next()?)?;
        for name in names {
            value = value.as_object()?.get(name)?;
        }
        Some(value)
    }

    /// The cost in billionths of a dollar; none given is none. `None` after reporting a cost that is no amount.
    pub(super) fn cost(&self, checked: &mut Checked) -> Option<i64> {
        let Some(cost) = self.action.estimated_cost else { return Some(0) };
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

    /// The counter of a scope. `None` after reporting that the action does not say whose it is.
    pub(super) fn scope_key(&self, scope: BudgetScope, checked: &mut Checked) -> Option<String> {
        let key = match scope {
            BudgetScope::Agent => Some(format!("agent:{}", self.agent.id)),
            BudgetScope::User => self.action.user_id().map(|id| format!("user:{id}")),
            BudgetScope::Session => self.action.session_id().map(|id| format!("session:{id}")),
            BudgetScope::Org => Some("org".into()),
        };
        if key.is_none() {
            checked.problem(format!(
                "nothing can be counted per {scope}: send `metadata.{scope}Id` with the action"
            ));
        }
        key
    }

    /// Runs a CEL program on this action.
    pub(super) fn run(&self, program: &Program) -> Result<bool, String> {
        // Extracted from the trace only when a program looks at it.
        let output = program.reads_output().then(|| self.texts.output()).flatten();
        let output = output.map_or("", Text::as_str);
        program.run(&Environment::new(self.occasion, output, &self.org))
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
    pub(super) what: StateQuestion,
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
