//! Telling webhooks what happened: signed, within their deadline, and never where the address sends on to.

mod tries;

use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use execlave_core::time::Timestamp;
use execlave_core::webhook::{AnswerLink, Event, EventType, Offer, sign};
use execlave_store::webhooks::Webhook;
use url::Url;
use uuid::Uuid;

use crate::http::{Http, HttpError};
use crate::pages::answer_path;

pub(crate) use tries::Tries;
pub use tries::deliver_due;

/// Sends events.
#[derive(Debug)]
pub struct Webhooks {
    http: Http,
}

/// Why a receiver did not take an event.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the receiver cannot be told: {0}")]
    Http(#[from] HttpError),
    #[error("the receiver answered with status {0}, and redirects are not followed")]
    Redirect(u16),
    #[error("the receiver answered with status 410: it wants nothing more")]
    Gone,
    #[error("the receiver answered with status {0} instead of 2xx")]
    Status(u16),
    #[error("the address of the webhook is not a URL")]
    Url,
}

impl Refusal {
    /// What the receiver answered, if it did.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Redirect(status) | Self::Status(status) => Some(*status),
            Self::Gone => Some(410),
            Self::Http(_) | Self::Url => None,
        }
    }
}

impl Webhooks {
    /// Nobody has been told anything yet.
    pub fn new(allow_private_networks: bool) -> Self {
        Self { http: Http::new(allow_private_networks, "webhooks.allow_private_networks") }
    }

    /// Why an address may not be told anything, as far as the URL itself tells.
    pub(crate) fn fault(&self, url: &Url) -> Option<String> {
        self.http.fault(url)
    }

    /// One request; the status with which the receiver took it. Links in it lead to `public_url`.
    pub(crate) async fn tell(
        &self,
        webhook: &Webhook,
        event: &Event,
        delivery: Uuid,
        public_url: &str,
        now: Timestamp,
    ) -> Result<u16, Refusal> {
        let url: Url = webhook.url.parse().map_err(|_| Refusal::Url)?;
        let link = answer_token(webhook, event).map(|token| {
            let address = format!("{public_url}{}", answer_path(&token));
            (token, address)
        });
        let in_chat = webhook.chat_secret.is_some();
        let offer = link.as_ref().map(|(token, url)| Offer { url, token, in_chat });
        let message = webhook.format.render(event, webhook.routing_key.as_deref(), offer);
        let mut headers = headers(webhook, event, delivery, now, &message.body);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(message.content_type));
        let timeout = Duration::from_millis(u64::try_from(webhook.timeout_ms).unwrap_or_default());
        match self.http.post(&url, headers, message.body, timeout).await? {
            status @ 200..300 => Ok(status),
            status @ 300..400 => Err(Refusal::Redirect(status)),
            410 => Err(Refusal::Gone),
            status => Err(Refusal::Status(status)),
        }
    }
}

/// The token with which whoever is told of a waiting approval can answer it, if the webhook takes answers.
fn answer_token(webhook: &Webhook, event: &Event) -> Option<String> {
    let waits = matches!(event.kind, EventType::ApprovalRequested | EventType::ApprovalEscalated);
    if !webhook.takes_answers || !waits {
        return None;
    }
    let approval_id = event.data.get("approvalId")?.as_str()?.parse().ok()?;
    let link = AnswerLink { organization_id: webhook.org_id, webhook_id: webhook.id, approval_id };
    Some(link.token(&webhook.secret))
}

/// What the event is, and the proof that nobody else wrote the body.
fn headers(
    webhook: &Webhook,
    event: &Event,
    delivery: Uuid,
    now: Timestamp,
    body: &[u8],
) -> HeaderMap {
    let signed = sign(webhook.signature_version, &webhook.secret, now, body);
    let mut headers = HeaderMap::new();
    let mut put = |name: &'static str, value: String| {
        let value = HeaderValue::try_from(value).expect("hex, words, numbers and ids are ASCII");
        headers.insert(name, value);
    };
    put("x-execlave-signature", signed.signature);
    put("x-execlave-signature-version", signed.version.to_string());
    if let Some(seconds) = signed.timestamp {
        put("x-execlave-timestamp", seconds.to_string());
    }
    put("x-execlave-idempotency-key", event.idempotency_key());
    put("x-execlave-event", event.kind.to_string());
    put("x-execlave-delivery-id", delivery.to_string());
    headers
}
