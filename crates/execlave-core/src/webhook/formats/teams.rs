//! A Microsoft Teams workflow ("When a Teams webhook request is received"): a message with one Adaptive Card, schema 1.4
//! (adaptivecards.io). The older connectors are retired.

use serde_json::{Value, json};

use crate::webhook::answer::Offer;
use crate::webhook::event::Event;
use crate::webhook::format::Message;
use crate::webhook::formats::{facts, headline, json_message};

pub(in crate::webhook) fn message(event: &Event, offer: Option<Offer<'_>>) -> Message {
    let facts: Vec<Value> = facts(event)
        .iter()
        .map(|(name, value)| json!({ "title": name, "value": escape(value) }))
        .collect();
    let origin = format!("{} at {}", event.kind, event.created_at);
    let mut body = vec![
        json!({ "type": "TextBlock", "text": escape(&headline(event)), "size": "Large", "weight": "Bolder", "wrap": true }),
    ];
    if !facts.is_empty() {
        body.push(json!({ "type": "FactSet", "facts": facts }));
    }
    body.push(
        json!({ "type": "TextBlock", "text": escape(&origin), "isSubtle": true, "size": "Small", "wrap": true }),
    );
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    });
    if let (Some(offer), Some(fields)) = (offer, card.as_object_mut()) {
        fields.insert(
            "actions".to_owned(),
            json!([{ "type": "Action.OpenUrl", "title": "Review", "url": offer.url }]),
        );
    }
    let attachment = json!({ "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card });
    json_message(&json!({ "type": "message", "attachments": [attachment] }))
}

/// The characters with which Markdown would make links and emphasis of a text that somebody else wrote.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\\' | '[' | ']' | '*' | '_' | '`') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
