//! API keys: `Authorization: Bearer …` or `X-API-Key: …`, looked up in memory by their SHA-256.

use std::sync::Arc;

use execlave_api::error::ErrorCode;
use subtle::ConstantTimeEq;

use crate::directory::KeyEntry;
use crate::error::{AppError, AppResult};
use crate::secrets;
use crate::state::AppState;

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
