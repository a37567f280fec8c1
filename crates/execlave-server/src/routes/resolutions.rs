//! The ledger of what became of traces whose effect was not certain.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use execlave_api::error::ErrorBody;
use execlave_api::page::{Data, List};
use execlave_api::resolutions::{AddResolution, Resolution};
use execlave_store::resolutions;
use serde::Deserialize;
use utoipa::IntoParams;

use super::params::{Params, Segments, list as listed, number, page};
use crate::auth::caller::Caller;
use crate::auth::permission::{Read, Sdk};
use crate::body::Body;
use crate::checks::{self, NAME_LENGTH, TEXT_LENGTH};
use crate::error::{AppError, AppResult};
use crate::state::AppState;
use crate::views;

/// Which page of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// 1 to 200.
    #[serde(default, deserialize_with = "number")]
    limit: Option<u32>,
    /// `meta.nextCursor` of the page before.
    cursor: Option<String>,
}

/// Say what became of a trace. The trace itself stays as it was reported.
#[utoipa::path(post, path = "/traces/{traceId}/resolutions", tag = "resolutions", params(("traceId" = String, Path)),
    request_body = AddResolution, responses(
        (status = 201, description = "Added to the ledger", body = Data<Resolution>),
        (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
    ))]
pub(crate) async fn add(
    caller: Caller<Sdk>,
    State(state): State<AppState>,
    Segments(trace_id): Segments<String>,
    Body(body): Body<AddResolution>,
) -> AppResult<(StatusCode, Json<Data<Resolution>>)> {
    checks::optional("effectRef", body.effect_ref.as_deref(), NAME_LENGTH)?;
    checks::optional("acknowledgementId", body.acknowledgement_id.as_deref(), NAME_LENGTH)?;
    checks::optional("detail", body.detail.as_deref(), TEXT_LENGTH)?;
    let now = state.clock.now();
    let observed_at =
        body.observed_at.as_deref().map(|text| checks::time("observedAt", text)).transpose()?;
    let resolution = resolutions::Resolution {
        org_id: caller.org,
        id: state.clock.new_id(),
        trace_id,
        resolved_status: body.resolved_status.as_str().to_owned(),
        basis: body.basis.as_str().to_owned(),
        effect_ref: body.effect_ref,
        acknowledgement_id: body.acknowledgement_id,
        detail: body.detail,
        observed_at: observed_at.unwrap_or(now),
        recorded_by: caller.actor().id(),
        recorded_at: now,
    };
    if !state.store.add_resolution(&resolution).await? {
        return Err(AppError::not_found("trace", resolution.trace_id));
    }
    Ok((StatusCode::CREATED, Json(Data::new(views::resolution(resolution)))))
}

/// What was found out about a trace, newest first.
#[utoipa::path(get, path = "/traces/{traceId}/resolutions", tag = "resolutions", params(("traceId" = String, Path), ListParams),
    responses((status = 200, body = List<Resolution>), (status = 404, body = ErrorBody)))]
pub(crate) async fn list(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Segments(trace_id): Segments<String>,
    Params(params): Params<ListParams>,
) -> AppResult<Json<List<Resolution>>> {
    let page = page(params.limit, params.cursor)?;
    let found = state.store.list_resolutions(caller.org, &trace_id, &page).await?;
    if found.items.is_empty() && !state.store.has_trace(caller.org, &trace_id).await? {
        return Err(AppError::not_found("trace", trace_id));
    }
    Ok(Json(listed(found, views::resolution)))
}
