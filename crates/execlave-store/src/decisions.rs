//! Decisions: the record of every answer an agent was given. Written by the writer, so that an answer that was sent survives.

use execlave_core::decision::Outcome;
use execlave_core::ids::{AgentId, ApprovalId, DecisionId, KeyId, OrgId};
use execlave_core::time::Timestamp;

use crate::db::column::{Record, Row, table};
use crate::db::query::{Query, params};
use crate::page::{Page, PageRequest, Position};
use crate::{Json, Store, StoreError};

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
    /// The policies that were evaluated, as a JSON list.
    pub policy_versions: Json,
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
    org_id, id, agent_id, environment, action_digest, outcome, violations, warnings, policy_versions, input, approval_id, key_id,
    duration_us, evaluated_at,
});

/// Which decisions to list.
#[derive(Clone, Debug, Default)]
pub struct DecisionFilter {
    /// Of this agent.
    pub agent_id: Option<AgentId>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// In this environment.
    pub environment: Option<String>,
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

/// How many decisions ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the outcomes by name")]
pub struct OutcomeCounts {
    pub allow: i64,
    pub require_approval: i64,
    pub block: i64,
}

impl Record for OutcomeCounts {
    fn read(row: Row<'_>) -> Result<Self, StoreError> {
        let count = |column| row.get("decisions", column);
        Ok(Self {
            allow: count("allowed")?,
            require_approval: count("waiting")?,
            block: count("blocked")?,
        })
    }
}

impl Store {
    /// Records a decision; returns once it is durable.
    pub async fn record_decision(&self, decision: DecisionRecord) -> Result<(), StoreError> {
        self.inner.writer.decision(decision).await
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
        query
            .filter(" AND agent_id = ", filter.agent_id.as_ref())
            .filter(" AND outcome = ", filter.outcome.as_ref())
            .filter(" AND environment = ", filter.environment.as_ref())
            .filter(" AND evaluated_at >= ", filter.since.as_ref())
            .filter(" AND evaluated_at < ", filter.until.as_ref())
            .newest_first("evaluated_at", page)?;
        let rows = self.db().all::<DecisionRecord>(query).await?;
        Ok(Page::cut(rows, page.size(), None, |decision| {
            Position::new(decision.evaluated_at, decision.id.as_uuid())
        }))
    }

    /// How many decisions ended how, from a moment on.
    pub async fn count_decisions_since(
        &self,
        org: OrgId,
        since: Timestamp,
    ) -> Result<OutcomeCounts, StoreError> {
        const SQL: &str = "
            SELECT count(*) FILTER (WHERE outcome = 'allow') AS allowed, count(*) FILTER (WHERE outcome = 'require_approval') AS waiting,
                count(*) FILTER (WHERE outcome = 'block') AS blocked
            FROM decisions WHERE org_id = $1 AND evaluated_at >= $2";
        Ok(self.db().one(Query::new(SQL, params![org, since])).await?.unwrap_or_default())
    }
}
