//! Webhooks: addresses outside that are told what happened.

use execlave_core::json::present;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Body of `POST /webhooks` and of `PUT /webhooks/{id}`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SaveWebhook {
    /// Unique in the organisation.
    pub name: String,
    /// Where it is told, by `https`.
    pub url: String,
    /// Event types, or `["*"]` for all of them.
    pub events: Vec<String>,
    /// `execlave`, `slack`, `teams`, `pagerduty` or `cloudevents`.
    #[serde(default = "default_format")]
    pub format: String,
    /// `v2` signs time and body, `v1` the body alone.
    #[serde(default = "default_signature")]
    pub signature_version: String,
    /// PagerDuty's integration key; only for that format. Left out of a `PUT`, it stays.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub routing_key: Option<String>,
    /// Whether messages about approvals carry a link with which whoever reads them can answer, in this webhook's name. Needs the scope
    /// `approvals:decide`.
    #[serde(default)]
    pub takes_answers: bool,
    /// The signing secret of the Slack app that sends answers to `/hooks/slack`; only for that format. Left out of a `PUT`, it stays.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub slack_signing_secret: Option<String>,
    /// How long the receiver may take: 100 to 10,000 milliseconds.
    #[serde(default = "default_timeout")]
    pub timeout_ms: i64,
    /// Whether it is told. While it is not, nothing is added to what waits, and what waits stays.
    #[serde(default = "yes")]
    pub is_active: bool,
}

fn default_format() -> String {
    "execlave".to_owned()
}

fn default_signature() -> String {
    "v2".to_owned()
}

fn default_timeout() -> i64 {
    5_000
}

fn yes() -> bool {
    true
}

/// A webhook.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// UUIDv7.
    pub id: String,
    /// As saved.
    pub name: String,
    /// As saved.
    pub url: String,
    /// As saved.
    pub events: Vec<String>,
    /// As saved.
    pub format: String,
    /// As saved.
    pub signature_version: String,
    /// As saved.
    #[serde(default)]
    pub takes_answers: bool,
    /// As saved.
    pub timeout_ms: i64,
    /// As saved.
    pub is_active: bool,
    /// What requests are signed with; only in the answer that makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
}

/// One event on its way to one webhook.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookDelivery {
    /// UUIDv7.
    pub id: String,
    /// Who is told.
    pub webhook_id: String,
    /// The event's id.
    pub event_id: String,
    /// The event's type.
    pub event_type: String,
    /// As in the header; the same for every try and every webhook.
    pub idempotency_key: String,
    /// `pending`, `delivered` or `dead`.
    pub status: String,
    /// How often it was tried since it was last begun.
    pub attempts: i64,
    /// When it is tried next, while it is pending; RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<String>,
    /// When it was last tried; RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_attempt_at: Option<String>,
    /// The status the receiver answered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_status: Option<i64>,
    /// Why that was no success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// When the event happened; RFC 3339.
    pub created_at: String,
    /// When it was delivered or given up; RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// The event's details.
    #[schema(value_type = Object)]
    pub data: Map<String, Value>,
}

/// What a receiver made of a made-up event.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookTest {
    /// Whether it took it.
    pub ok: bool,
    /// The status it answered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
}
