//! What ran without a decision, reported by clients once the server is back.

use axum::Json;
use axum::extract::State;
use execlave_api::bypasses::{BypassReceipt, BypassReport, BypassWindow};
use execlave_api::error::ErrorBody;
use execlave_api::page::List;
use execlave_core::time::Timestamp;
use execlave_store::bypasses::BypassFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::params::{Params, list as listed, number, page};
use crate::auth::caller::Caller;
use crate::auth::permission::{Read, Sdk};
use crate::body::Body;
use crate::error::AppResult;
use crate::ops::record_bypasses::record_bypasses;
use crate::state::AppState;
use crate::views;

/// Which windows to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct ListParams {
    /// External id or UUID; the agent need not be registered.
    agent_id: Option<String>,
    /// Exactly this reason.
    reason: Option<String>,
    /// Begun at this moment or later; RFC 3339.
    #[param(value_type = Option<String>)]
    since: Option<Timestamp>,
    /// Begun before this moment; RFC 3339.
    #[param(value_type = Option<String>)]
    until: Option<Timestamp>,
    /// 1 to 200.
    #[serde(default, deserialize_with = "number")]
    limit: Option<u32>,
    /// `meta.nextCursor` of the page before.
    cursor: Option<String>,
}

/// Report what ran without a decision. Sending a window again changes nothing; one bad field refuses the whole report.
#[utoipa::path(post, path = "/sdk/bypass-windows", tag = "bypasses", request_body = BypassReport, responses(
    (status = 200, description = "Kept, and in the audit chain as `enforcement.bypassed`", body = BypassReceipt),
    (status = 400, body = ErrorBody),
))]
pub(crate) async fn report(
    caller: Caller<Sdk>,
    State(state): State<AppState>,
    Body(report): Body<BypassReport>,
) -> AppResult<Json<BypassReceipt>> {
    Ok(Json(record_bypasses(&state, caller.org, &caller.actor(), report).await?))
}

/// List what ran without a decision, newest first.
#[utoipa::path(get, path = "/sdk/bypass-windows", tag = "bypasses", params(ListParams),
    responses((status = 200, body = List<BypassWindow>)))]
pub(crate) async fn list(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Params(params): Params<ListParams>,
) -> AppResult<Json<List<BypassWindow>>> {
    let ListParams { agent_id, reason, since, until, limit, cursor } = params;
    let agent_row_id = agent_id.as_ref().and_then(|id| id.parse().ok());
    let agent_id = agent_id.filter(|_| agent_row_id.is_none());
    let filter = BypassFilter { agent_id, agent_row_id, reason, since, until };
    let windows = state.store.list_bypasses(caller.org, &filter, &page(limit, cursor)?).await?;
    Ok(Json(listed(windows, views::bypass_window)))
}
