//! What the deployment holds. There is no plan here: limits are the machine's.

use axum::Json;
use axum::extract::State;
use execlave_api::page::Data;
use execlave_api::usage::{NO_LIMIT, Usage, UsageBucket, UsageBuckets};

use crate::auth::caller::Caller;
use crate::auth::permission::ReadUsage;
use crate::error::AppResult;
use crate::state::AppState;

/// What is used, and the limits.
#[utoipa::path(get, path = "/billing/usage", tag = "usage", responses((status = 200, body = Data<Usage>)))]
pub(crate) async fn show(
    caller: Caller<ReadUsage>,
    State(state): State<AppState>,
) -> AppResult<Json<Data<Usage>>> {
    let counts = state.store.usage(caller.org, state.clock.now()).await?;
    let bucket = |current| UsageBucket { current, max: NO_LIMIT };
    let usage = UsageBuckets {
        agents: bucket(counts.agents),
        traces: bucket(counts.traces),
        users: bucket(counts.users),
        policies: bucket(counts.policies),
    };
    Ok(Json(Data::new(Usage { plan: "self_hosted".to_owned(), usage })))
}
