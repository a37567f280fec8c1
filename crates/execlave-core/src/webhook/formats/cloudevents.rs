//! CloudEvents 1.0, JSON format, structured content mode (github.com/cloudevents/spec, `formats/json-format.md`).

use serde_json::json;

use crate::json::canonical;
use crate::webhook::event::Event;
use crate::webhook::format::Message;

/// `source` and `id` together are unique, as the specification demands.
pub(in crate::webhook) fn message(event: &Event) -> Message {
    let body = json!({
        "specversion": "1.0",
        "id": event.id,
        "source": format!("/organizations/{}", event.organization_id),
        "type": format!("com.execlave.{}", event.kind),
        "subject": event.subject,
        "time": event.created_at,
        "datacontenttype": "application/json",
        "data": event.data,
    });
    Message { content_type: "application/cloudevents+json; charset=utf-8", body: canonical(&body) }
}
