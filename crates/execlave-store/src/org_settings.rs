//! What an organisation has switched on.

use execlave_core::ids::OrgId;
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde_json::json;

use crate::audit::{self, Event};
use crate::changes::{Change, Noun};
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::{Store, StoreError, webhooks};

/// The settings of one organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgSettings {
    /// Whose.
    pub org_id: OrgId,
    /// Whether raw inputs are kept with decisions; `None` leaves it to the deployment.
    pub keep_input: Option<bool>,
    /// Whether an agent must pass red teaming before it may act on its own.
    pub red_team_gate: bool,
    /// When they were last changed.
    pub updated_at: Timestamp,
}

table!("org_settings" => OrgSettings { org_id, keep_input, red_team_gate, updated_at });

impl Store {
    /// The settings, if they were ever changed.
    pub async fn find_org_settings(&self, org: OrgId) -> Result<Option<OrgSettings>, StoreError> {
        const SQL: &str = "SELECT * FROM org_settings WHERE org_id = $1";
        self.db().one(Query::new(SQL, params![org])).await
    }

    /// Replaces the settings; audited.
    pub async fn put_org_settings(
        &self,
        settings: &OrgSettings,
        actor: &str,
    ) -> Result<(), StoreError> {
        const REPLACE: &str = "ON CONFLICT (org_id) DO UPDATE SET
            keep_input = excluded.keep_input, red_team_gate = excluded.red_team_gate, updated_at = excluded.updated_at";
        let org = settings.org_id;
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        tx.insert_unless(settings, REPLACE).await?;
        let mut body =
            json!({ "keepInput": settings.keep_input, "redTeamGate": settings.red_team_gate });
        let event = Event {
            at: settings.updated_at,
            actor,
            name: "organization.settings_updated",
            subject: format!("organization:{org}"),
            body: (&body).into(),
        };
        audit::append(&mut tx, org, event).await?;
        let (kind, subject) = (EventType::SettingsUpdated, format!("organization:{org}"));
        body["actor"] = json!(actor);
        webhooks::emit(&mut tx, org, kind, settings.updated_at, &subject, body).await?;
        tx.announce(Change::Row { org_id: org, noun: Noun::Settings, id: org.as_uuid() }).await?;
        tx.commit().await
    }

    /// Every organisation's changed settings, to be kept in memory.
    pub async fn list_org_settings_across_orgs(&self) -> Result<Vec<OrgSettings>, StoreError> {
        self.db().all(Query::new("SELECT * FROM org_settings", params![])).await
    }
}
