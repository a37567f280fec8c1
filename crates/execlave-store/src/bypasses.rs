//! Actions that ran without a decision while the server could not be asked, as clients report them afterwards. The report is kept
//! once, however often it is sent, and every window is in the audit chain.

use execlave_core::ids::{AgentId, KeyId, OrgId};
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde_json::json;
use uuid::Uuid;

use crate::audit::{self, Event};
use crate::db::Tx;
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::page::{Page, PageRequest, Position};
use crate::{Store, StoreError, webhooks};

/// Bypasses of one agent for one reason, counted together by the client.
#[derive(Clone, Debug)]
pub struct BypassWindow {
    /// Whose agent.
    pub org_id: OrgId,
    /// The client's id of the window.
    pub id: Uuid,
    /// The agent, as the client calls it.
    pub agent_id: String,
    /// The agent, if it is registered.
    pub agent_row_id: Option<AgentId>,
    /// Why nobody was asked, such as `network_error`.
    pub reason: String,
    /// What the caller was answered instead, such as `fail_open_network_error`.
    pub source: String,
    /// The first bypass.
    pub first_at: Timestamp,
    /// The last bypass.
    pub last_at: Timestamp,
    /// How many there were.
    pub bypasses: i64,
    /// What the client saw.
    pub message: Option<String>,
    /// The HTTP status it saw.
    pub status: Option<i64>,
    /// How many calls had failed in a row.
    pub consecutive_failures: Option<i64>,
    /// Who reports, as `name language version`.
    pub sdk: String,
    /// The key it was reported with.
    pub key_id: Option<KeyId>,
    /// When the report arrived.
    pub received_at: Timestamp,
}

table!("bypass_windows" => BypassWindow {
    org_id, id, agent_id, agent_row_id, reason, source, first_at, last_at, bypasses, message, status, consecutive_failures, sdk, key_id,
    received_at,
});

/// Windows that a client forgot before it could report them.
#[derive(Clone, Debug)]
pub struct BypassLoss {
    /// Whose client.
    pub org_id: OrgId,
    /// The client's id of the loss.
    pub id: Uuid,
    /// How many windows.
    pub windows: i64,
    /// How many bypasses were in them.
    pub bypasses: i64,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Who reports, as `name language version`.
    pub sdk: String,
    /// The key it was reported with.
    pub key_id: Option<KeyId>,
    /// When the report arrived.
    pub received_at: Timestamp,
}

table!("bypass_losses" => BypassLoss { org_id, id, windows, bypasses, since, sdk, key_id, received_at });

/// Which windows to list.
#[derive(Clone, Debug, Default)]
pub struct BypassFilter {
    /// Of the agent with this external id.
    pub agent_id: Option<String>,
    /// Of this registered agent.
    pub agent_row_id: Option<AgentId>,
    /// For this reason.
    pub reason: Option<String>,
    /// Begun at this moment or later.
    pub since: Option<Timestamp>,
    /// Begun before this moment.
    pub until: Option<Timestamp>,
}

impl Store {
    /// Keeps what is not known yet, all or nothing, each with an entry in the audit chain; how many were new.
    pub async fn record_bypasses(
        &self,
        org: OrgId,
        windows: &[BypassWindow],
        loss: Option<&BypassLoss>,
        actor: &str,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        const KNOWN: &str = "ON CONFLICT (org_id, id) DO NOTHING";
        let mut recorded = 0;
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        for window in windows {
            if tx.insert_unless(window, KNOWN).await? {
                let body = json!({
                    "windowId": window.id, "agentId": window.agent_id, "reason": window.reason, "source": window.source,
                    "firstAt": window.first_at, "lastAt": window.last_at, "count": window.bypasses, "sdk": window.sdk,
                });
                let subject = format!("bypass:{}", window.id);
                record(&mut tx, org, actor, now, subject, body).await?;
                recorded += 1;
            }
        }
        if let Some(loss) = loss
            && tx.insert_unless(loss, KNOWN).await?
        {
            let body = json!({
                "dropId": loss.id, "windows": loss.windows, "count": loss.bypasses, "since": loss.since, "sdk": loss.sdk,
            });
            record(&mut tx, org, actor, now, format!("bypass:{}", loss.id), body).await?;
            recorded += 1;
        }
        tx.commit().await?;
        Ok(recorded)
    }

    /// Windows, newest first by their first bypass.
    pub async fn list_bypasses(
        &self,
        org: OrgId,
        filter: &BypassFilter,
        page: &PageRequest,
    ) -> Result<Page<BypassWindow>, StoreError> {
        let mut query = Query::new("SELECT * FROM bypass_windows WHERE org_id = $1", params![org]);
        query
            .filter(" AND agent_id = ", filter.agent_id.as_ref())
            .filter(" AND agent_row_id = ", filter.agent_row_id.as_ref())
            .filter(" AND reason = ", filter.reason.as_ref())
            .filter(" AND first_at >= ", filter.since.as_ref())
            .filter(" AND first_at < ", filter.until.as_ref())
            .newest_first("first_at", page)?;
        let rows = self.db().all::<BypassWindow>(query).await?;
        Ok(Page::cut(rows, page.size(), None, |window| Position::new(window.first_at, window.id)))
    }

    /// What clients forgot, newest first, at most 200.
    pub async fn list_bypass_losses(&self, org: OrgId) -> Result<Vec<BypassLoss>, StoreError> {
        const SQL: &str = "SELECT * FROM bypass_losses WHERE org_id = $1 ORDER BY received_at DESC, id DESC LIMIT 200";
        self.db().all(Query::new(SQL, params![org])).await
    }
}

async fn record(
    tx: &mut Tx<'_>,
    org: OrgId,
    actor: &str,
    at: Timestamp,
    subject: String,
    body: serde_json::Value,
) -> Result<(), StoreError> {
    let name = "enforcement.bypassed";
    let event = Event { at, actor, name, subject: subject.clone(), body: (&body).into() };
    audit::append(tx, org, event).await?;
    webhooks::emit(tx, org, EventType::BypassReported, at, &subject, body).await
}
