//! The tools an agent is known to use, pinned by the hashes of their descriptors.

use execlave_core::ids::{AgentId, OrgId};
use execlave_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::audit::{self, Event};
use crate::changes::{Change, Noun};
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::{Store, StoreError};

/// What is pinned for one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolBaseline {
    /// Whose agent.
    pub org_id: OrgId,
    /// The agent.
    pub agent_id: AgentId,
    /// Its tools.
    pub tools: Vec<PinnedTool>,
    /// Why it was pinned: `manual` or `baseline_update`.
    pub reason: String,
    /// Who pinned it.
    pub updated_by: String,
    /// When.
    pub updated_at: Timestamp,
}

table!("tool_baselines" => ToolBaseline { org_id, agent_id, tools, reason, updated_by, updated_at });

/// One tool. The same tool may stand there with several hashes: clients disagree on how a descriptor is written before it is hashed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PinnedTool {
    /// The server that offers it.
    pub server: String,
    /// Its name there.
    pub tool: String,
    /// The hash of its descriptor.
    pub descriptor_hash: String,
    /// The hash of its description alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_hash: Option<String>,
}

impl Store {
    /// Pins what a report names: the servers in it get exactly these tools, other servers keep theirs. Audited. `None` if there is no
    /// such agent.
    pub async fn pin_tools(
        &self,
        report: &ToolBaseline,
    ) -> Result<Option<ToolBaseline>, StoreError> {
        const AGENT: &str = "SELECT count(*) AS n FROM agents WHERE org_id = $1 AND id = $2";
        const REPLACE: &str = "ON CONFLICT (org_id, agent_id) DO UPDATE SET
            tools = excluded.tools, reason = excluded.reason, updated_by = excluded.updated_by, updated_at = excluded.updated_at";
        let (org, agent) = (report.org_id, report.agent_id);
        let mut tx = self.begin().await?;
        // Held by every change of a baseline, so nobody's report is lost between reading and writing.
        audit::lock_chain(&mut tx, org).await?;
        if tx.number(Query::new(AGENT, params![org, agent])).await? == 0 {
            return Ok(None);
        }
        let known = tx.one::<ToolBaseline>(Query::new(FIND, params![org, agent])).await?;
        let named = |pin: &PinnedTool| report.tools.iter().any(|tool| tool.server == pin.server);
        let kept = known.map(|known| known.tools).unwrap_or_default();
        let mut tools: Vec<PinnedTool> = kept.into_iter().filter(|pin| !named(pin)).collect();
        tools.extend(report.tools.iter().cloned());
        tools.sort();
        tools.dedup();
        let baseline = ToolBaseline { tools, ..report.clone() };
        tx.insert_unless(&baseline, REPLACE).await.noun("tool baseline")?;
        let event = Event {
            at: report.updated_at,
            actor: &report.updated_by,
            name: "tool_baseline.updated",
            subject: format!("agent:{agent}"),
            body: json!({ "reason": report.reason, "tools": baseline.tools }).into(),
        };
        audit::append(&mut tx, org, event).await?;
        tx.announce(Change::Row { org_id: org, noun: Noun::Agent, id: agent.as_uuid() }).await?;
        tx.commit().await?;
        Ok(Some(baseline))
    }

    /// What is pinned for an agent.
    pub async fn find_tool_baseline(
        &self,
        org: OrgId,
        agent: AgentId,
    ) -> Result<Option<ToolBaseline>, StoreError> {
        self.db().one(Query::new(FIND, params![org, agent])).await
    }

    /// Everything that is pinned, to be kept in memory.
    pub async fn list_tool_baselines_across_orgs(&self) -> Result<Vec<ToolBaseline>, StoreError> {
        self.db().all(Query::new("SELECT * FROM tool_baselines", params![])).await
    }
}

const FIND: &str = "SELECT * FROM tool_baselines WHERE org_id = $1 AND agent_id = $2";
