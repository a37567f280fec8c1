//! An incoming webhook of Slack: Block Kit, with a plain text for notifications (docs.slack.dev, "Sending messages using incoming
//! webhooks"). A header holds 150 characters and a section ten fields of 2,000.

use serde_json::{Value, json};

use crate::webhook::answer::Offer;
use crate::webhook::event::Event;
use crate::webhook::format::Message;
use crate::webhook::formats::{facts, headline, json_message};

pub(in crate::webhook) fn message(event: &Event, offer: Option<Offer<'_>>) -> Message {
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
    if let Some(offer) = offer {
        blocks.push(json!({ "type": "actions", "elements": buttons(offer) }));
    }
    let origin = format!("{} at {}", event.kind, event.created_at);
    blocks.push(
        json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": escape(&origin) }] }),
    );
    json_message(&json!({ "text": escape(&headline), "blocks": blocks }))
}

/// A link to the page, and where the chat sends answers itself, a yes and a no that ask once more before they count.
fn buttons(offer: Offer<'_>) -> Vec<Value> {
    let text = |text: &str| json!({ "type": "plain_text", "text": text });
    let mut buttons = vec![
        json!({ "type": "button", "action_id": "execlave_review", "text": text("Review"), "url": offer.url }),
    ];
    if offer.in_chat {
        let answers = [("approve", "Approve", "primary"), ("deny", "Deny", "danger")];
        buttons.extend(answers.map(|(action, label, style)| {
            let confirm = json!({
                "title": text(&format!("{label} this action?")), "text": text("The answer is recorded with your name and cannot be taken back."),
                "confirm": text(label), "deny": text("Go back"),
            });
            json!({
                "type": "button", "action_id": format!("execlave_{action}"), "text": text(label), "style": style, "value": offer.token,
                "confirm": confirm,
            })
        }));
    }
    buttons
}

/// The three characters that would otherwise be links, mentions and entities.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
