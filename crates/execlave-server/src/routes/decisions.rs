//! Recorded decisions.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use execlave_api::decisions::{Decision, DecisionReceipt, DecisionStats, IngestDecisions};
use execlave_api::error::ErrorBody;
use execlave_api::page::{Data, List};
use execlave_core::decision::Outcome;
use execlave_core::ids::{AgentId, OrgId};
use execlave_core::time::Timestamp;
use execlave_store::decisions::{DecisionFilter, DecisionSource};
use serde::Deserialize;
use utoipa::IntoParams;

use super::params::{DAY_MS, Params, Segments, id, list as listed, number, page, period};
use crate::auth::caller::Caller;
use crate::auth::permission::{Read, Sdk};
use crate::body::RawBody;
use crate::error::{AppError, AppResult};
use crate::ops::find_agent::find_agent;
use crate::ops::ingest_decisions::ingest_decisions;
use crate::state::AppState;
use crate::views;

/// Which decisions to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// UUID or external id.
    agent: Option<String>,
    /// `allow`, `require_approval` or `block`.
    #[param(value_type = Option<String>)]
    outcome: Option<Outcome>,
    /// `server` or `local`.
    #[param(value_type = Option<String>)]
    source: Option<DecisionSource>,
    /// The id of a policy that fired, in whatever mode.
    policy: Option<String>,
    /// Exactly this environment.
    environment: Option<String>,
    /// From this moment on; RFC 3339.
    #[param(value_type = Option<String>)]
    since: Option<Timestamp>,
    /// Before this moment; RFC 3339.
    #[param(value_type = Option<String>)]
    until: Option<Timestamp>,
    /// 1 to 200.
    #[serde(default, deserialize_with = "number")]
    limit: Option<u32>,
    /// `meta.nextCursor` of the page before.
    cursor: Option<String>,
}

/// List decisions, newest first.
#[utoipa::path(get, path = "/decisions", tag = "decisions", params(ListParams), responses((status = 200, body = List<Decision>)))]
pub(crate) async fn list(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Params(params): Params<ListParams>,
) -> AppResult<Json<List<Decision>>> {
    let ListParams { agent, outcome, source, policy, environment, since, until, limit, cursor } =
        params;
    let agent_id = agent_id(&state, caller.org, agent, environment.as_deref()).await?;
    let policy_id = policy.map(|policy| id("policy", &policy)).transpose()?;
    let filter = DecisionFilter { agent_id, outcome, source, policy_id, environment, since, until };
    let decisions = state.store.list_decisions(caller.org, &filter, &page(limit, cursor)?).await?;
    Ok(Json(listed(decisions, views::decision)))
}

/// Hand in decisions that were made in a client from a signed bundle, at most 1,000. A bad one is named in `errors` and does not cost the
/// others; a known one changes nothing.
#[utoipa::path(post, path = "/decisions/ingest", tag = "decisions", request_body = IngestDecisions, responses(
    (status = 202, description = "Kept, apart from those named", body = DecisionReceipt),
    (status = 400, description = "The body cannot be read", body = ErrorBody),
))]
pub(crate) async fn ingest(
    caller: Caller<Sdk>,
    State(state): State<AppState>,
    RawBody(bytes): RawBody,
) -> AppResult<(StatusCode, Json<DecisionReceipt>)> {
    let request: IngestDecisions = execlave_core::json::parse(&bytes)?;
    let receipt = ingest_decisions(
        &state,
        caller.org,
        &caller.actor(),
        caller.environments(),
        request.decisions,
    )
    .await?;
    Ok((StatusCode::ACCEPTED, Json(receipt)))
}

async fn agent_id(
    state: &AppState,
    org: OrgId,
    reference: Option<String>,
    environment: Option<&str>,
) -> AppResult<Option<AgentId>> {
    let Some(reference) = reference else { return Ok(None) };
    Ok(Some(find_agent(state, org, &reference, environment).await?.profile.id))
}

/// Which decisions to count.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatsParams {
    /// UUID or external id.
    agent: Option<String>,
    /// Exactly this environment.
    environment: Option<String>,
    /// From this moment on; RFC 3339. A day before the end when left out.
    #[param(value_type = Option<String>)]
    since: Option<Timestamp>,
    /// Before this moment; RFC 3339. The moment of the request when left out.
    #[param(value_type = Option<String>)]
    until: Option<Timestamp>,
}

/// Numbers about decisions, over at most 366 days.
#[utoipa::path(get, path = "/decisions/stats", tag = "decisions", params(StatsParams), responses(
    (status = 200, body = Data<DecisionStats>), (status = 400, body = ErrorBody),
))]
pub(crate) async fn stats(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Params(params): Params<StatsParams>,
) -> AppResult<Json<Data<DecisionStats>>> {
    let (since, until) = period(params.since, params.until, state.clock.now())?;
    let length = if until.millis_since(since) <= 7 * DAY_MS { DAY_MS / 24 } else { DAY_MS };
    let agent_id =
        agent_id(&state, caller.org, params.agent, params.environment.as_deref()).await?;
    let filter = DecisionFilter {
        agent_id,
        environment: params.environment,
        since: Some(since),
        until: Some(until),
        ..DecisionFilter::default()
    };
    let counted = state.store.decision_stats(caller.org, &filter, length).await?;
    Ok(Json(Data::new(views::decision_stats(counted, (since, until), length / 1_000))))
}

/// One decision, with the policies it was made with.
#[utoipa::path(get, path = "/decisions/{id}", tag = "decisions", params(("id" = String, Path)), responses(
    (status = 200, body = Data<Decision>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn show(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<Json<Data<Decision>>> {
    let found = state.store.find_decision(caller.org, id("decision", &text)?).await?;
    let decision = found.ok_or_else(|| AppError::not_found("decision", text))?;
    let set = match &decision.bundle_version {
        Some(version) => state.store.find_policy_set(caller.org, version).await?,
        None => None,
    };
    Ok(Json(Data::new(views::full_decision(decision, set.as_ref()))))
}
