//! What would be decided.

use axum::Json;
use axum::extract::State;
use execlave_api::error::ErrorBody;
use execlave_api::page::Data;
use execlave_api::simulate::{Simulate, Simulation};

use crate::auth::caller::Caller;
use crate::auth::permission::ReadPolicies;
use crate::body::Body;
use crate::error::AppResult;
use crate::ops::enforce::simulate;
use crate::state::AppState;
use crate::views;

/// Decide an action without recording, reserving or counting anything, with the active policies or with drafts.
#[utoipa::path(post, path = "/policies/simulate", tag = "simulate", request_body = Simulate, responses(
    (status = 200, description = "What would be decided", body = Data<Simulation>),
    (status = 400, body = ErrorBody), (status = 404, description = "The agent is not registered", body = ErrorBody),
))]
pub(crate) async fn run(
    caller: Caller<ReadPolicies>,
    State(state): State<AppState>,
    Body(body): Body<Simulate>,
) -> AppResult<Json<Data<Simulation>>> {
    let simulated = simulate::simulate(&state, caller.org, body).await?;
    Ok(Json(Data::new(views::simulation(simulated))))
}
