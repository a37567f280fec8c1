//! What models cost, where an organisation pays something else than the built-in table says.

use execlave_core::ids::OrgId;
use execlave_core::time::Timestamp;
use serde_json::json;

use crate::audit::{self, Event};
use crate::changes::{Change, Noun};
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::{Store, StoreError};

/// One model's price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPrice {
    /// Whose.
    pub org_id: OrgId,
    /// The model, in lower case.
    pub model: String,
    /// Billionths of a dollar per million tokens of input.
    pub input_nanos: i64,
    /// Billionths of a dollar per million tokens of output.
    pub output_nanos: i64,
    /// Since when.
    pub updated_at: Timestamp,
}

table!("model_prices" => ModelPrice { org_id, model, input_nanos, output_nanos, updated_at });

impl Store {
    /// Sets a price; audited.
    pub async fn put_price(&self, price: &ModelPrice, actor: &str) -> Result<(), StoreError> {
        const REPLACE: &str = "ON CONFLICT (org_id, model) DO UPDATE SET
            input_nanos = excluded.input_nanos, output_nanos = excluded.output_nanos, updated_at = excluded.updated_at";
        let org = price.org_id;
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        tx.insert_unless(price, REPLACE).await?;
        let body = json!({ "inputNanos": price.input_nanos, "outputNanos": price.output_nanos });
        let event = Event {
            at: price.updated_at,
            actor,
            name: "price.updated",
            subject: format!("price:{}", price.model),
            body: body.into(),
        };
        audit::append(&mut tx, org, event).await?;
        tx.announce(Change::Row { org_id: org, noun: Noun::Price, id: org.as_uuid() }).await?;
        tx.commit().await
    }

    /// Goes back to the built-in price; whether there was one of the organisation's own.
    pub async fn delete_price(
        &self,
        org: OrgId,
        model: &str,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "DELETE FROM model_prices WHERE org_id = $1 AND model = $2";
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        if tx.execute(Query::new(SQL, params![org, model])).await? == 0 {
            return Ok(false);
        }
        let event = Event {
            at: now,
            actor,
            name: "price.deleted",
            subject: format!("price:{model}"),
            body: json!({}).into(),
        };
        audit::append(&mut tx, org, event).await?;
        tx.announce(Change::Row { org_id: org, noun: Noun::Price, id: org.as_uuid() }).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// An organisation's own prices, by name.
    pub async fn list_prices(&self, org: OrgId) -> Result<Vec<ModelPrice>, StoreError> {
        const SQL: &str = "SELECT * FROM model_prices WHERE org_id = $1 ORDER BY model";
        self.db().all(Query::new(SQL, params![org])).await
    }

    /// Every organisation's own prices, to be kept in memory.
    pub async fn list_prices_across_orgs(&self) -> Result<Vec<ModelPrice>, StoreError> {
        self.db()
            .all(Query::new("SELECT * FROM model_prices ORDER BY org_id, model", params![]))
            .await
    }
}
