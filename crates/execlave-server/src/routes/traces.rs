//! Traces: handed in by clients in batches, read by people. Ingest answers are not wrapped in `data`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use execlave_api::error::{ErrorBody, ErrorCode};
use execlave_api::page::{List, Meta};
use execlave_api::traces::{IngestRequest, IngestResponse, Trace, TraceError, TraceStatus};
use execlave_core::time::Timestamp;
use execlave_store::traces::TraceFilter;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use super::params::{Params, Segments, list as listed, number, page};
use crate::auth::caller::Caller;
use crate::auth::permission::{Read, Sdk};
use crate::body::RawBody;
use crate::error::{AppError, AppResult};
use crate::ops::ingest_traces::{Delivery, Ingested, ingest_traces};
use crate::state::AppState;
use crate::views;

/// Which traces to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct ListParams {
    /// External id or UUID.
    agent_id: Option<String>,
    /// Exactly this session.
    session_id: Option<String>,
    /// Exactly this user.
    user_id: Option<String>,
    /// Exactly this status.
    #[param(value_type = Option<String>)]
    status: Option<TraceStatus>,
    /// Exactly this model.
    model: Option<String>,
    /// Exactly this environment.
    environment: Option<String>,
    /// Begun at this moment or later; RFC 3339.
    #[param(value_type = Option<String>)]
    since: Option<Timestamp>,
    /// Begun before this moment; RFC 3339.
    #[param(value_type = Option<String>)]
    until: Option<Timestamp>,
    /// Part of input, output, trace id or error message.
    search: Option<String>,
    /// 1 to 200.
    #[serde(default, deserialize_with = "number")]
    limit: Option<u32>,
    /// `meta.nextCursor` of the page before.
    cursor: Option<String>,
}

/// Hand in traces, at most 1,000. A bad one is named in `errors` and does not cost the others. A batch with an `X-Execlave-Delivery-Id` (a
/// UUID) may be sent again, with `X-Execlave-Redelivery: 1`, by a client that got no answer: what is stored is not stored twice.
#[utoipa::path(post, path = "/traces/ingest", tag = "traces", request_body = IngestRequest, responses(
    (status = 202, description = "Stored, apart from those named", body = IngestResponse),
    (status = 400, description = "Every trace was refused, or the body cannot be read", body = IngestResponse),
    (status = 413, body = ErrorBody),
))]
pub(crate) async fn ingest(
    caller: Caller<Sdk>,
    State(state): State<AppState>,
    headers: HeaderMap,
    RawBody(bytes): RawBody,
) -> AppResult<Response> {
    let delivery = Delivery::of(&headers)?;
    // Each trace is read on its own afterwards, so a fault inside one is not a fault of the batch.
    let request: IngestRequest = execlave_core::json::parse(&bytes)?;
    let ingested =
        ingest_traces(&state, caller.org, caller.environments(), request.traces, delivery).await?;
    Ok(answer(ingested))
}

fn answer(Ingested { accepted, errors }: Ingested) -> Response {
    let failed = errors.len();
    if accepted > 0 || failed == 0 {
        return (StatusCode::ACCEPTED, Json(IngestResponse { accepted, failed, errors }))
            .into_response();
    }
    let error = refused(&errors);
    let body = json!({ "error": error.to_body().error, "accepted": 0, "failed": failed, "errors": errors });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

/// What the whole batch failed for: the one reason all its traces share, else that there are several.
fn refused(errors: &[TraceError]) -> AppError {
    let all = |code: ErrorCode| errors.iter().all(|error| error.code == code.as_str());
    if all(ErrorCode::AgentPaused) {
        let message = "the agent is paused: its new traces are refused";
        return AppError::new(ErrorCode::AgentPaused, message);
    }
    if all(ErrorCode::OutcomeEvidenceRequired) {
        let message = "the agent's successes need evidence of their effect: see `errors`";
        return AppError::new(ErrorCode::OutcomeEvidenceRequired, message);
    }
    if all(ErrorCode::InvalidAgentCredential) {
        let message = "the traces do not prove which agent they are of: see `errors`";
        return AppError::new(ErrorCode::InvalidAgentCredential, message);
    }
    AppError::new(ErrorCode::ValidationError, "every trace was refused: see `errors`")
}

/// List traces, newest first by when they began; without input, output and metadata.
#[utoipa::path(get, path = "/traces", tag = "traces", params(ListParams), responses((status = 200, body = List<Trace>)))]
pub(crate) async fn list(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Params(params): Params<ListParams>,
) -> AppResult<Json<List<Trace>>> {
    let page = page(params.limit, params.cursor.clone())?;
    let traces = state.store.list_traces(caller.org, &filter(params), &page).await?;
    Ok(Json(listed(traces, views::trace_line)))
}

fn filter(params: ListParams) -> TraceFilter {
    let row_id = params.agent_id.as_ref().and_then(|id| id.parse().ok());
    TraceFilter {
        agent_id: params.agent_id.filter(|_| row_id.is_none()),
        agent_row_id: row_id,
        session_id: params.session_id,
        user_id: params.user_id,
        status: params.status.map(|status| status.as_str().to_owned()),
        model_name: params.model,
        environment: params.environment,
        since: params.since,
        until: params.until,
        text: params.search.filter(|text| !text.is_empty()),
    }
}

/// Every span of a trace, in the order in which they began. `metadata.parentSpanId` and `parentTraceId` make them a tree.
#[utoipa::path(get, path = "/traces/{traceId}", tag = "traces", params(("traceId" = String, Path)), responses(
    (status = 200, body = List<Trace>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn show(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Segments(trace_id): Segments<String>,
) -> AppResult<Json<List<Trace>>> {
    let spans = state.store.find_traces_by_trace_id(caller.org, &trace_id).await?;
    if spans.is_empty() {
        return Err(AppError::not_found("trace", trace_id));
    }
    let total = i64::try_from(spans.len()).ok();
    Ok(Json(List {
        data: spans.into_iter().map(views::trace).collect(),
        meta: Meta { next_cursor: None, total },
    }))
}
