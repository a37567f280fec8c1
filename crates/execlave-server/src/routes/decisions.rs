//! Recorded decisions.

use axum::Json;
use axum::extract::State;
use execlave_api::decisions::Decision;
use execlave_api::error::ErrorBody;
use execlave_api::page::{Data, List};
use execlave_core::decision::Outcome;
use execlave_core::time::Timestamp;
use execlave_store::decisions::DecisionFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::params::{Params, Segments, id, list as listed, number, page};
use crate::auth::key::{Key, Read};
use crate::error::{AppError, AppResult};
use crate::ops::find_agent::find_agent;
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
    key: Key<Read>,
    State(state): State<AppState>,
    Params(params): Params<ListParams>,
) -> AppResult<Json<List<Decision>>> {
    let ListParams { agent, outcome, environment, since, until, limit, cursor } = params;
    let agent_id = match agent {
        Some(reference) => {
            Some(find_agent(&state, key.org, &reference, environment.as_deref()).await?.profile.id)
        }
        None => None,
    };
    let filter = DecisionFilter { agent_id, outcome, environment, since, until };
    let decisions = state.store.list_decisions(key.org, &filter, &page(limit, cursor)?).await?;
    Ok(Json(listed(decisions, views::decision)))
}

/// One decision.
#[utoipa::path(get, path = "/decisions/{id}", tag = "decisions", params(("id" = String, Path)), responses(
    (status = 200, body = Data<Decision>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn show(
    key: Key<Read>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<Json<Data<Decision>>> {
    let found = state.store.find_decision(key.org, id("decision", &text)?).await?;
    let decision = found.ok_or_else(|| AppError::not_found("decision", text))?;
    Ok(Json(Data::new(views::decision(decision))))
}
