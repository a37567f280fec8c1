//! Trying deliveries: many at once, few of them to the same receiver, so that one that hangs does not hold up the others.

use std::collections::HashMap;
use std::sync::Arc;

use execlave_core::time::Timestamp;
use execlave_core::webhook::delay_ms;
use execlave_store::error::StoreError;
use execlave_store::webhooks::{Attempt, Delivery, DeliveryStatus, Webhook};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::Refusal;
use crate::clock::random_bytes;
use crate::metrics;
use crate::state::AppState;

/// How many deliveries are tried at once.
const AT_ONCE: usize = 32;

/// How many of them to one webhook.
const AT_ONCE_EACH: usize = 4;

/// When a try of which nothing was heard counts as lost, as after a crash: well after the longest deadline.
const LOST_AFTER_MS: i64 = 60_000;

/// The deliveries that are being tried.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    running: JoinSet<Uuid>,
    each: HashMap<Uuid, usize>,
}

impl Tries {
    /// Begins with what is due, as far as there is room.
    pub(crate) async fn begin(&mut self, state: &AppState) -> Result<(), StoreError> {
        let now = state.clock.now();
        for webhook in state.store.due_webhooks_across_orgs(now).await? {
            let busy = self.each.get(&webhook.id).copied().unwrap_or_default();
            let room = AT_ONCE_EACH.saturating_sub(busy).min(AT_ONCE - self.running.len());
            if room == 0 {
                continue;
            }
            let (org, id) = (webhook.org_id, webhook.id);
            let room = i64::try_from(room).unwrap_or_default();
            let lost_at = now.plus_millis(LOST_AFTER_MS);
            let claimed = state.store.claim_deliveries(org, id, room, now, lost_at).await?;
            let webhook = Arc::new(webhook);
            for delivery in claimed {
                *self.each.entry(id).or_default() += 1;
                self.running.spawn(attempt(state.clone(), Arc::clone(&webhook), delivery));
            }
        }
        Ok(())
    }

    /// Waits until one of them was tried; whether there was one.
    pub(crate) async fn next(&mut self) -> bool {
        let Some(tried) = self.running.join_next().await else { return false };
        match tried {
            Ok(webhook) => {
                let left = self.each.get(&webhook).copied().unwrap_or_default().saturating_sub(1);
                if left == 0 {
                    self.each.remove(&webhook);
                } else {
                    self.each.insert(webhook, left);
                }
            }
            // Whose it was is not known any more: its room comes back when nothing runs.
            Err(error) => tracing::error!(%error, "a delivery ended badly"),
        }
        if self.running.is_empty() {
            self.each.clear();
        }
        true
    }
}

/// Delivers everything that is due and waits until it was tried, for tests and for who has no server running.
pub async fn deliver_due(state: &AppState) -> Result<(), StoreError> {
    let mut tries = Tries::default();
    loop {
        tries.begin(state).await?;
        if !tries.next().await {
            return Ok(());
        }
    }
}

/// One try; the webhook's id.
async fn attempt(state: AppState, webhook: Arc<Webhook>, delivery: Delivery) -> Uuid {
    let begun = state.clock.now();
    let url = state.config.public_url();
    let told = state.webhooks.tell(&webhook, &delivery.event, delivery.id, &url, begun).await;
    let now = state.clock.now();
    let attempt = judge(&delivery, told, now);
    metrics::webhook_attempt(attempt.status);
    if let Some(error) = &attempt.error {
        tracing::debug!(webhook = %webhook.id, delivery = %delivery.id, %error, "not delivered");
    }
    if let Err(error) = state.store.record_attempt(&delivery, &attempt, now).await {
        // It counts as lost, and the receiver may be told again.
        tracing::warn!(delivery = %delivery.id, %error, "what came of a delivery was not written");
    }
    webhook.id
}

/// What follows from an answer.
fn judge(delivery: &Delivery, told: Result<u16, Refusal>, now: Timestamp) -> Attempt {
    let refusal = match told {
        Ok(status) => {
            let status = Some(status);
            return Attempt {
                status: DeliveryStatus::Delivered,
                answer: status,
                error: None,
                next_at: None,
            };
        }
        Err(refusal) => refusal,
    };
    let attempts = u32::try_from(delivery.attempts).unwrap_or(u32::MAX);
    let pause = match refusal {
        Refusal::Gone => None,
        _ => delay_ms(attempts, u32::from_le_bytes(random_bytes())),
    };
    let next_at = pause.map(|pause| now.plus_millis(pause));
    let status = if next_at.is_some() { DeliveryStatus::Pending } else { DeliveryStatus::Dead };
    Attempt { status, answer: refusal.status(), error: Some(refusal.to_string()), next_at }
}
