//! Decisions: the record of every answer an agent was given. Written by the writer, so that an answer that was sent survives.

mod stats;

use execlave_core::decision::Outcome;
use execlave_core::ids::{AgentId, ApprovalId, DecisionId, KeyId, OrgId, PolicyId};
use execlave_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::db::column::table;
use crate::db::query::{Query, containing, params};
use crate::error::WithNoun as _;
use crate::page::{Page, PageRequest, Position};
use crate::webhooks::Findings;
use crate::{Json, Store, StoreError};

pub use stats::{DecisionStats, OutcomeCounts};

/// A recorded decision.
#[derive(Clone, Debug)]
pub struct DecisionRecord {
    /// Whose agent.
    pub org_id: OrgId,
    /// The id.
    pub id: DecisionId,
    /// Which agent asked.
    pub agent_id: AgentId,
    /// Where it ran.
    pub environment: String,
    /// SHA-256 of the action, 64 hexadecimal digits.
    pub action_digest: String,
    /// The answer.
    pub outcome: Outcome,
    /// What fired and counted, as a JSON list.
    pub violations: Json,
    /// What fired in `warn` and `monitor` mode, as a JSON list.
    pub warnings: Json,
    /// The policies that were evaluated, as a JSON list; empty where [`DecisionRecord::bundle_version`] names their set.
    pub policy_versions: Json,
    /// What could not be evaluated, as a JSON list.
    pub problems: Json,
    /// Policies outside the agent's autonomy tier, as a JSON list of ids.
    pub tier_overrides: Json,
    /// Where it was made.
    pub source: DecisionSource,
    /// The set of policies it was made with.
    pub bundle_version: Option<String>,
    /// The input, only where the organisation keeps it.
    pub input: Option<String>,
    /// The approval it waits for.
    pub approval_id: Option<ApprovalId>,
    /// The key it was asked with.
    pub key_id: Option<KeyId>,
    /// How long deciding took.
    pub duration_us: i64,
    /// When.
    pub evaluated_at: Timestamp,
}

table!("decisions" => DecisionRecord {
    org_id, id, agent_id, environment, action_digest, outcome, violations, warnings, policy_versions, problems, tier_overrides, source,
    bundle_version, input, approval_id, key_id,
    duration_us, evaluated_at,
});

/// Where a decision was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionSource {
    /// By a server.
    Server,
    /// In a client, from a signed bundle, and reported afterwards.
    Local,
}

impl DecisionSource {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Local => "local",
        }
    }
}

/// Which decisions to list.
#[derive(Clone, Debug, Default)]
pub struct DecisionFilter {
    /// Of this agent.
    pub agent_id: Option<AgentId>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// Made there.
    pub source: Option<DecisionSource>,
    /// In which this policy fired, in whatever mode.
    pub policy_id: Option<PolicyId>,
    /// In this environment.
    pub environment: Option<String>,
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

impl DecisionFilter {
    fn apply(&self, query: &mut Query) {
        query
            .filter(" AND agent_id = ", self.agent_id.as_ref())
            .filter(" AND outcome = ", self.outcome.as_ref())
            .filter(" AND source = ", self.source.as_ref())
            .filter(" AND environment = ", self.environment.as_ref())
            .filter(" AND evaluated_at >= ", self.since.as_ref())
            .filter(" AND evaluated_at < ", self.until.as_ref());
        if let Some(policy) = &self.policy_id {
            // Both lists are JSON text of this program's, in which an id is written in one way only.
            let named = containing(&format!("\"policyId\":\"{policy}\""));
            query
                .push(" AND (violations LIKE ")
                .bind(&named)
                .push(" ESCAPE '\\' OR warnings LIKE ");
            query.bind(&named).push(" ESCAPE '\\')");
        }
    }
}

impl Store {
    /// Records a decision; returns once it is durable.
    pub async fn record_decision(&self, decision: DecisionRecord) -> Result<(), StoreError> {
        self.inner.writer.decision(decision).await
    }

    /// Keeps decisions that were made elsewhere, all or none; how many were not known yet.
    pub async fn record_local_decisions(
        &self,
        org: OrgId,
        decisions: Vec<DecisionRecord>,
    ) -> Result<usize, StoreError> {
        const KNOWN: &str = "ON CONFLICT (org_id, id) DO NOTHING";
        let mut accepted = Vec::new();
        let mut tx = self.begin().await?;
        for decision in decisions {
            let own = DecisionRecord { org_id: org, ..decision };
            if tx.insert_unless(&own, KNOWN).await.noun("decision")? {
                accepted.push(own);
            }
        }
        let decisions = accepted.iter().collect();
        Findings { decisions, ..Findings::default() }.tell(&mut tx).await?;
        tx.commit().await?;
        Ok(accepted.len())
    }

    /// A decision.
    pub async fn find_decision(
        &self,
        org: OrgId,
        id: DecisionId,
    ) -> Result<Option<DecisionRecord>, StoreError> {
        const SQL: &str = "SELECT * FROM decisions WHERE org_id = $1 AND id = $2";
        self.db().one(Query::new(SQL, params![org, id])).await
    }

    /// Decisions, newest first.
    pub async fn list_decisions(
        &self,
        org: OrgId,
        filter: &DecisionFilter,
        page: &PageRequest,
    ) -> Result<Page<DecisionRecord>, StoreError> {
        let mut query = Query::new("SELECT * FROM decisions WHERE org_id = $1", params![org]);
        filter.apply(&mut query);
        query.newest_first("evaluated_at", page)?;
        let rows = self.db().all::<DecisionRecord>(query).await?;
        Ok(Page::cut(rows, page.size(), None, |decision| {
            Position::new(decision.evaluated_at, decision.id.as_uuid())
        }))
    }
}
