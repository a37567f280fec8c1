//! Looks at policies before they are saved: what is wrong, and what its author may not have meant.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::chain::find_cycle;
use super::compile::compile;
use super::document::{ChainTrigger, PolicyDocument};
use super::error::PolicyError;
use super::patterns;
use crate::decision::EnforcementMode;
use crate::ids::PolicyId;
use crate::words::words;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum LintLevel {
    /// It works, but perhaps not as meant.
    Warning,
    /// It would not be saved.
    Error,
}

words!(LintLevel, "level", Warning = "warning", Error = "error",);

/// One thing worth saying about a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lint {
    /// How bad it is.
    pub level: LintLevel,
    /// What it is about, stable across releases: `invalid`, `duplicate_name`, `prerequisite_cycle`,
    /// `unknown_prerequisite`, `never_runs`, `never_fires`, `never_blocks`, `no_effect`, `expensive_pattern`.
    pub code: String,
    /// Where: `ruleDefinition.patterns[0]`, or `[2].name` when several policies are looked at together.
    pub path: String,
    /// What to change.
    pub message: String,
}

/// Memory from which on a compiled expression counts as expensive.
const EXPENSIVE: usize = 64 * 1024;
/// A document with more faults is beyond repair anyway.
const FAULTS: usize = 50;

/// Looks at JSON text: one policy, or a list of them.
pub fn lint_text(text: &str) -> Vec<Lint> {
    match serde_json::from_str(text) {
        Ok(value) => lint(&value),
        Err(error) => {
            let message = format!("is not valid JSON: {error}");
            vec![Lint::new(LintLevel::Error, "invalid", String::new(), message)]
        }
    }
}

/// Looks at one policy, or at a list of them with their relations. A policy may carry its `id`.
pub fn lint(value: &Value) -> Vec<Lint> {
    let (entries, is_list) = match value {
        Value::Array(items) => (items.iter().collect(), true),
        other => (vec![other], false),
    };
    let mut lints = Vec::new();
    let mut read: Vec<Entry> = Vec::new();
    for (index, entry) in entries.into_iter().enumerate() {
        let prefix = if is_list { format!("[{index}]") } else { String::new() };
        if let Some(entry) = Entry::read(prefix, entry, &mut lints) {
            entry.look_alone(&mut lints);
            read.push(entry);
        }
    }
    look_together(&read, &mut lints);
    lints
}

impl Lint {
    fn new(level: LintLevel, code: &str, path: String, message: impl Into<String>) -> Self {
        Self { level, code: code.into(), path, message: message.into() }
    }
}

/// A policy that can be read.
struct Entry {
    prefix: String,
    id: PolicyId,
    has_id: bool,
    document: PolicyDocument,
}

/// What the API adds to a policy.
const ADDED: [&str; 5] = ["id", "version", "createdAt", "updatedAt", "organizationId"];

impl Entry {
    /// Reports every fault, by taking away what is wrong and reading again.
    fn read(prefix: String, value: &Value, lints: &mut Vec<Lint>) -> Option<Self> {
        let mut value = value.clone();
        let id = value.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
        let has_id = id.is_some();
        let id: PolicyId = id.unwrap_or_else(|| uuid::Uuid::nil().into());
        if let Some(map) = value.as_object_mut() {
            for key in ADDED {
                map.remove(key);
            }
        }
        for _ in 0..FAULTS {
            let read = PolicyDocument::from_value(value.clone());
            let error = match read.and_then(|document| compile(id, 1, &document).map(|_| document))
            {
                Ok(document) => return Some(Self { prefix, id, has_id, document }),
                Err(error) => error,
            };
            let path = join(&prefix, &error.path);
            lints.push(Lint::new(LintLevel::Error, "invalid", path, error.message.as_str()));
            if !take_away(&mut value, &error) {
                return None;
            }
        }
        None
    }

    fn warn(&self, lints: &mut Vec<Lint>, code: &str, path: &str, message: impl Into<String>) {
        lints.push(Lint::new(LintLevel::Warning, code, join(&self.prefix, path), message));
    }

    fn look_alone(&self, lints: &mut Vec<Lint>) {
        let document = &self.document;
        if let Ok(policy) = compile(self.id, 1, document)
            && let Some(reason) = policy.never_fires()
        {
            self.warn(lints, "never_fires", "ruleDefinition", reason);
        }
        let strong = document.enforcement_mode >= EnforcementMode::RequireApproval;
        if strong && document.policy_type.phase_names() == ["post"] {
            let message =
                "policies of this type look at traces and never block; they create incidents";
            self.warn(lints, "never_blocks", "enforcementMode", message);
        }
        if strong && document.rollout_percent == 0 {
            let message = "with a share of 0 the policy acts as `monitor` everywhere";
            self.warn(lints, "never_blocks", "rolloutPercent", message);
        }
        if document.prerequisites.is_empty() && document.chain_trigger == ChainTrigger::AnyViolated
        {
            let message = "has no effect without `prerequisites`: the policy always runs";
            self.warn(lints, "no_effect", "chainTrigger", message);
        }
        for list in ["patterns", "allowPatterns"] {
            let sources = document.rule_definition.get(list).and_then(Value::as_array);
            for (index, source) in sources.into_iter().flatten().enumerate() {
                let Some(source) = source.as_str() else { continue };
                let path = format!("ruleDefinition.{list}[{index}]");
                if patterns::compile_within(source, EXPENSIVE).is_err() {
                    let message = "takes much memory once compiled: shorten its repetitions";
                    self.warn(lints, "expensive_pattern", &path, message);
                } else if source.starts_with(".*") || source.ends_with(".*") {
                    let message =
                        "`.*` at an end makes every match as long as the line: leave it out";
                    self.warn(lints, "expensive_pattern", &path, message);
                }
            }
        }
    }
}

/// Names, prerequisites and scopes across policies.
fn look_together(entries: &[Entry], lints: &mut Vec<Lint>) {
    let mut names: HashMap<&str, &str> = HashMap::new();
    for entry in entries {
        let known = names.insert(&entry.document.name, &entry.prefix);
        if let Some(first) = known {
            let message = format!("is also the name of `{first}`: names are unique");
            let path = join(&entry.prefix, "name");
            lints.push(Lint::new(LintLevel::Error, "duplicate_name", path, message));
        }
    }
    let by_id: HashMap<PolicyId, &Entry> =
        entries.iter().filter(|entry| entry.has_id).map(|entry| (entry.id, entry)).collect();
    let graph: Vec<(PolicyId, Vec<PolicyId>)> =
        by_id.values().map(|entry| (entry.id, entry.document.prerequisites.clone())).collect();
    if let Some(first) = find_cycle(&graph).and_then(|cycle| cycle.into_iter().min())
        && let Some(entry) = by_id.get(&first)
    {
        let path = join(&entry.prefix, "prerequisites");
        let message = "form a cycle: a policy cannot wait for itself";
        lints.push(Lint::new(LintLevel::Error, "prerequisite_cycle", path, message));
    }
    for entry in entries {
        look_at_chain(entry, &by_id, lints);
    }
}

fn look_at_chain(entry: &Entry, by_id: &HashMap<PolicyId, &Entry>, lints: &mut Vec<Lint>) {
    let document = &entry.document;
    let mut may_fire = false;
    for (index, id) in document.prerequisites.iter().enumerate() {
        may_fire |= by_id.get(id).is_none_or(|needed| can_meet(document, &needed.document));
        if !by_id.contains_key(id) {
            let path = format!("prerequisites[{index}]");
            let message = "is not among the policies looked at: it counts as passed";
            entry.warn(lints, "unknown_prerequisite", &path, message);
        }
    }
    if !document.prerequisites.is_empty()
        && document.chain_trigger == ChainTrigger::AnyViolated
        && !may_fire
    {
        let message = "none of them can fire on an action this policy applies to, so it never runs";
        entry.warn(lints, "never_runs", "prerequisites", message);
    }
}

/// Whether there is an action both apply to, in one phase.
fn can_meet(one: &PolicyDocument, other: &PolicyDocument) -> bool {
    let meet = |one: &[String], other: &[String]| {
        one.is_empty() || other.is_empty() || one.iter().any(|name| other.contains(name))
    };
    // What looks at tool outputs does so before the action as well.
    let runs = |document: &PolicyDocument, phase: &str| {
        let phases = document.policy_type.phase_names();
        phases.contains(&phase) || (phase == "pre" && phases.contains(&"tool"))
    };
    other.is_active
        && ["pre", "post"].iter().any(|phase| runs(one, phase) && runs(other, phase))
        && meet(&one.applies_to_environments, &other.applies_to_environments)
    // An agent may be named by two ids, so different names can be one agent.
}

/// Removes the value at fault, so that the rest can be looked at. `false` when nothing can be removed.
fn take_away(value: &mut Value, error: &PolicyError) -> bool {
    let (parent, key) = match error.path.strip_prefix("ruleDefinition.") {
        Some(key) => (value.get_mut("ruleDefinition"), key),
        None => (Some(value), error.path.as_str()),
    };
    // The whole field: an entry of a list, or a field of a nested object, cannot be read without it.
    let key = key.split(['[', '.']).next().unwrap_or_default();
    let Some(map) = parent.and_then(Value::as_object_mut) else { return false };
    let spelt =
        map.keys().find(|name| *name == key || name.replace('_', "").eq_ignore_ascii_case(key));
    let spelt = spelt.cloned();
    spelt.is_some_and(|name| map.remove(&name).is_some())
}

fn join(prefix: &str, path: &str) -> String {
    match (prefix.is_empty(), path.is_empty()) {
        (true, _) => path.into(),
        (false, true) => prefix.into(),
        (false, false) => format!("{prefix}.{path}"),
    }
}
