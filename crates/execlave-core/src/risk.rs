//! How risky it would be to approve an action: a number from 0 to 100 and the parts it is made of.
//!
//! The same action with the same violations always has the same score. The parts add up, at most to 100:
//!
//! | part | points |
//! |---|---|
//! | `severity` | the gravest violation: low 10, medium 20, high 30, critical 40; 5 for each further one, at most 10 |
//! | `tools` | the most sensitive tool by the words in its name: destroys, pays or runs code 25; sends or changes 12; any other 4 |
//! | `cost` | from 1,000 USD 15; from 100 USD 10; from 10 USD 5; from 1 USD 2 |
//! | `environment` | production 10; staging 4 |
//! | `data` | PHI, PCI or personal data, found or declared in `metadata.dataClass`, 15; a secret 15; confidential 8 |
//!
//! Levels: 0–24 low, 25–49 medium, 50–74 high, 75–100 critical.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::decision::{Severity, Violation};
use crate::request::{Action, AgentProfile};
use crate::words::words;

/// A score with its explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Risk {
    /// 0 to 100.
    pub score: u8,
    /// The score in a word.
    pub level: RiskLevel,
    /// What the score is made of; parts without points are left out.
    pub parts: Vec<RiskPart>,
}

/// One part of a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RiskPart {
    /// `severity`, `tools`, `cost`, `environment` or `data`.
    pub name: String,
    /// How much it adds.
    pub points: u8,
    /// Why, for the person who decides.
    pub reason: String,
}

/// A score in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RiskLevel {
    /// 0–24.
    Low,
    /// 25–49.
    Medium,
    /// 50–74.
    High,
    /// 75–100.
    Critical,
}

words!(
    RiskLevel,
    "risk level",
    Low = "low",
    Medium = "medium",
    High = "high",
    Critical = "critical",
);

const GRAVE: &[&str] = &[
    "delete",
    "drop",
    "destroy",
    "remove",
    "purge",
    "truncate",
    "wipe",
    "transfer",
    "pay",
    "payment",
    "refund",
    "wire",
    "charge",
    "purchase",
    "withdraw",
    "exec",
    "execute",
    "shell",
    "bash",
    "command",
    "eval",
    "deploy",
    "terminate",
    "shutdown",
    "grant",
    "revoke",
    "sudo",
    "admin",
    "password",
    "credential",
    "credentials",
];
const CHANGING: &[&str] = &[
    "send", "email", "mail", "sms", "post", "publish", "tweet", "write", "update", "create",
    "insert", "upload", "edit", "modify", "set", "put", "patch", "share", "export", "invite",
    "merge", "push", "call", "book",
];

/// Scores an action that waits for approval.
pub fn assess(violations: &[Violation], action: &Action, agent: &AgentProfile) -> Risk {
    let parts: Vec<RiskPart> = [
        severity(violations),
        tools(action),
        cost(action),
        environment(action, agent),
        data(violations, action),
    ]
    .into_iter()
    .flatten()
    .collect();
    let score = parts.iter().fold(0u8, |score, part| score.saturating_add(part.points)).min(100);
    let level = match score {
        0..=24 => RiskLevel::Low,
        25..=49 => RiskLevel::Medium,
        50..=74 => RiskLevel::High,
        _ => RiskLevel::Critical,
    };
    Risk { score, level, parts }
}

fn part(name: &str, points: u8, reason: impl Into<String>) -> RiskPart {
    RiskPart { name: name.into(), points, reason: reason.into() }
}

fn severity(violations: &[Violation]) -> Option<RiskPart> {
    let gravest = violations.iter().map(|violation| violation.severity).max()?;
    let points: u8 = match gravest {
        Severity::Low => 10,
        Severity::Medium => 20,
        Severity::High => 30,
        Severity::Critical => 40,
    };
    let further = violations.len().saturating_sub(1);
    let more = u8::try_from(further).unwrap_or(u8::MAX).saturating_mul(5).min(10);
    let reason = match further {
        0 => format!("a violation of {gravest} severity"),
        _ => format!("a violation of {gravest} severity and {further} more"),
    };
    Some(part("severity", points.saturating_add(more), reason))
}

fn tools(action: &Action) -> Option<RiskPart> {
    let tools = action.tools.as_deref().unwrap_or_default();
    let (points, tool) = tools
        .iter()
        .map(|tool| (sensitivity(tool), tool))
        .reduce(|most, next| if next.0 > most.0 { next } else { most })?;
    let what = match points {
        25 => "destroys, pays or runs code",
        12 => "sends or changes something",
        _ => "is of no known sensitivity",
    };
    let name: String = crate::redact::redact_text(tool).chars().take(80).collect();
    Some(part("tools", points, format!("the tool `{name}` {what}")))
}

/// By the words of the name, so that `delete_user`, `deleteUser` and `users.delete` are alike.
fn sensitivity(tool: &str) -> u8 {
    let mut spaced = String::with_capacity(tool.len());
    let mut after_lower = false;
    for character in tool.chars() {
        if after_lower && character.is_uppercase() {
            spaced.push(' ');
        }
        after_lower = character.is_lowercase();
        spaced.extend(character.to_lowercase());
    }
    let has = |list: &[&str]| {
        spaced
            .split(|character: char| !character.is_alphanumeric())
            .any(|word| list.contains(&word))
    };
    if has(GRAVE) {
        25
    } else if has(CHANGING) {
        12
    } else {
        4
    }
}

fn cost(action: &Action) -> Option<RiskPart> {
    let cost = action.estimated_cost?;
    let (points, from) = match cost {
        cost if cost >= 1000.0 => (15, "1,000"),
        cost if cost >= 100.0 => (10, "100"),
        cost if cost >= 10.0 => (5, "10"),
        cost if cost >= 1.0 => (2, "1"),
        _ => return None,
    };
    Some(part("cost", points, format!("an estimated cost of {from} USD or more")))
}

fn environment(action: &Action, agent: &AgentProfile) -> Option<RiskPart> {
    match action.environment.as_deref().unwrap_or(&agent.environment) {
        "production" => Some(part("environment", 10, "runs in production")),
        "staging" => Some(part("environment", 4, "runs in staging")),
        _ => None,
    }
}

fn data(violations: &[Violation], action: &Action) -> Option<RiskPart> {
    // A rule's id begins with its type, so a type alone finds all of its rules.
    let found = |rules: &[&str]| {
        let begins = |violation: &Violation| {
            rules
                .iter()
                .any(|rule| violation.rule_id.starts_with(rule) || violation.policy_type == *rule)
        };
        violations.iter().any(begins)
    };
    if found(&["secret_scan", "tool_output_scan.secret"]) {
        return Some(part("data", 15, "a secret was found"));
    }
    if found(&[
        "pii_access",
        "tool_output_scan.pii",
        "data_restriction.pii",
        "data_restriction.phi",
        "data_restriction.pci",
    ]) {
        return Some(part("data", 15, "personal data was found"));
    }
    let classes = declared_classes(action);
    let declares =
        |class: &str| classes.iter().any(|declared| declared.eq_ignore_ascii_case(class));
    match ["phi", "pci", "pii"].into_iter().find(|class| declares(class)) {
        Some(class) => Some(part("data", 15, format!("`metadata.dataClass` declares {class}"))),
        None if found(&["data_restriction.confidential"]) => {
            Some(part("data", 8, "confidential data was found"))
        }
        None if declares("confidential") => {
            Some(part("data", 8, "`metadata.dataClass` declares confidential"))
        }
        None => None,
    }
}

fn declared_classes(action: &Action) -> Vec<&str> {
    match action.metadata.as_ref().and_then(|metadata| metadata.get("dataClass")) {
        Some(Value::String(class)) => vec![class],
        Some(Value::Array(classes)) => classes.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}
