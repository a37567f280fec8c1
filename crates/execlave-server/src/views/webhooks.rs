//! Webhooks and their deliveries as they go out on the wire.

use execlave_api::webhooks::{Webhook, WebhookDelivery};
use execlave_store::webhooks::{self, Delivery, DeliveryStatus};

/// A webhook without its secrets.
pub(crate) fn webhook(webhook: webhooks::Webhook) -> Webhook {
    Webhook {
        id: webhook.id.to_string(),
        name: webhook.name,
        url: webhook.url,
        events: webhook.events.map_or_else(
            || vec!["*".to_owned()],
            |events| events.iter().map(ToString::to_string).collect(),
        ),
        format: webhook.format.to_string(),
        signature_version: webhook.signature_version.to_string(),
        takes_answers: webhook.takes_answers,
        timeout_ms: webhook.timeout_ms,
        is_active: webhook.is_active,
        secret: None,
        created_at: webhook.created_at.to_string(),
        updated_at: webhook.updated_at.to_string(),
    }
}

/// A webhook with its secret, for the one answer that shows it.
pub(crate) fn webhook_with_secret(made: webhooks::Webhook) -> Webhook {
    let secret = Some(made.secret.clone());
    Webhook { secret, ..webhook(made) }
}

/// A delivery.
pub(crate) fn delivery(delivery: Delivery) -> WebhookDelivery {
    let waits = delivery.status == DeliveryStatus::Pending;
    WebhookDelivery {
        id: delivery.id.to_string(),
        webhook_id: delivery.webhook_id.to_string(),
        event_id: delivery.event_id.to_string(),
        event_type: delivery.event_type.to_string(),
        idempotency_key: delivery.event.idempotency_key(),
        status: delivery.status.as_str().to_owned(),
        attempts: delivery.attempts,
        next_attempt_at: waits.then(|| delivery.next_attempt_at.to_string()),
        last_attempt_at: delivery.last_attempt_at.map(|at| at.to_string()),
        last_status: delivery.last_status,
        last_error: delivery.last_error,
        created_at: delivery.created_at.to_string(),
        ended_at: delivery.ended_at.map(|at| at.to_string()),
        data: delivery.event.data,
    }
}
