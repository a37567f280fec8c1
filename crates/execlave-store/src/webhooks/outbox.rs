//! Telling webhooks inside the transaction of a change: what is to be delivered is written with the change, or not at all.

use execlave_core::ids::OrgId;
use execlave_core::time::Timestamp;
use execlave_core::webhook::{Event, EventType};
use serde_json::Value;

use crate::StoreError;
use crate::changes::{Change, Noun};
use crate::db::Tx;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::webhooks::Webhook;
use crate::webhooks::deliveries::Delivery;

/// Tells every webhook of an organisation that wants to know. The caller holds the audit chain's lock, if it takes it at all.
pub(crate) async fn emit(
    tx: &mut Tx<'_>,
    org: OrgId,
    kind: EventType,
    at: Timestamp,
    subject: &str,
    data: Value,
) -> Result<(), StoreError> {
    let subscriptions = Subscriptions::read(tx, &[org]).await?;
    if subscriptions.want(org, kind) {
        subscriptions.tell(tx, &[Event::new(org, kind, at, subject, data)]).await?;
    }
    Ok(())
}

/// Whether any webhook of an organisation wants to know about events of a type.
pub(crate) async fn is_wanted(
    tx: &mut Tx<'_>,
    org: OrgId,
    kind: EventType,
) -> Result<bool, StoreError> {
    Ok(Subscriptions::read(tx, &[org]).await?.want(org, kind))
}

/// The active webhooks of some organisations.
pub(super) struct Subscriptions(Vec<Webhook>);

impl Subscriptions {
    /// Reads them, and keeps them from being deleted until commit: a delivery to a webhook that has just gone would make the change fail.
    pub(super) async fn read(tx: &mut Tx<'_>, orgs: &[OrgId]) -> Result<Self, StoreError> {
        let orgs = orgs.iter().flat_map(|org| params![org]).collect();
        let mut query =
            Query::new("SELECT * FROM webhooks WHERE is_active AND org_id IN (", Vec::new());
        query.bind_params(orgs).push(") ORDER BY org_id, id");
        if tx.has_concurrent_writers() {
            query.push(" FOR KEY SHARE");
        }
        tx.all(query).await.map(Self)
    }

    /// Whether anybody wants to know about events of a type.
    pub(super) fn want(&self, org: OrgId, kind: EventType) -> bool {
        self.0.iter().any(|webhook| webhook.org_id == org && webhook.wants(kind))
    }

    /// Writes a delivery of each event to everybody who wants to know. One that was told already is not told again.
    pub(super) async fn tell(&self, tx: &mut Tx<'_>, events: &[Event]) -> Result<(), StoreError> {
        const KNOWN: &str = "ON CONFLICT (org_id, webhook_id, event_id) DO NOTHING";
        let mut deliveries: Vec<Delivery> = Vec::new();
        for event in events {
            let wanted = |webhook: &&Webhook| {
                webhook.org_id == event.organization_id && webhook.wants(event.kind)
            };
            deliveries.extend(
                self.0.iter().filter(wanted).map(|webhook| Delivery::new(webhook.id, event)),
            );
        }
        let rows: Vec<&Delivery> = deliveries.iter().collect();
        tx.upsert_all(&rows, KNOWN).await.noun("webhook delivery")?;
        if let Some(Delivery { org_id, id, .. }) = deliveries.first() {
            // One notice wakes whoever delivers, and it looks for everything.
            let noun = Noun::WebhookDelivery;
            tx.announce(Change::Row { org_id: *org_id, noun, id: *id }).await?;
        }
        Ok(())
    }
}
