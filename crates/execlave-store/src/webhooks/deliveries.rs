//! What is to be told to whom, how often that was tried, and what came of it.

use execlave_core::ids::OrgId;
use execlave_core::time::Timestamp;
use execlave_core::webhook::{Event, EventType};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::audit;
use crate::changes::{Change, Noun};
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::page::{Page, PageRequest, Position};
use crate::webhooks::Webhook;
use crate::{Store, StoreError};

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// It is tried until somebody takes it.
    Pending,
    /// Somebody has.
    Delivered,
    /// It is not tried any more.
    Dead,
}

impl DeliveryStatus {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

/// One event on its way to one webhook.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Whose.
    pub org_id: OrgId,
    /// The id.
    pub id: Uuid,
    /// Who is told.
    pub webhook_id: Uuid,
    /// The event's id.
    pub event_id: Uuid,
    /// The event's type.
    pub event_type: EventType,
    /// The event.
    pub event: Event,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// How often it was tried since it was last begun.
    pub attempts: i64,
    /// When it is tried next; while it is being tried, when it counts as lost.
    pub next_attempt_at: Timestamp,
    /// When it was last tried.
    pub last_attempt_at: Option<Timestamp>,
    /// What the receiver answered.
    pub last_status: Option<i64>,
    /// Why that was no success.
    pub last_error: Option<String>,
    /// When the event happened.
    pub created_at: Timestamp,
    /// When it was delivered or given up.
    pub ended_at: Option<Timestamp>,
}

table!("webhook_deliveries" => Delivery {
    org_id, id, webhook_id, event_id, event_type, event, status, attempts, next_attempt_at, last_attempt_at, last_status, last_error,
    created_at, ended_at,
});

/// Which deliveries to list.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// Where they stand.
    pub status: Option<DeliveryStatus>,
    /// Of events of this type.
    pub event_type: Option<EventType>,
}

/// What came of one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Where the delivery stands after it.
    pub status: DeliveryStatus,
    /// What the receiver answered.
    pub answer: Option<u16>,
    /// Why that was no success.
    pub error: Option<String>,
    /// When it is tried again, if it is.
    pub next_at: Option<Timestamp>,
}

impl Delivery {
    /// The delivery of an event to a webhook, due at once.
    pub(super) fn new(webhook: Uuid, event: &Event) -> Self {
        Self {
            org_id: event.organization_id,
            id: event.delivery_id(webhook),
            webhook_id: webhook,
            event_id: event.id,
            event_type: event.kind,
            event: event.clone(),
            status: DeliveryStatus::Pending,
            attempts: 0,
            next_attempt_at: event.created_at,
            last_attempt_at: None,
            last_status: None,
            last_error: None,
            created_at: event.created_at,
            ended_at: None,
        }
    }
}

impl Store {
    /// The active webhooks to which something is due.
    pub async fn due_webhooks_across_orgs(
        &self,
        now: Timestamp,
    ) -> Result<Vec<Webhook>, StoreError> {
        const SQL: &str = "
            SELECT * FROM webhooks WHERE is_active AND EXISTS (
                SELECT 1 FROM webhook_deliveries AS due WHERE due.org_id = webhooks.org_id AND due.webhook_id = webhooks.id
                    AND due.status = 'pending' AND due.next_attempt_at <= $1)
            ORDER BY org_id, id";
        self.db().all(Query::new(SQL, params![now])).await
    }

    /// Takes up to `count` due deliveries to a webhook, oldest first, for one try each. Nobody else gets them before `lost_at`; if
    /// nothing was heard of the try by then, they are due again.
    pub async fn claim_deliveries(
        &self,
        org: OrgId,
        webhook: Uuid,
        count: i64,
        now: Timestamp,
        lost_at: Timestamp,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut query = Query::new(
            "WITH due AS MATERIALIZED (
                SELECT id FROM webhook_deliveries
                WHERE org_id = $1 AND webhook_id = $2 AND status = 'pending' AND next_attempt_at <= $3
                ORDER BY next_attempt_at, id LIMIT $4",
            params![org, webhook, now, count],
        );
        let mut tx = self.begin().await?;
        if tx.has_concurrent_writers() {
            // What another node is about to take is not waited for.
            query.push(" FOR UPDATE SKIP LOCKED");
        }
        query
            .push(") UPDATE webhook_deliveries SET attempts = attempts + 1, last_attempt_at = $3, next_attempt_at = ")
            .bind(lost_at)
            .push(" WHERE org_id = $1 AND id IN (SELECT id FROM due) RETURNING *");
        let claimed = tx.all::<Delivery>(query).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// Records what came of the try that `delivery` was claimed for; whether it still counted: one that was lost meanwhile does not.
    pub async fn record_attempt(
        &self,
        delivery: &Delivery,
        attempt: &Attempt,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "
            UPDATE webhook_deliveries SET status = $4, last_status = $5, last_error = $6, next_attempt_at = $7, ended_at = $8
            WHERE org_id = $1 AND id = $2 AND attempts = $3 AND status = 'pending' AND last_attempt_at = $9";
        let ended_at = (attempt.status != DeliveryStatus::Pending).then_some(now);
        let update = params![
            delivery.org_id,
            delivery.id,
            delivery.attempts,
            attempt.status,
            attempt.answer.map(i64::from),
            attempt.error,
            attempt.next_at.unwrap_or(now),
            ended_at,
            delivery.last_attempt_at,
        ];
        let mut tx = self.begin().await?;
        let counted = tx.execute(Query::new(SQL, update)).await? > 0;
        tx.commit().await?;
        Ok(counted)
    }

    /// Deliveries to a webhook, newest first.
    pub async fn list_deliveries(
        &self,
        org: OrgId,
        webhook: Uuid,
        filter: &DeliveryFilter,
        page: &PageRequest,
    ) -> Result<Page<Delivery>, StoreError> {
        let mut query = Query::new(
            "SELECT * FROM webhook_deliveries WHERE org_id = $1 AND webhook_id = $2",
            params![org, webhook],
        );
        query
            .filter(" AND status = ", filter.status.as_ref())
            .filter(" AND event_type = ", filter.event_type.as_ref())
            .newest_first("created_at", page)?;
        let rows = self.db().all::<Delivery>(query).await?;
        Ok(Page::cut(rows, page.size(), None, |row| Position::new(row.created_at, row.id)))
    }

    /// A delivery to a webhook.
    pub async fn find_delivery(
        &self,
        org: OrgId,
        webhook: Uuid,
        id: Uuid,
    ) -> Result<Option<Delivery>, StoreError> {
        const SQL: &str =
            "SELECT * FROM webhook_deliveries WHERE org_id = $1 AND webhook_id = $2 AND id = $3";
        self.db().one(Query::new(SQL, params![org, webhook, id])).await
    }

    /// Begins a delivery that has ended anew, with all its tries; audited. `None` if there is none that has ended.
    pub async fn redeliver(
        &self,
        org: OrgId,
        webhook: Uuid,
        id: Uuid,
        actor: &str,
        now: Timestamp,
    ) -> Result<Option<Delivery>, StoreError> {
        const SQL: &str = "
            UPDATE webhook_deliveries SET status = 'pending', attempts = 0, next_attempt_at = $4, ended_at = NULL
            WHERE org_id = $1 AND webhook_id = $2 AND id = $3 AND status <> 'pending' RETURNING *";
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let again = Query::new(SQL, params![org, webhook, id, now]);
        let Some(delivery) = tx.one::<Delivery>(again).await? else { return Ok(None) };
        let body = json!({ "deliveryId": id, "eventId": delivery.event_id, "eventType": delivery.event_type });
        let event = audit::Event {
            at: now,
            actor,
            name: "webhook.redelivered",
            subject: format!("webhook:{webhook}"),
            body: body.into(),
        };
        audit::append(&mut tx, org, event).await?;
        tx.announce(Change::Row { org_id: org, noun: Noun::WebhookDelivery, id }).await?;
        tx.commit().await?;
        Ok(Some(delivery))
    }

    /// Forgets what was delivered before one moment and what was given up before another; how many.
    pub async fn forget_deliveries_across_orgs(
        &self,
        delivered_before: Timestamp,
        dead_before: Timestamp,
    ) -> Result<u64, StoreError> {
        const SQL: &str = "
            DELETE FROM webhook_deliveries
            WHERE (ended_at < $1 AND status = 'delivered') OR (ended_at < $2 AND status = 'dead')";
        let mut tx = self.begin().await?;
        let forgotten = tx.execute(Query::new(SQL, params![delivered_before, dead_before])).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}
