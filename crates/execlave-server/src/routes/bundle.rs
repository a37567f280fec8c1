//! The signed set of policies that clients evaluate in their own process.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use execlave_api::page::Data;
use execlave_core::bundle::Bundle;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use uuid::Uuid;

use super::params::{Params, number};
use crate::auth::caller::Caller;
use crate::auth::permission::FetchBundle;
use crate::error::{AppError, AppResult};
use crate::ops::issue_bundle::{agent_ids, wait_for_bundle};
use crate::state::AppState;

/// For whom, and how long to wait.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BundleParams {
    /// UUIDs of the agents to decide about, separated by commas; at most 200. Unknown ones are left out of the answer.
    agents: Option<String>,
    /// With `If-None-Match`: seconds to wait for something to change. Cut to what the server allows.
    #[serde(default, deserialize_with = "number")]
    wait: Option<u32>,
    /// A random UUID of the client's own, the same in all of its questions. A change is then answered when this client has asked again
    /// with the new `ETag`, or after two seconds.
    #[param(value_type = Option<String>)]
    holder: Option<Uuid>,
}

/// The active policies and the agents asked for, signed with the key of `/.well-known/jwks.json`. With `If-None-Match` and the `ETag` of
/// an earlier answer, 304 while nothing has changed and the earlier bundle is good for at least half of its time.
#[utoipa::path(get, path = "/policies/bundle", tag = "bundle", params(BundleParams, ("If-None-Match" = Option<String>, Header)), responses(
    (status = 200, description = "The bundle, with its `ETag`", body = Data<Value>),
    (status = 304, description = "The one of the `ETag` is still good"),
    (status = 409, description = "A stored policy cannot be read by this version: nothing may be decided without the server"),
))]
pub(crate) async fn show(
    caller: Caller<FetchBundle>,
    State(state): State<AppState>,
    Params(params): Params<BundleParams>,
    headers: HeaderMap,
) -> AppResult<Response> {
    let agents = agent_ids(params.agents.as_deref().unwrap_or_default())?;
    let known =
        agents.iter().filter_map(|id| state.directory.agent(caller.org, &id.to_string(), None));
    known.into_iter().try_for_each(|agent| caller.environments().check_agent(&agent, None))?;
    let longest = state.config.approvals.longest_wait_seconds;
    let wait = Duration::from_secs(u64::from(params.wait.unwrap_or_default()).min(longest));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let known: Vec<&str> =
        known.into_iter().flat_map(|list| list.split(',')).map(str::trim).collect();
    let presence = params.holder.and_then(|id| state.holders.enter(caller.org, id));
    let draft =
        wait_for_bundle(&state, caller.org, &agents, &known, wait, presence.as_ref()).await?;
    let tag = HeaderValue::try_from(draft.tag.as_str()).map_err(AppError::internal)?;
    if let Some(presence) = presence {
        presence.answered();
    }
    if known.contains(&draft.tag.as_str()) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let bundle = Bundle::sign(draft.into_claims(), state.signer.key());
    Ok(([(header::ETAG, tag)], Json(Data::new(bundle))).into_response())
}
