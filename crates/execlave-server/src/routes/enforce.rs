//! `POST /policies/enforce`: answers are not wrapped in `data`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use execlave_api::enforce::{AGENT_HEADER, EnforceRequest, EnforceResponse, Violation};
use execlave_api::error::ErrorBody;
use execlave_api::paths;
use execlave_core::decision::Outcome;

use crate::auth::caller::Caller;
use crate::auth::permission::Sdk;
use crate::body::Body;
use crate::error::AppResult;
use crate::ops::enforce::{self, Enforced};
use crate::state::AppState;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
const AGENT: HeaderName = HeaderName::from_static(AGENT_HEADER);

/// May this action happen? The decision is recorded before it is answered.
#[utoipa::path(post, path = "/policies/enforce", tag = "enforce", request_body = EnforceRequest, responses(
    (status = 200, description = "It may happen now", body = EnforceResponse),
    (status = 202, description = "A person must agree first", body = EnforceResponse),
    (status = 403, description = "It must not happen", body = EnforceResponse),
    (status = 400, body = ErrorBody),
    (status = 404, description = "The agent is not registered", body = ErrorBody),
    (status = 503, description = "The decision cannot be recorded", body = ErrorBody),
))]
pub(crate) async fn enforce(
    caller: Caller<Sdk>,
    State(state): State<AppState>,
    Body(request): Body<EnforceRequest>,
) -> AppResult<Response> {
    let started = std::time::Instant::now();
    let by = (&caller.actor(), caller.environments());
    let enforced = enforce::enforce(&state, caller.org, by, request).await?;
    let timing = format!("enforce;dur={:.3}", started.elapsed().as_secs_f64() * 1000.0);
    let status = match enforced.decision.outcome {
        Outcome::Allow => StatusCode::OK,
        Outcome::RequireApproval => StatusCode::ACCEPTED,
        Outcome::Block => StatusCode::FORBIDDEN,
    };
    let agent = enforced.agent.to_string();
    let head = [(SERVER_TIMING, timing), (AGENT, agent)];
    Ok((status, head, Json(answer(enforced))).into_response())
}

fn answer(enforced: Enforced) -> EnforceResponse {
    let Enforced { decision, id, approval, .. } = enforced;
    EnforceResponse {
        allowed: decision.outcome == Outcome::Allow,
        decision_id: Some(id.to_string()),
        requires_approval: approval.map(|_| true),
        approval_request_id: approval.map(|id| id.to_string()),
        poll_url: approval.map(|id| format!("{}{}/{id}", paths::BASE, paths::APPROVALS)),
        violations: Violation::list(decision.violations),
        warnings: Violation::list(decision.warnings),
    }
}
