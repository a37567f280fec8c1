//! Help for people who write policies: schemas, and a look at drafts.

use axum::Json;
use axum::extract::State;
use execlave_api::error::ErrorBody;
use execlave_api::lint::{Lint, LintPolicies, LintReport};
use execlave_api::page::Data;
use execlave_core::policy::{LintLevel, PolicyDocument, lint};
use serde_json::Value;

use crate::auth::caller::Caller;
use crate::auth::permission::ReadPolicies;
use crate::body::Body;
use crate::checks::LIST_LENGTH;
use crate::error::{AppError, AppResult};
use crate::state::AppState;

/// Look at policies before they are saved, each alone and all of them together. Nothing is saved.
#[utoipa::path(post, path = "/policies/lint", tag = "lint", request_body = LintPolicies, responses(
    (status = 200, description = "What there is to say", body = Data<LintReport>), (status = 400, body = ErrorBody),
))]
pub(crate) async fn look(
    _caller: Caller<ReadPolicies>,
    _state: State<AppState>,
    Body(body): Body<LintPolicies>,
) -> AppResult<Json<Data<LintReport>>> {
    if body.policies.len() > LIST_LENGTH {
        let message = format!("must have at most {LIST_LENGTH} entries");
        return Err(AppError::invalid("policies", message));
    }
    let policies = Value::Array(body.policies);
    let lints = tokio::task::spawn_blocking(move || lint(&policies)).await;
    let lints = lints.map_err(AppError::internal)?;
    let ok = lints.iter().all(|lint| lint.level != LintLevel::Error);
    let lints = lints.into_iter().map(|lint| Lint {
        level: lint.level.as_str().to_owned(),
        code: lint.code,
        path: lint.path,
        message: lint.message,
    });
    Ok(Json(Data::new(LintReport { ok, lints: lints.collect() })))
}

/// The JSON Schema (2020-12) of a policy, with the rule definition of every type.
#[utoipa::path(get, path = "/policies/schemas", tag = "lint", responses((status = 200, body = Data<Value>)))]
pub(crate) async fn schemas(
    _caller: Caller<ReadPolicies>,
    _state: State<AppState>,
) -> Json<Data<Value>> {
    Json(Data::new(PolicyDocument::schema()))
}
