//! Replacing an API key by another one with the same name and reach, while both work for a time.

use execlave_api::keys::RotateKey;
use execlave_core::ids::{KeyId, OrgId};
use execlave_store::Store;
use execlave_store::keys::{ApiKey, NewKey, Rotated};

use crate::auth::Actor;
use crate::clock::Clock;
use crate::error::{AppError, AppResult};
use crate::secrets;
use crate::state::AppState;

const HOUR_MS: i64 = 60 * 60 * 1_000;
const LONGEST_HOURS: u32 = 720;

/// Replaces a key: the new key's record, and the new key itself.
pub(crate) async fn rotate_key(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    old: &ApiKey,
    wanted: &RotateKey,
) -> AppResult<(ApiKey, String)> {
    let (new, secret) =
        replace_key(&state.store, &state.clock, org, &actor.id(), old, wanted).await?;
    for id in [old.id, new.id] {
        state.directory.refresh_key(&state.store, org, id).await?;
    }
    Ok((new, secret))
}

/// Replaces a key in the store alone; a running server learns of it by the store's notices.
pub(crate) async fn replace_key(
    store: &Store,
    clock: &Clock,
    org: OrgId,
    actor: &str,
    old: &ApiKey,
    wanted: &RotateKey,
) -> AppResult<(ApiKey, String)> {
    if wanted.overlap_hours > LONGEST_HOURS {
        return Err(AppError::invalid("overlapHours", format!("must be 0 to {LONGEST_HOURS}")));
    }
    let now = clock.now();
    let secret = secrets::new_api_key(&old.environment);
    // A key that was to work for ninety days is replaced by one that works for ninety days.
    let lifetime = old.expires_at.map(|end| end.millis_since(old.created_at));
    let new = NewKey {
        id: clock.new_id(),
        name: old.name.clone(),
        prefix: secrets::key_prefix(&secret),
        hash: secrets::hash(&secret),
        environment: old.environment.clone(),
        scopes: old.scopes.clone(),
        created_at: now,
        expires_at: lifetime.map(|lifetime| now.plus_millis(lifetime)),
        environments: old.environments.clone(),
        require_signature: old.require_signature,
    };
    let end = now.plus_millis(i64::from(wanted.overlap_hours) * HOUR_MS);
    match store.rotate_key(org, old.id, &new, end, actor).await? {
        Rotated::Done(keys) => Ok((keys.1, secret)),
        Rotated::NotFound => Err(AppError::not_found("API key", old.id)),
        Rotated::Over(key) => Err(AppError::conflict(over(&key))),
    }
}

fn over(key: &ApiKey) -> String {
    let why = match (key.replaced_by, key.revoked_at) {
        (_, Some(_)) => "was revoked".to_owned(),
        (Some(by), None) => format!("was replaced by `{by}`"),
        (None, None) => "has expired".to_owned(),
    };
    format!("this API key {why}: make a new one")
}

/// The key of that id.
pub(crate) async fn find_key(store: &Store, org: OrgId, id: KeyId) -> AppResult<ApiKey> {
    store.find_key(org, id).await?.ok_or_else(|| AppError::not_found("API key", id))
}
