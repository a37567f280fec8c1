//! The tools an agent is known to use.

use axum::Json;
use axum::extract::State;
use execlave_api::error::ErrorBody;
use execlave_api::page::Data;
use execlave_api::tool_baselines::{ReportBaseline, ToolBaseline};

use super::agents::Which;
use super::params::{Params, Segments};
use crate::auth::caller::Caller;
use crate::auth::permission::{ReadAgents, RegisterAgents};
use crate::body::Body;
use crate::error::AppResult;
use crate::ops::find_agent::find_agent;
use crate::ops::report_baseline::report_baseline;
use crate::state::AppState;
use crate::views;

/// Pin tools: the servers in the report get exactly these, other servers keep theirs. The next `enforce` compares with them.
#[utoipa::path(post, path = "/tool-integrity/agents/{id}/baseline", tag = "tool integrity", params(("id" = String, Path), Which),
    request_body = ReportBaseline, responses(
        (status = 200, description = "Pinned", body = Data<ToolBaseline>),
        (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
    ))]
pub(crate) async fn report(
    caller: Caller<RegisterAgents>,
    State(state): State<AppState>,
    Segments(reference): Segments<String>,
    Params(which): Params<Which>,
    Body(body): Body<ReportBaseline>,
) -> AppResult<Json<Data<ToolBaseline>>> {
    let agent = find_agent(&state, caller.org, &reference, which.environment.as_deref()).await?;
    let id = agent.profile.id;
    let pinned = report_baseline(&state, caller.org, &caller.actor(), id, body).await?;
    Ok(Json(Data::new(views::tool_baseline(id, Some(pinned)))))
}

/// What is pinned for an agent.
#[utoipa::path(get, path = "/tool-integrity/agents/{id}/baseline", tag = "tool integrity", params(("id" = String, Path), Which),
    responses((status = 200, body = Data<ToolBaseline>), (status = 404, body = ErrorBody)))]
pub(crate) async fn show(
    caller: Caller<ReadAgents>,
    State(state): State<AppState>,
    Segments(reference): Segments<String>,
    Params(which): Params<Which>,
) -> AppResult<Json<Data<ToolBaseline>>> {
    let agent = find_agent(&state, caller.org, &reference, which.environment.as_deref()).await?;
    let id = agent.profile.id;
    let pinned = state.store.find_tool_baseline(caller.org, id).await?;
    Ok(Json(Data::new(views::tool_baseline(id, pinned))))
}
