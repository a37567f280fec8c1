//! The forms in which an event can be told.

use serde::{Deserialize, Serialize};

use crate::webhook::event::Event;
use crate::webhook::formats;
use crate::words::words;

/// The form a receiver understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Format {
    /// Our own: the event itself.
    Execlave,
    /// An incoming webhook of Slack.
    Slack,
    /// A Teams workflow that posts a card.
    Teams,
    /// The Events API v2 of PagerDuty.
    Pagerduty,
    /// CloudEvents 1.0 in structured mode.
    Cloudevents,
}

words!(
    Format,
    "webhook format",
    Execlave = "execlave",
    Slack = "slack",
    Teams = "teams",
    Pagerduty = "pagerduty",
    Cloudevents = "cloudevents",
);

/// A body and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its media type.
    pub content_type: &'static str,
    /// The bytes to send: RFC 8785 canonical JSON, so the same event has the same bytes.
    pub body: Vec<u8>,
}

impl Format {
    /// The event in this form. `routing_key` is PagerDuty's name for the service that is told; no other format has one.
    pub fn render(self, event: &Event, routing_key: Option<&str>) -> Message {
        match self {
            Self::Execlave => Message { content_type: "application/json", body: event.body() },
            Self::Slack => formats::slack::message(event),
            Self::Teams => formats::teams::message(event),
            Self::Pagerduty => formats::pagerduty::message(event, routing_key.unwrap_or_default()),
            Self::Cloudevents => formats::cloudevents::message(event),
        }
    }
}
