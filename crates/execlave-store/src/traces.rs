//! Traces: what agents report they did. Several rows may carry one `trace_id`: the spans of a tree share their root's.

use std::collections::HashSet;

use execlave_core::ids::{AgentId, DecisionId, OrgId, TraceRowId};
use execlave_core::time::Timestamp;

use crate::db::Tx;
use crate::db::column::table;
use crate::db::query::{Query, containing, params};
use crate::incidents::Incident;
use crate::page::{Page, PageRequest, Position};
use crate::state::Mark;
use crate::{Json, Store, StoreError};

/// One trace or span, as it was reported. A reported agent credential is not kept: it is a secret.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Whose trace.
    pub org_id: OrgId,
    /// When it began, as reported.
    pub started_at: Timestamp,
    /// The row's id.
    pub id: TraceRowId,
    /// The client's id, shared by the spans of a tree.
    pub trace_id: String,
    /// The agent's external id, as reported.
    pub agent_id: Option<String>,
    /// The agent, if it is registered.
    pub agent_row_id: Option<AgentId>,
    /// The session it belongs to.
    pub session_id: Option<String>,
    /// On whose behalf.
    pub user_id: Option<String>,
    /// When it arrived.
    pub received_at: Timestamp,
    /// How long it took.
    pub duration_ms: Option<i64>,
    /// How it ended.
    pub status: String,
    /// The model used.
    pub model_name: Option<String>,
    /// Tokens in.
    pub prompt_tokens: Option<i64>,
    /// Tokens out.
    pub completion_tokens: Option<i64>,
    /// Tokens in all.
    pub total_tokens: Option<i64>,
    /// What it cost, in billionths of a dollar.
    pub cost_nanos: Option<i64>,
    /// Whether the cost was computed from the tokens instead of reported.
    pub cost_is_computed: bool,
    /// Whether a credential proved which agent it was.
    pub identity_verified: bool,
    /// Where the agent ran.
    pub environment: Option<String>,
    /// The kind of error.
    pub error_type: Option<String>,
    /// The error.
    pub error_message: Option<String>,
    /// The trace that caused it.
    pub parent_trace_id: Option<String>,
    /// What kind of step it is, as reported at the top level.
    pub span_type: Option<String>,
    /// The span's id, from the metadata.
    pub span_id: Option<String>,
    /// The span above, from the metadata.
    pub parent_span_id: Option<String>,
    /// The span's name, from the metadata.
    pub span_name: Option<String>,
    /// The span's kind, from the metadata.
    pub span_kind: Option<String>,
    /// The risk level of an injection found in it.
    pub injection_risk: Option<String>,
    /// The types of personal data found in it.
    pub pii_types: Vec<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// What went in, as JSON.
    pub input: Option<Json>,
    /// What came out, as JSON.
    pub output: Option<Json>,
    /// Free, as JSON.
    pub metadata: Option<Json>,
    /// Evidence of the effect it had, as JSON.
    pub effect_evidence: Option<Json>,
}

table!("traces" => Trace {
    org_id, started_at, id, trace_id, agent_id, agent_row_id, session_id, user_id, received_at, duration_ms, status, model_name,
    prompt_tokens, completion_tokens, total_tokens, cost_nanos, cost_is_computed, identity_verified,
    environment, error_type, error_message, parent_trace_id, span_type,
    span_id, parent_span_id, span_name, span_kind, injection_risk, pii_types, tags, input, output, metadata, effect_evidence,
});

/// A trace to be stored, with what it changes besides: its cost settles a reservation.
#[derive(Clone, Debug)]
pub struct NewTrace {
    /// The trace.
    pub trace: Trace,
    /// The decision it is the outcome of, if it says so.
    pub decision_id: Option<DecisionId>,
    /// The workspace whose budget it counts against.
    pub workspace_id: Option<String>,
    /// The marks it leaves in its session.
    pub marks: Vec<Mark>,
    /// What policies found in it.
    pub incidents: Vec<Incident>,
    /// Whether it may have been stored before, under the same row id: then it is looked for first.
    pub is_redelivery: bool,
}

impl From<Trace> for NewTrace {
    fn from(trace: Trace) -> Self {
        Self {
            trace,
            decision_id: None,
            workspace_id: None,
            marks: Vec::new(),
            incidents: Vec::new(),
            is_redelivery: false,
        }
    }
}

/// Which traces to list.
#[derive(Clone, Debug, Default)]
pub struct TraceFilter {
    /// Of the agent with this external id.
    pub agent_id: Option<String>,
    /// Of this registered agent.
    pub agent_row_id: Option<AgentId>,
    /// Of this session.
    pub session_id: Option<String>,
    /// On behalf of this user.
    pub user_id: Option<String>,
    /// With this status.
    pub status: Option<String>,
    /// With this model.
    pub model_name: Option<String>,
    /// In this environment.
    pub environment: Option<String>,
    /// Begun at this moment or later.
    pub since: Option<Timestamp>,
    /// Begun before this moment.
    pub until: Option<Timestamp>,
    /// With this text in input, output, trace id or error message, whatever the case of its letters.
    pub text: Option<String>,
}

/// How many rows one question looks for: SQLite bounds the depth of a condition.
const LOOKED_FOR: usize = 100;

/// Counts to one.
pub(crate) const HAS_TRACE: &str = "SELECT count(*) AS n FROM (SELECT 1 FROM traces WHERE org_id = $1 AND trace_id = $2 LIMIT 1) AS found";

/// Those of `traces` that are not stored yet. Only what says that it may be is looked for, and once per batch of the writer, in its
/// transaction: the answer to the first delivery was lost, so the second is the exception.
pub(crate) async fn without_stored<'a>(
    tx: &mut Tx<'_>,
    traces: Vec<&'a NewTrace>,
) -> Result<Vec<&'a NewTrace>, StoreError> {
    let mut seen = HashSet::new();
    let mut stored = HashSet::new();
    let again: Vec<&NewTrace> = traces.iter().copied().filter(|new| new.is_redelivery).collect();
    if again.is_empty() {
        return Ok(traces);
    }
    for some in again.chunks(LOOKED_FOR) {
        let mut query = Query::new("SELECT * FROM traces WHERE", Vec::new());
        for (index, NewTrace { trace, .. }) in some.iter().enumerate() {
            query
                .push(if index == 0 { " (org_id = " } else { " OR (org_id = " })
                .bind(trace.org_id)
                .push(" AND started_at = ")
                .bind(trace.started_at)
                .push(" AND id = ")
                .bind(trace.id)
                .push(")");
        }
        let found = tx.all::<Trace>(query).await?;
        stored.extend(found.into_iter().map(|trace| (trace.org_id, trace.id)));
    }
    let is_new = |new: &&NewTrace| {
        let row = (new.trace.org_id, new.trace.id);
        !stored.contains(&row) && seen.insert(row)
    };
    Ok(traces.into_iter().filter(is_new).collect())
}

impl Store {
    /// Stores traces and what they change besides, all or none; returns once that is durable.
    pub async fn insert_traces(&self, traces: Vec<impl Into<NewTrace>>) -> Result<(), StoreError> {
        if traces.is_empty() {
            return Ok(());
        }
        self.inner.writer.traces(traces.into_iter().map(Into::into).collect()).await
    }

    /// Traces, newest first by when they began.
    pub async fn list_traces(
        &self,
        org: OrgId,
        filter: &TraceFilter,
        page: &PageRequest,
    ) -> Result<Page<Trace>, StoreError> {
        let mut query = Query::new("SELECT * FROM traces WHERE org_id = $1", params![org]);
        query
            .filter(" AND agent_id = ", filter.agent_id.as_ref())
            .filter(" AND agent_row_id = ", filter.agent_row_id.as_ref())
            .filter(" AND session_id = ", filter.session_id.as_ref())
            .filter(" AND user_id = ", filter.user_id.as_ref())
            .filter(" AND status = ", filter.status.as_ref())
            .filter(" AND model_name = ", filter.model_name.as_ref())
            .filter(" AND environment = ", filter.environment.as_ref())
            .filter(" AND started_at >= ", filter.since.as_ref())
            .filter(" AND started_at < ", filter.until.as_ref());
        if let Some(text) = &filter.text {
            let pattern = containing(text);
            for (index, column) in
                ["input", "output", "trace_id", "error_message"].into_iter().enumerate()
            {
                query.push(if index == 0 { " AND (" } else { " OR " });
                query
                    .push("lower(")
                    .push(column)
                    .push(") LIKE lower(")
                    .bind(&pattern)
                    .push(") ESCAPE '\\'");
            }
            query.push(")");
        }
        query.newest_first("started_at", page)?;
        let rows = self.db().all::<Trace>(query).await?;
        Ok(Page::cut(rows, page.size(), None, |trace| {
            Position::new(trace.started_at, trace.id.as_uuid())
        }))
    }

    /// Whether anything was reported under a trace id.
    pub async fn has_trace(&self, org: OrgId, trace_id: &str) -> Result<bool, StoreError> {
        Ok(self.db().number(Query::new(HAS_TRACE, params![org, trace_id])).await? > 0)
    }

    /// Everything reported under a trace id, in the order in which it began. At most 10,000 spans.
    pub async fn find_traces_by_trace_id(
        &self,
        org: OrgId,
        trace_id: &str,
    ) -> Result<Vec<Trace>, StoreError> {
        // Sorted here: asked to sort, SQLite would rather walk through all traces in order than use the index on `trace_id`.
        const SQL: &str = "SELECT * FROM traces WHERE org_id = $1 AND trace_id = $2 LIMIT 10000";
        let mut spans = self.db().all::<Trace>(Query::new(SQL, params![org, trace_id])).await?;
        spans.sort_by_key(|span| (span.started_at, span.id));
        Ok(spans)
    }
}
