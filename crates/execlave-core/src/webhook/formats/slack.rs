//! An incoming webhook of Slack: Block Kit, with a plain text for notifications (docs.slack.dev, "Sending messages using incoming
//! webhooks"). A header holds 150 characters and a section ten fields of 2,000.

use serde_json::{Value, json};

use crate::webhook::event::Event;
use crate::webhook::format::Message;
use crate::webhook::formats::{facts, headline, json_message};

pub(in crate::webhook) fn message(event: &Event) -> Message {
    let headline = headline(event);
    let mut blocks =
        vec![json!({ "type": "header", "text": { "type": "plain_text", "text": headline } })];
    let fields: Vec<Value> = facts(event)
        .iter()
        .map(|(name, value)| json!({ "type": "mrkdwn", "text": format!("*{}*\n{}", escape(name), escape(value)) }))
        .collect();
    if !fields.is_empty() {
        blocks.push(json!({ "type": "section", "fields": fields }));
    }
    let origin = format!("{} at {}", event.kind, event.created_at);
    blocks.push(
        json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": escape(&origin) }] }),
    );
    json_message(&json!({ "text": escape(&headline), "blocks": blocks }))
}

/// The three characters that would otherwise be links, mentions and entities.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
