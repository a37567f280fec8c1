//! The signed set of policies that clients evaluate in their own process.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use execlave_api::page::Data;
use execlave_core::bundle::{Bundle, BundleClaims};
use execlave_core::time::Timestamp;
use serde_json::Value;

use crate::auth::key::{FetchBundle, Key};
use crate::error::{AppError, AppResult};
use crate::state::AppState;

/// The active policies, signed with the key of `/.well-known/jwks.json`. With `If-None-Match` and the `ETag` of an earlier answer, 304 while
/// nothing has changed and the earlier bundle is good for at least half of its time.
#[utoipa::path(get, path = "/policies/bundle", tag = "bundle", params(("If-None-Match" = Option<String>, Header)), responses(
    (status = 200, description = "The bundle, with its `ETag`", body = Data<Value>),
    (status = 304, description = "The one of the `ETag` is still good"),
))]
pub(crate) async fn show(
    key: Key<FetchBundle>,
    State(state): State<AppState>,
    headers: HeaderMap,
) -> AppResult<Response> {
    let policies = state.directory.policies(key.org);
    if !policies.unreadable.is_empty() {
        let message = "a stored policy cannot be read by this version of the server: nothing can be decided without it";
        return Err(AppError::conflict(message));
    }
    let half = i64::from(state.config.bundles.bundle_minutes.max(2)) * 30_000;
    let issued = state.clock.now().as_millis().div_euclid(half).saturating_mul(half);
    let issued_at = Timestamp::from_millis(issued);
    let claims = BundleClaims {
        organization_id: key.org,
        epoch: policies.epoch,
        issued_at,
        expires_at: issued_at.plus_millis(half * 2),
        policies: policies.documents.clone(),
    };
    let bundle = Bundle::sign(claims, state.signer.key());
    // All servers of a deployment issue the same bundle within the same half of its time, byte for byte.
    let tag = format!("\"{}.{issued}\"", bundle.digest());
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag));
    let tag = HeaderValue::try_from(tag).map_err(AppError::internal)?;
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    Ok(([(header::ETAG, tag)], Json(Data::new(bundle))).into_response())
}
