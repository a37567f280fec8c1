//! What policies found in traces after the fact. Written with the traces; one per span and policy, however often the span is handed in.

use execlave_core::decision::{EnforcementMode, Severity};
use execlave_core::ids::{AgentId, OrgId, PolicyId};
use execlave_core::time::Timestamp;
use uuid::Uuid;

use crate::db::Tx;
use crate::db::column::{Record, Row, table};
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::page::{Page, PageRequest, Position};
use crate::{Json, Store, StoreError};

/// How many entries a ranking has.
const RANKED: i64 = 10;

/// One finding.
#[derive(Clone, Debug)]
pub struct Incident {
    /// Whose agent.
    pub org_id: OrgId,
    /// The id.
    pub id: Uuid,
    /// The client's id of the trace.
    pub trace_id: String,
    /// The span it was found in; empty when the trace names none.
    pub span_id: String,
    /// The agent.
    pub agent_id: AgentId,
    /// Where it ran.
    pub environment: String,
    /// The policy that fired.
    pub policy_id: PolicyId,
    /// Its name at that time.
    pub policy_name: String,
    /// Its type.
    pub policy_type: String,
    /// What it would have done beforehand.
    pub enforcement_mode: EnforcementMode,
    /// How grave it is.
    pub severity: Severity,
    /// Which rule fired.
    pub rule_id: String,
    /// What fired.
    pub message: String,
    /// Where, as JSON.
    pub evidence: Option<Json>,
    /// When the span began.
    pub occurred_at: Timestamp,
    /// When it was found.
    pub created_at: Timestamp,
}

table!("incidents" => Incident {
    org_id, id, trace_id, span_id, agent_id, environment, policy_id, policy_name, policy_type, enforcement_mode, severity, rule_id, message,
    evidence, occurred_at, created_at,
});

/// Which incidents to list or count.
#[derive(Clone, Debug, Default)]
pub struct IncidentFilter {
    /// Of this agent.
    pub agent_id: Option<AgentId>,
    /// Found by this policy.
    pub policy_id: Option<PolicyId>,
    /// Found by a policy of this type.
    pub policy_type: Option<String>,
    /// Of this severity.
    pub severity: Option<Severity>,
    /// In this trace.
    pub trace_id: Option<String>,
    /// Found at this moment or later.
    pub since: Option<Timestamp>,
    /// Found before this moment.
    pub until: Option<Timestamp>,
}

/// Numbers about incidents.
#[derive(Clone, Debug, Default)]
pub struct IncidentStats {
    /// By severity, every one that occurs.
    pub severities: Vec<(String, i64)>,
    /// By type of policy, every one that occurs.
    pub policy_types: Vec<(String, i64)>,
    /// The policies that found most.
    pub policies: Vec<(String, i64)>,
    /// The agents in whose traces most was found.
    pub agents: Vec<(String, i64)>,
}

struct Counted(String, i64);

impl Record for Counted {
    fn read(row: Row<'_>) -> Result<Self, StoreError> {
        Ok(Self(row.get("incidents", "word")?, row.get("incidents", "n")?))
    }
}

impl IncidentFilter {
    fn apply(&self, query: &mut Query) {
        query
            .filter(" AND agent_id = ", self.agent_id.as_ref())
            .filter(" AND policy_id = ", self.policy_id.as_ref())
            .filter(" AND policy_type = ", self.policy_type.as_ref())
            .filter(" AND severity = ", self.severity.as_ref())
            .filter(" AND trace_id = ", self.trace_id.as_ref())
            .filter(" AND created_at >= ", self.since.as_ref())
            .filter(" AND created_at < ", self.until.as_ref());
    }
}

impl Store {
    /// An incident.
    pub async fn find_incident(
        &self,
        org: OrgId,
        id: Uuid,
    ) -> Result<Option<Incident>, StoreError> {
        const SQL: &str = "SELECT * FROM incidents WHERE org_id = $1 AND id = $2";
        self.db().one(Query::new(SQL, params![org, id])).await
    }

    /// Incidents, newest first.
    pub async fn list_incidents(
        &self,
        org: OrgId,
        filter: &IncidentFilter,
        page: &PageRequest,
    ) -> Result<Page<Incident>, StoreError> {
        let mut query = Query::new("SELECT * FROM incidents WHERE org_id = $1", params![org]);
        filter.apply(&mut query);
        query.newest_first("created_at", page)?;
        let rows = self.db().all::<Incident>(query).await?;
        Ok(Page::cut(rows, page.size(), None, |row| Position::new(row.created_at, row.id)))
    }

    /// Numbers about the incidents a filter selects.
    pub async fn incident_stats(
        &self,
        org: OrgId,
        filter: &IncidentFilter,
    ) -> Result<IncidentStats, StoreError> {
        let count = async |column: &str| -> Result<Vec<(String, i64)>, StoreError> {
            let mut query = Query::new("SELECT ", Vec::new());
            query
                .push(column)
                .push(" AS word, count(*) AS n FROM incidents WHERE org_id = ")
                .bind(org);
            filter.apply(&mut query);
            query
                .push(" GROUP BY ")
                .push(column)
                .push(" ORDER BY n DESC, word LIMIT ")
                .bind(RANKED);
            let rows = self.db().all::<Counted>(query).await?;
            Ok(rows.into_iter().map(|Counted(word, count)| (word, count)).collect())
        };
        Ok(IncidentStats {
            severities: count("severity").await?,
            policy_types: count("policy_type").await?,
            policies: count("policy_id").await?,
            agents: count("agent_id").await?,
        })
    }
}

/// Writes what is not known yet.
pub(crate) async fn insert(tx: &mut Tx<'_>, incidents: &[&Incident]) -> Result<(), StoreError> {
    const KNOWN: &str = "ON CONFLICT (org_id, trace_id, span_id, policy_id) DO NOTHING";
    tx.upsert_all(incidents, KNOWN).await.noun("incident")
}
