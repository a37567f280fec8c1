//! One file per format of others, and what those for people have in common: a headline and a few facts.

pub(super) mod cloudevents;
pub(super) mod pagerduty;
pub(super) mod slack;
pub(super) mod teams;

use serde_json::Value;

use crate::json::canonical;
use crate::webhook::event::Event;
use crate::webhook::format::Message;

/// More facts than this are a table, not a message.
const FACTS: usize = 10;
const FACT_LENGTH: usize = 200;
const HEADLINE_LENGTH: usize = 140;

/// Where an event says in words what it is about, in order of preference.
const ABOUT: &[&str] = &["policyName", "name", "actionSummary", "message"];

fn json_message(body: &Value) -> Message {
    Message { content_type: "application/json", body: canonical(body) }
}

/// What happened to what, in one line.
fn headline(event: &Event) -> String {
    let named = ABOUT.iter().find_map(|field| event.data.get(*field)?.as_str());
    cut(&format!("{}: {}", event.kind.title(), named.unwrap_or(&event.subject)), HEADLINE_LENGTH)
}

/// The details that are one text, number or flag, by name.
fn facts(event: &Event) -> Vec<(String, String)> {
    let fact = |(name, value): (&'_ String, &Value)| {
        let text = match value {
            Value::String(text) => cut(text, FACT_LENGTH),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        Some((name.clone(), text))
    };
    event.data.iter().filter_map(fact).take(FACTS).collect()
}

/// One line of at most that many characters.
fn cut(text: &str, length: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().nth(length).is_none() {
        return line;
    }
    line.chars().take(length.saturating_sub(1)).chain(['…']).collect()
}
