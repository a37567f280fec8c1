//! What became of a trace whose effect was not certain: a ledger beside the traces. Nothing in it is ever changed or taken back.

use execlave_core::ids::OrgId;
use execlave_core::time::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::audit::{self, Event};
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::page::{Page, PageRequest, Position};
use crate::traces::HAS_TRACE;
use crate::{Store, StoreError};

/// One finding about one trace.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// Whose trace.
    pub org_id: OrgId,
    /// The id.
    pub id: Uuid,
    /// The client's id of the trace.
    pub trace_id: String,
    /// What it was found to be: `success`, `error` or `timeout`.
    pub resolved_status: String,
    /// How that was found out: `read_back`, `callback`, `manual` or `reconciliation`.
    pub basis: String,
    /// What was changed.
    pub effect_ref: Option<String>,
    /// The other side's receipt.
    pub acknowledgement_id: Option<String>,
    /// Anything else worth saying.
    pub detail: Option<String>,
    /// When it was seen.
    pub observed_at: Timestamp,
    /// Who says so.
    pub recorded_by: String,
    /// When it was written down.
    pub recorded_at: Timestamp,
}

table!("trace_resolutions" => Resolution {
    org_id, id, trace_id, resolved_status, basis, effect_ref, acknowledgement_id, detail, observed_at, recorded_by, recorded_at,
});

impl Store {
    /// Adds a finding to the ledger and to the audit chain; whether the trace exists.
    pub async fn add_resolution(&self, resolution: &Resolution) -> Result<bool, StoreError> {
        let Resolution { org_id: org, trace_id, recorded_at, .. } = resolution;
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, *org).await?;
        if tx.number(Query::new(HAS_TRACE, params![org, trace_id])).await? == 0 {
            return Ok(false);
        }
        tx.insert(resolution).await?;
        let body = json!({
            "resolutionId": resolution.id, "resolvedStatus": resolution.resolved_status, "basis": resolution.basis,
            "effectRef": resolution.effect_ref, "acknowledgementId": resolution.acknowledgement_id,
        });
        let event = Event {
            at: *recorded_at,
            actor: &resolution.recorded_by,
            name: "trace.resolved",
            subject: format!("trace:{trace_id}"),
            body: body.into(),
        };
        audit::append(&mut tx, *org, event).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// What was found out about a trace, newest first.
    pub async fn list_resolutions(
        &self,
        org: OrgId,
        trace_id: &str,
        page: &PageRequest,
    ) -> Result<Page<Resolution>, StoreError> {
        const SQL: &str = "SELECT * FROM trace_resolutions WHERE org_id = $1 AND trace_id = $2";
        let mut query = Query::new(SQL, params![org, trace_id]);
        query.newest_first("recorded_at", page)?;
        let rows = self.db().all::<Resolution>(query).await?;
        Ok(Page::cut(rows, page.size(), None, |row| Position::new(row.recorded_at, row.id)))
    }
}
