//! What policies found in traces after the fact.

use axum::Json;
use axum::extract::State;
use execlave_api::error::ErrorBody;
use execlave_api::incidents::{Incident, IncidentStats};
use execlave_api::page::{Data, List};
use execlave_core::decision::Severity;
use execlave_core::time::Timestamp;
use execlave_store::incidents::IncidentFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::params::{Params, PeriodParams, Segments, id, list as listed, number, page};
use crate::auth::caller::Caller;
use crate::auth::permission::Read;
use crate::error::{AppError, AppResult};
use crate::ops::find_agent::find_agent;
use crate::state::AppState;
use crate::views;

/// Which incidents to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct ListParams {
    /// UUID or external id.
    agent: Option<String>,
    /// The id of the policy that found it.
    policy: Option<String>,
    /// The type of the policy that found it.
    policy_type: Option<String>,
    /// `low`, `medium`, `high` or `critical`.
    #[param(value_type = Option<String>)]
    severity: Option<Severity>,
    /// In this trace.
    trace_id: Option<String>,
    /// Found at this moment or later; RFC 3339.
    #[param(value_type = Option<String>)]
    since: Option<Timestamp>,
    /// Found before this moment; RFC 3339.
    #[param(value_type = Option<String>)]
    until: Option<Timestamp>,
    /// 1 to 200.
    #[serde(default, deserialize_with = "number")]
    limit: Option<u32>,
    /// `meta.nextCursor` of the page before.
    cursor: Option<String>,
}

/// List incidents, newest first.
#[utoipa::path(get, path = "/incidents", tag = "incidents", params(ListParams), responses((status = 200, body = List<Incident>)))]
pub(crate) async fn list(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Params(params): Params<ListParams>,
) -> AppResult<Json<List<Incident>>> {
    let ListParams { agent, policy, policy_type, severity, trace_id, since, until, limit, cursor } =
        params;
    let agent_id = match agent {
        Some(reference) => Some(find_agent(&state, caller.org, &reference, None).await?.profile.id),
        None => None,
    };
    let policy_id = policy.map(|policy| id("policy", &policy)).transpose()?;
    let filter =
        IncidentFilter { agent_id, policy_id, policy_type, severity, trace_id, since, until };
    let incidents = state.store.list_incidents(caller.org, &filter, &page(limit, cursor)?).await?;
    Ok(Json(listed(incidents, views::incident)))
}

/// One incident.
#[utoipa::path(get, path = "/incidents/{id}", tag = "incidents", params(("id" = String, Path)), responses(
    (status = 200, body = Data<Incident>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn show(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<Json<Data<Incident>>> {
    let found = state.store.find_incident(caller.org, id("incident", &text)?).await?;
    let incident = found.ok_or_else(|| AppError::not_found("incident", text))?;
    Ok(Json(Data::new(views::incident(incident))))
}

/// Numbers about incidents, over at most 366 days.
#[utoipa::path(get, path = "/incidents/stats", tag = "incidents", params(PeriodParams), responses(
    (status = 200, body = Data<IncidentStats>), (status = 400, body = ErrorBody),
))]
pub(crate) async fn stats(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Params(params): Params<PeriodParams>,
) -> AppResult<Json<Data<IncidentStats>>> {
    let (since, until) = params.period(state.clock.now())?;
    let filter =
        IncidentFilter { since: Some(since), until: Some(until), ..IncidentFilter::default() };
    let counted = state.store.incident_stats(caller.org, &filter).await?;
    Ok(Json(Data::new(views::incident_stats(counted, since, until))))
}
