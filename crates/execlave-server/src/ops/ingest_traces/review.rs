//! What policies say about a trace after the fact: findings become incidents, and what happened is remembered for sequences.

use std::sync::Arc;

use execlave_api::traces::TraceBody;
use execlave_core::decision::Violation;
use execlave_core::detect::text;
use execlave_core::ids::OrgId;
use execlave_core::policy::evaluate;
use execlave_core::request::{Action, Occasion, Phase};
use execlave_core::time::Timestamp;
use execlave_store::Json;
use execlave_store::incidents::Incident;
use execlave_store::state::Mark;
use serde_json::{Map, Value};

use crate::directory::AgentEntry;
use crate::ops::enforce::claim::mark;
use crate::state::AppState;
use crate::views::usd;

/// What a review found.
#[derive(Debug, Default)]
pub(super) struct Review {
    pub(super) marks: Vec<Mark>,
    pub(super) incidents: Vec<Incident>,
}

/// Evaluates the organisation's policies on a trace of a registered agent. Nothing can be blocked any more, and nothing is asked of
/// shared state.
pub(super) fn review(
    state: &AppState,
    org: OrgId,
    agent: &Arc<AgentEntry>,
    body: &TraceBody,
    cost_nanos: Option<i64>,
    (started_at, now): (Timestamp, Timestamp),
) -> Review {
    let policies = state.directory.policies(org);
    // An agent's autonomy level brings controls of its own.
    if policies.set.is_empty() && agent.profile.autonomy_level.is_none() {
        return Review::default();
    }
    let action = action(body, cost_nanos);
    let phase = Phase::Post { output: body.output.as_ref(), tags: &body.tags };
    let occasion = Occasion::before(org, &agent.profile, &action, now).in_phase(phase);
    let evaluation = evaluate(&policies.set, &occasion);
    let environment = occasion.environment().to_owned();
    let incident = |found: Violation| {
        Some(Incident {
            org_id: org,
            id: state.clock.new_id(),
            trace_id: body.trace_id.clone(),
            span_id: text_of(body.metadata.as_ref(), "spanId").unwrap_or_default(),
            agent_id: agent.profile.id,
            environment: environment.clone(),
            policy_id: found.policy_id.parse().ok()?,
            policy_name: found.policy_name,
            policy_type: found.policy_type,
            enforcement_mode: found.enforcement_mode,
            severity: found.severity,
            rule_id: found.rule_id,
            message: found.message,
            evidence: found.evidence.as_ref().map(Json::of),
            occurred_at: started_at,
            created_at: now,
        })
    };
    let found = evaluation.decision.violations.into_iter().chain(evaluation.decision.warnings);
    Review {
        incidents: found.filter_map(incident).collect(),
        marks: evaluation.marks.iter().map(mark).collect(),
    }
}

/// The action a trace reports, in the form in which it would have been asked about.
fn action(body: &TraceBody, cost_nanos: Option<i64>) -> Action {
    let mut metadata = body.metadata.clone().unwrap_or_default();
    let named = [
        ("sessionId", body.session_id.as_ref()),
        ("userId", body.user_id.as_ref()),
        ("traceId", Some(&body.trace_id)),
    ];
    for (key, value) in named {
        if let Some(value) = value {
            metadata.entry(key).or_insert_with(|| Value::from(value.as_str()));
        }
    }
    let tools = tools(&metadata);
    Action {
        input: body.input.as_ref().map(text::extract).unwrap_or_default(),
        environment: body.environment.clone(),
        estimated_cost: cost_nanos.map(usd),
        tools: (!tools.is_empty()).then_some(tools),
        metadata: Some(metadata),
        ..Action::default()
    }
}

/// The tool a span ran, as the clients' instrumentation names it.
fn tools(metadata: &Map<String, Value>) -> Vec<String> {
    let is_tool = text_of(Some(metadata), "spanKind").is_some_and(|kind| kind == "tool");
    let named = text_of(Some(metadata), "toolName")
        .or_else(|| text_of(Some(metadata), "spanName").filter(|_| is_tool));
    named.into_iter().collect()
}

/// A text of the metadata, cut to the length of a name.
pub(super) fn text_of(metadata: Option<&Map<String, Value>>, key: &str) -> Option<String> {
    let text = metadata?.get(key)?.as_str()?;
    Some(text.chars().take(crate::checks::NAME_LENGTH).collect())
}
