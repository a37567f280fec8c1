//! The Events API v2 of PagerDuty (developer.pagerduty.com, "Send an Alert Event"): what begins an alert, and what ends it. A summary
//! holds 1,024 characters and a deduplication key 255.

use serde_json::json;

use crate::webhook::answer::Offer;
use crate::webhook::event::{Event, EventType};
use crate::webhook::format::Message;
use crate::webhook::formats::{headline, json_message};

pub(in crate::webhook) fn message(
    event: &Event,
    routing_key: &str,
    offer: Option<Offer<'_>>,
) -> Message {
    let action = if ends(event.kind) { "resolve" } else { "trigger" };
    let mut message = json!({
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": dedup_key(event),
        "client": "Execlave",
        "payload": {
            "summary": headline(event),
            "source": format!("organization:{}", event.organization_id),
            "severity": severity(event),
            "timestamp": event.created_at,
            "component": event.subject,
            "class": event.kind,
            "custom_details": event.data,
        },
    });
    if let (Some(offer), Some(fields)) = (offer, message.as_object_mut()) {
        fields.insert("links".to_owned(), json!([{ "href": offer.url, "text": "Review" }]));
    }
    json_message(&message)
}

/// What ends the alert that an earlier event about the same subject began.
fn ends(kind: EventType) -> bool {
    matches!(
        kind,
        EventType::AgentResumed
            | EventType::ApprovalApproved
            | EventType::ApprovalDenied
            | EventType::ApprovalExpired
            | EventType::ApprovalCancelled
    )
}

/// Events that begin and end one alert share their subject; every other event is an alert of its own.
fn dedup_key(event: &Event) -> String {
    match event.kind {
        EventType::AgentPaused | EventType::AgentResumed => format!("{}:paused", event.subject),
        EventType::ApprovalRequested | EventType::ApprovalEscalated => event.subject.clone(),
        kind if ends(kind) => event.subject.clone(),
        _ => event.id.to_string(),
    }
}

fn severity(event: &Event) -> &'static str {
    match event.data.get("severity").and_then(|severity| severity.as_str()) {
        Some("critical") => return "critical",
        Some("high") => return "error",
        Some("medium") => return "warning",
        _ => {}
    }
    match event.kind {
        EventType::AgentPaused | EventType::CostThreshold | EventType::BypassReported => "warning",
        _ => "info",
    }
}
