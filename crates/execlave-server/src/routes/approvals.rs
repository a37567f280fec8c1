//! Approvals: who waits for a person, and the person's answer.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use execlave_api::approvals::{
    Approval, ApprovalStats, DecideApproval, Verification, VerifyApproval,
};
use execlave_api::error::ErrorBody;
use execlave_api::page::{Data, List};
use execlave_store::approvals::ApprovalStatus;
use serde::Deserialize;
use utoipa::IntoParams;

use super::params::{Params, PeriodParams, Segments, id, list as listed, number, page};
use crate::auth::caller::Caller;
use crate::auth::permission::{CancelApprovals, DecideApprovals, Read, ReadApprovals, Sdk};
use crate::body::{Body, OptionalBody};
use crate::error::{AppError, AppResult};
use crate::ops::cancel_approval::cancel_approval;
use crate::ops::decide_approval::decide_approval;
use crate::ops::verify_approval::verify_approval;
use crate::ops::wait_for_approval::wait_for_approval;
use crate::state::AppState;
use crate::views;

/// Which approvals to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// `pending`, `approved`, `denied`, `expired` or `cancelled`.
    #[param(value_type = Option<String>)]
    status: Option<ApprovalStatus>,
    /// 1 to 200.
    #[serde(default, deserialize_with = "number")]
    limit: Option<u32>,
    /// `meta.nextCursor` of the page before.
    cursor: Option<String>,
}

/// How long to wait.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wait {
    /// Seconds to wait for the answer while it is pending, up to 60.
    #[serde(default, deserialize_with = "number")]
    wait: Option<u32>,
}

/// List approvals, newest first.
#[utoipa::path(get, path = "/approvals", tag = "approvals", params(ListParams), responses((status = 200, body = List<Approval>)))]
pub(crate) async fn list(
    caller: Caller<ReadApprovals>,
    State(state): State<AppState>,
    Params(params): Params<ListParams>,
) -> AppResult<Json<List<Approval>>> {
    let page = page(params.limit, params.cursor)?;
    let approvals = state.store.list_approvals(caller.org, params.status, &page).await?;
    let now = state.clock.now();
    Ok(Json(listed(approvals, |approval| views::approval(approval, now))))
}

/// One approval; with `wait`, as soon as it is no longer pending.
#[utoipa::path(get, path = "/approvals/{id}", tag = "approvals", params(("id" = String, Path), Wait), responses(
    (status = 200, body = Data<Approval>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn show(
    caller: Caller<ReadApprovals>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
    Params(Wait { wait }): Params<Wait>,
) -> AppResult<Json<Data<Approval>>> {
    let longest = state.config.approvals.longest_wait_seconds;
    let seconds = u64::from(wait.unwrap_or_default());
    if seconds > longest {
        return Err(AppError::invalid("wait", format!("must be at most {longest}")));
    }
    let approval =
        wait_for_approval(&state, caller.org, id("approval", &text)?, Duration::from_secs(seconds))
            .await?;
    Ok(Json(Data::new(views::approval(approval, state.clock.now()))))
}

/// Numbers about approvals that ended, over at most 366 days: how long people took, and who answered what. Of more than 10,000 the newest count.
#[utoipa::path(get, path = "/approvals/stats", tag = "approvals", params(PeriodParams), responses(
    (status = 200, body = Data<ApprovalStats>), (status = 400, body = ErrorBody),
))]
pub(crate) async fn stats(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Params(params): Params<PeriodParams>,
) -> AppResult<Json<Data<ApprovalStats>>> {
    let (since, until) = params.period(state.clock.now())?;
    let counted = state.store.approval_stats(caller.org, since, until).await?;
    Ok(Json(Data::new(views::approval_stats(counted, since, until))))
}

/// Say yes. The answer carries the signed certificate.
#[utoipa::path(post, path = "/approvals/{id}/approve", tag = "approvals", params(("id" = String, Path)), request_body = DecideApproval,
    responses((status = 200, body = Data<Approval>), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn approve(
    caller: Caller<DecideApprovals>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
    OptionalBody(body): OptionalBody<DecideApproval>,
) -> AppResult<Json<Data<Approval>>> {
    let decided = decide_approval(
        &state,
        caller.org,
        &caller.actor(),
        id("approval", &text)?,
        true,
        body.reason,
    )
    .await?;
    Ok(Json(Data::new(views::approval(decided, state.clock.now()))))
}

/// Say no.
#[utoipa::path(post, path = "/approvals/{id}/deny", tag = "approvals", params(("id" = String, Path)), request_body = DecideApproval,
    responses((status = 200, body = Data<Approval>), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn deny(
    caller: Caller<DecideApprovals>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
    OptionalBody(body): OptionalBody<DecideApproval>,
) -> AppResult<Json<Data<Approval>>> {
    let decided = decide_approval(
        &state,
        caller.org,
        &caller.actor(),
        id("approval", &text)?,
        false,
        body.reason,
    )
    .await?;
    Ok(Json(Data::new(views::approval(decided, state.clock.now()))))
}

/// Take it back before it is decided: the key that asked for it can, and whoever may decide.
#[utoipa::path(post, path = "/approvals/{id}/cancel", tag = "approvals", params(("id" = String, Path)), request_body = DecideApproval,
    responses((status = 200, body = Data<Approval>), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn cancel(
    caller: Caller<CancelApprovals>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
    OptionalBody(body): OptionalBody<DecideApproval>,
) -> AppResult<Json<Data<Approval>>> {
    let (actor, decides) = (caller.actor(), caller.reaches::<DecideApprovals>());
    let id = id("approval", &text)?;
    let cancelled = cancel_approval(&state, caller.org, &actor, decides, id, body.reason).await?;
    Ok(Json(Data::new(views::approval(cancelled, state.clock.now()))))
}

/// May the approved action happen now, exactly as given? Yes exactly once.
#[utoipa::path(post, path = "/approvals/{id}/verify", tag = "approvals", params(("id" = String, Path)), request_body = VerifyApproval, responses(
    (status = 200, description = "A verdict, either way", body = Data<Verification>),
    (status = 404, body = ErrorBody),
    (status = 409, description = "Not approved: no verdict", body = ErrorBody),
))]
pub(crate) async fn verify(
    caller: Caller<Sdk>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
    Body(body): Body<VerifyApproval>,
) -> AppResult<Json<Data<Verification>>> {
    let verdict =
        verify_approval(&state, caller.org, id("approval", &text)?, body.action_context).await?;
    Ok(Json(Data::new(verdict)))
}
