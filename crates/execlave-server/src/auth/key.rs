//! API keys: `Authorization: Bearer …` or `X-API-Key: …`, looked up in memory by their SHA-256.

use std::sync::Arc;

use axum::extract::OriginalUri;
use axum::http::request::Parts;
use execlave_api::error::ErrorCode;
use subtle::ConstantTimeEq;

use super::replay::refuse_replay;
use super::signature::{Claim, Signed};
use crate::directory::KeyEntry;
use crate::error::{AppError, AppResult};
use crate::secrets;
use crate::state::AppState;

/// Refuses a signature that is wrong or was seen before, and its absence where the key requires one.
pub(crate) async fn check_signature(
    state: &AppState,
    parts: &Parts,
    body: &[u8],
    secret: &str,
    key: &KeyEntry,
) -> AppResult<()> {
    let Some(claim) = Claim::of(&parts.headers) else { return key.may_be_unsigned() };
    // The router has taken its prefix off; the client signed what it sent.
    let whole = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri);
    let target = whole.path_and_query().map_or("/", |target| target.as_str());
    let signed = Signed { method: parts.method.as_str(), target, body };
    let verified = claim.verify(signed, secret, state.clock.now())?;
    refuse_replay(state, key, verified).await
}

impl KeyEntry {
    /// Refuses what is not signed, where the key requires it.
    pub(crate) fn may_be_unsigned(&self) -> AppResult<()> {
        if !self.require_signature {
            return Ok(());
        }
        let message = "requests with this key must be signed: turn on `sign_requests`";
        Err(AppError::new(ErrorCode::SignatureRequired, message))
    }
}

/// Whether the key with that hash may still be used.
pub(crate) fn may_be_used(state: &AppState, hash: &str) -> bool {
    state.directory.key(hash).is_some_and(|key| usable(state, &key).is_ok())
}

/// The key with that text, if it may be used.
pub(crate) fn check(state: &AppState, secret: &str) -> AppResult<Arc<KeyEntry>> {
    let hash = secrets::hash(secret);
    let key = state
        .directory
        .key(&hash)
        .filter(|key| bool::from(key.hash.as_bytes().ct_eq(hash.as_bytes())))
        .ok_or_else(|| {
            AppError::new(
                ErrorCode::InvalidApiKey,
                "this API key is not known: check it, or make a new one",
            )
        })?;
    usable(state, &key)?;
    Ok(key)
}

fn usable(state: &AppState, key: &KeyEntry) -> AppResult<()> {
    if key.revoked_at.is_some() {
        return Err(AppError::new(
            ErrorCode::ApiKeyRevoked,
            "this API key was revoked: use another one",
        ));
    }
    if key.expires_at.is_some_and(|end| end <= state.clock.now()) {
        return Err(AppError::new(
            ErrorCode::ApiKeyExpired,
            "this API key has expired: make a new one",
        ));
    }
    Ok(())
}
