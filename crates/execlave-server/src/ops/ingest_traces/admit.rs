//! One trace: parsed strictly, bounded, completed, scanned.

use execlave_api::error::ErrorCode;
use execlave_api::traces::{TraceBody, TraceStatus};
use execlave_core::detect::{injection, pii, text};
use execlave_core::ids::{DecisionId, OrgId};
use execlave_core::policy::usd_to_nanos;
use execlave_core::time::Timestamp;
use execlave_store::Json;
use execlave_store::traces::{NewTrace, Trace};
use serde_json::{Map, Value};

use super::review::{self, Review, text_of};
use super::{Refusal, evidence, identity};
use crate::auth::environment::Environments;
use crate::body;
use crate::checks::{self, NAME_LENGTH, TEXT_LENGTH};
use crate::cost_rules::workspace_id;
use crate::directory::AgentEntry;
use crate::error::AppError;
use crate::prices;
use crate::state::AppState;

const ERROR_TYPE: &str = "UnspecifiedError";
const ERROR_MESSAGE: &str = "No error message provided";
const ERROR_LENGTH: usize = 64 * 1024;

/// The trace as it will be stored, or why not.
pub(super) fn admit(
    state: &AppState,
    org: OrgId,
    environments: &Environments,
    raw: &str,
) -> Result<NewTrace, Refusal> {
    let most = state.config.limits.trace_bytes;
    if raw.len() > most {
        let message =
            format!("the trace is larger than {most} bytes: shorten its input, output or metadata");
        return Err(Refusal { code: ErrorCode::PayloadTooLarge, message });
    }
    let body: TraceBody = body::parse(raw.as_bytes())?;
    check(&body)?;
    let now = state.clock.now();
    let started_at = started_at(&body, now)?;
    let agent = body
        .agent_id
        .as_deref()
        .and_then(|id| state.directory.agent(org, id, body.environment.as_deref()));
    refuse_elsewhere(environments, &body, agent.as_deref())?;
    let identity_verified =
        identity::verify(state, org, agent.as_deref(), body.agent_credential.as_deref())?;
    if let Some(agent) = &agent {
        refuse_stopped(agent, started_at)?;
        evidence::refuse_unproven(agent, &body)?;
    }
    let reported = reported_cost(&body)?;
    let computed = if reported.is_none() { computed_cost(state, org, &body) } else { None };
    let cost_nanos = reported.or(computed);
    let review = agent
        .as_ref()
        .map(|agent| review::review(state, org, agent, &body, cost_nanos, (started_at, now)));
    let Review { marks, incidents } = review.unwrap_or_default();
    let found = Findings::of(&body);
    let failed = body.status == Some(TraceStatus::Error);
    let metadata = body.metadata.as_ref();
    let (decision_id, workspace_id) = (decision_id(metadata), workspace_id(metadata));
    let trace = Trace {
        org_id: org,
        started_at,
        id: state.clock.new_id(),
        agent_row_id: agent.map(|agent| agent.profile.id),
        received_at: now,
        status: body.status.unwrap_or_default().as_str().to_owned(),
        total_tokens: body
            .total_tokens
            .or_else(|| total(body.prompt_tokens, body.completion_tokens)),
        cost_nanos,
        cost_is_computed: computed.is_some(),
        identity_verified,
        error_type: or_placeholder(body.error_type, failed, ERROR_TYPE),
        error_message: or_placeholder(body.error_message, failed, ERROR_MESSAGE),
        span_id: text_of(metadata, "spanId"),
        parent_span_id: text_of(metadata, "parentSpanId"),
        span_name: text_of(metadata, "spanName"),
        span_kind: text_of(metadata, "spanKind"),
        injection_risk: Some(found.injection_risk),
        pii_types: found.pii_types,
        input: body.input.as_ref().map(Json::from),
        output: body.output.as_ref().map(Json::from),
        metadata: metadata.map(Json::of),
        effect_evidence: body.effect_evidence.as_ref().map(Json::of),
        trace_id: body.trace_id,
        agent_id: body.agent_id,
        session_id: body.session_id,
        user_id: body.user_id,
        duration_ms: body.duration_ms,
        model_name: body.model_name,
        prompt_tokens: body.prompt_tokens,
        completion_tokens: body.completion_tokens,
        environment: body.environment,
        parent_trace_id: body.parent_trace_id,
        span_type: body.span_type,
        tags: body.tags,
    };
    Ok(NewTrace { trace, decision_id, workspace_id, marks, incidents, is_redelivery: false })
}

fn check(body: &TraceBody) -> Result<(), AppError> {
    checks::required("traceId", &body.trace_id, NAME_LENGTH)?;
    checks::optional("agentId", body.agent_id.as_deref(), NAME_LENGTH)?;
    checks::optional("sessionId", body.session_id.as_deref(), NAME_LENGTH)?;
    checks::optional("userId", body.user_id.as_deref(), NAME_LENGTH)?;
    checks::optional("modelName", body.model_name.as_deref(), NAME_LENGTH)?;
    checks::optional("parentTraceId", body.parent_trace_id.as_deref(), NAME_LENGTH)?;
    checks::optional("spanType", body.span_type.as_deref(), NAME_LENGTH)?;
    checks::optional("errorType", body.error_type.as_deref(), TEXT_LENGTH)?;
    checks::optional("errorMessage", body.error_message.as_deref(), ERROR_LENGTH)?;
    body.environment
        .as_deref()
        .map_or(Ok(()), |environment| checks::word("environment", environment))?;
    checks::names("tags", Some(&body.tags))?;
    body.effect_evidence.as_ref().map_or(Ok(()), evidence::check)?;
    let counts = [
        ("durationMs", body.duration_ms),
        ("promptTokens", body.prompt_tokens),
        ("completionTokens", body.completion_tokens),
        ("totalTokens", body.total_tokens),
    ];
    match counts.iter().find(|(_, count)| count.is_some_and(i64::is_negative)) {
        Some((path, _)) => Err(AppError::invalid(*path, "must be zero or more")),
        None => Ok(()),
    }
}

fn reported_cost(body: &TraceBody) -> Result<Option<i64>, AppError> {
    let nanos = |cost| {
        usd_to_nanos(cost)
            .ok_or_else(|| AppError::invalid("costUsd", "must be an amount in USD, zero or more"))
    };
    body.cost_usd.map(nanos).transpose()
}

/// What the tokens cost, where the model's price is known. The sum of both kinds alone is not enough: they differ in price.
fn computed_cost(state: &AppState, org: OrgId, body: &TraceBody) -> Option<i64> {
    let model = body.model_name.as_deref()?;
    let (input, output) = match (body.prompt_tokens, body.completion_tokens) {
        (None, None) => return None,
        (input, output) => (input.unwrap_or_default(), output.unwrap_or_default()),
    };
    let (_, price) = prices::find(state.directory.prices(org).as_deref(), model)?;
    Some(prices::cost_nanos(price, input, output))
}

fn started_at(body: &TraceBody, now: Timestamp) -> Result<Timestamp, AppError> {
    body.timestamp.as_deref().map_or(Ok(now), |text| checks::time("timestamp", text))
}

/// A key that does not reach everywhere has to be told where the trace comes from.
fn refuse_elsewhere(
    environments: &Environments,
    body: &TraceBody,
    agent: Option<&AgentEntry>,
) -> Result<(), AppError> {
    let said = body.environment.as_deref();
    match (environments.list(), agent) {
        (None, _) => Ok(()),
        (_, Some(agent)) => environments.check_agent(agent, said),
        (_, None) => environments.check(said.unwrap_or_default()),
    }
}

/// Work that was under way when the agent was stopped may still be reported; new work may not.
fn refuse_stopped(agent: &AgentEntry, started_at: Timestamp) -> Result<(), Refusal> {
    if agent.may_act() || started_at < agent.status_changed_at {
        return Ok(());
    }
    let (id, status) = (&agent.profile.external_id, agent.profile.status.as_str());
    Err(Refusal {
        code: ErrorCode::AgentPaused,
        message: format!(
            "agent `{id}` is {status}: its new traces are refused until it is resumed"
        ),
    })
}

fn total(prompt: Option<i64>, completion: Option<i64>) -> Option<i64> {
    (prompt.is_some() || completion.is_some())
        .then(|| prompt.unwrap_or_default().saturating_add(completion.unwrap_or_default()))
}

fn or_placeholder(given: Option<String>, failed: bool, placeholder: &str) -> Option<String> {
    match given {
        Some(text) if !failed || !text.trim().is_empty() => Some(text),
        None if !failed => None,
        _ => Some(placeholder.to_owned()),
    }
}

/// The decision a trace says it is the outcome of, as clients that were told it pass it on.
fn decision_id(metadata: Option<&Map<String, Value>>) -> Option<DecisionId> {
    let metadata = metadata?;
    let named =
        metadata.get("decisionId").or_else(|| metadata.get("enforcement")?.get("decisionId"));
    named?.as_str()?.parse().ok()
}

/// What the detectors say about a trace.
struct Findings {
    injection_risk: String,
    pii_types: Vec<String>,
}

impl Findings {
    fn of(body: &TraceBody) -> Self {
        let input = body.input.as_ref().map(text::extract).unwrap_or_default();
        let output = body.output.as_ref().map(text::extract).unwrap_or_default();
        let mut pii_types: Vec<String> = [&input, &output]
            .into_iter()
            .flat_map(|text| pii::find(text))
            .map(|found| found.pii_type.as_str().to_owned())
            .collect();
        pii_types.sort_unstable();
        pii_types.dedup();
        Self { injection_risk: injection::scan(&input).risk_level.as_str().to_owned(), pii_types }
    }
}

impl From<AppError> for Refusal {
    fn from(error: AppError) -> Self {
        Self { code: error.code(), message: error.message().to_owned() }
    }
}
