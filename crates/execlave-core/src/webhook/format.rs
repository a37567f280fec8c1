//! The forms in which an event can be told.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::webhook::answer::Offer;
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
    /// The event in this form. `routing_key` is PagerDuty's name for the service that is told; no other format has one. `offer` lets
    /// whoever reads a message about an approval answer it: programs find the page as `answerUrl` among the details.
    pub fn render(
        self,
        event: &Event,
        routing_key: Option<&str>,
        offer: Option<Offer<'_>>,
    ) -> Message {
        match self {
            Self::Execlave => {
                let body = with_answer_url(event, offer).body();
                Message { content_type: "application/json", body }
            }
            Self::Slack => formats::slack::message(event, offer),
            Self::Teams => formats::teams::message(event, offer),
            Self::Pagerduty => {
                formats::pagerduty::message(event, routing_key.unwrap_or_default(), offer)
            }
            Self::Cloudevents => formats::cloudevents::message(&with_answer_url(event, offer)),
        }
    }
}

/// The event with the address of the page that takes the answer.
fn with_answer_url<'e>(event: &'e Event, offer: Option<Offer<'_>>) -> Cow<'e, Event> {
    let Some(offer) = offer else { return Cow::Borrowed(event) };
    let mut event = event.clone();
    event.data.insert("answerUrl".to_owned(), offer.url.into());
    Cow::Owned(event)
}
