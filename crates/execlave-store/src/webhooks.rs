//! Webhooks: addresses outside that are told what happened.

mod deliveries;
mod findings;
mod outbox;

use std::fmt;

use execlave_core::ids::OrgId;
use execlave_core::time::Timestamp;
use execlave_core::webhook::{EventType, Format, SignatureVersion};
use serde_json::json;
use uuid::Uuid;

use crate::audit::{self, Event};
use crate::db::Tx;
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::page::{Page, PageRequest, Position};
use crate::{Store, StoreError};

pub use deliveries::{Attempt, Delivery, DeliveryFilter, DeliveryStatus};
pub(crate) use findings::Findings;
pub(crate) use outbox::{emit, is_wanted};

/// One webhook.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Whose.
    pub org_id: OrgId,
    /// The id.
    pub id: Uuid,
    /// Unique in the organisation.
    pub name: String,
    /// Where it is told.
    pub url: String,
    /// What requests to it are signed with.
    pub secret: String,
    /// PagerDuty's name for the service that is told.
    pub routing_key: Option<String>,
    /// In which form.
    pub format: Format,
    /// What its signatures cover.
    pub signature_version: SignatureVersion,
    /// What it is told; `None` is everything.
    pub events: Option<Vec<EventType>>,
    /// Whether messages about approvals carry a link with which they can be answered in its name.
    pub takes_answers: bool,
    /// What the chat signs answers with that it sends itself.
    pub chat_secret: Option<String>,
    /// How long it may take.
    pub timeout_ms: i64,
    /// Whether it is told.
    pub is_active: bool,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

table!("webhooks" => Webhook {
    org_id, id, name, url, secret, routing_key, format, signature_version, events, takes_answers, chat_secret, timeout_ms,
    is_active, created_at, updated_at,
});

/// Without the secrets.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("org_id", &self.org_id)
            .field("id", &self.id)
            .field("name", &self.name)
            .field("format", &self.format)
            .field("events", &self.events)
            .field("is_active", &self.is_active)
            .finish_non_exhaustive()
    }
}

impl Webhook {
    /// Whether it is told about events of a type.
    fn wants(&self, kind: EventType) -> bool {
        self.events.as_ref().is_none_or(|events| events.contains(&kind))
    }
}

impl Store {
    /// Creates a webhook; a name that is taken is a conflict. Audited.
    pub async fn create_webhook(&self, new: &Webhook, actor: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, new.org_id).await?;
        tx.insert(new).await.noun("webhook name")?;
        record(&mut tx, new, "webhook.created", actor, new.created_at).await?;
        tx.commit().await
    }

    /// Replaces a webhook; whether there is one. Who made it when stays. What waits to be delivered goes where the webhook points.
    pub async fn update_webhook(&self, changed: &Webhook, actor: &str) -> Result<bool, StoreError> {
        const SQL: &str = "
            UPDATE webhooks SET name = $3, url = $4, secret = $5, routing_key = $6, format = $7, signature_version = $8, events = $9,
                takes_answers = $10, chat_secret = $11, timeout_ms = $12, is_active = $13, updated_at = $14
            WHERE org_id = $1 AND id = $2";
        let update = params![
            changed.org_id,
            changed.id,
            changed.name,
            changed.url,
            changed.secret,
            changed.routing_key,
            changed.format,
            changed.signature_version,
            changed.events,
            changed.takes_answers,
            changed.chat_secret,
            changed.timeout_ms,
            changed.is_active,
            changed.updated_at,
        ];
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, changed.org_id).await?;
        if tx.execute(Query::new(SQL, update)).await.noun("webhook name")? == 0 {
            return Ok(false);
        }
        record(&mut tx, changed, "webhook.updated", actor, changed.updated_at).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes a webhook and its deliveries; whether there was one.
    pub async fn delete_webhook(
        &self,
        org: OrgId,
        id: Uuid,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "DELETE FROM webhooks WHERE org_id = $1 AND id = $2 RETURNING *";
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let Some(gone) = tx.one::<Webhook>(Query::new(SQL, params![org, id])).await? else {
            return Ok(false);
        };
        record(&mut tx, &gone, "webhook.deleted", actor, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// A webhook.
    pub async fn find_webhook(&self, org: OrgId, id: Uuid) -> Result<Option<Webhook>, StoreError> {
        const SQL: &str = "SELECT * FROM webhooks WHERE org_id = $1 AND id = $2";
        self.db().one(Query::new(SQL, params![org, id])).await
    }

    /// Webhooks, newest first.
    pub async fn list_webhooks(
        &self,
        org: OrgId,
        page: &PageRequest,
    ) -> Result<Page<Webhook>, StoreError> {
        let mut query = Query::new("SELECT * FROM webhooks WHERE org_id = $1", params![org]);
        query.newest_first("created_at", page)?;
        let total = self.count_webhooks(org).await?;
        let rows = self.db().all::<Webhook>(query).await?;
        Ok(Page::cut(rows, page.size(), Some(total), |row| Position::new(row.created_at, row.id)))
    }

    /// How many webhooks an organisation has.
    pub async fn count_webhooks(&self, org: OrgId) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT count(*) AS n FROM webhooks WHERE org_id = $1";
        self.db().number(Query::new(SQL, params![org])).await
    }
}

async fn record(
    tx: &mut Tx<'_>,
    webhook: &Webhook,
    name: &'static str,
    actor: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    // The address of a chat's webhook is a secret by itself, so only its host is kept.
    let host = url::Url::parse(&webhook.url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let body = json!({
        "name": webhook.name, "host": host, "format": webhook.format, "signatureVersion": webhook.signature_version,
        "events": webhook.events, "takesAnswers": webhook.takes_answers, "timeoutMs": webhook.timeout_ms, "isActive": webhook.is_active,
    });
    let subject = format!("webhook:{}", webhook.id);
    let event = Event { at, actor, name, subject, body: body.into() };
    audit::append(tx, webhook.org_id, event).await.map(drop)
}
