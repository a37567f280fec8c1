//! Making an API key. It works from the moment it is answered.

use execlave_api::keys::CreateKey;
use execlave_core::ids::OrgId;
use execlave_core::time::Timestamp;
use execlave_store::Store;
use execlave_store::keys::{ApiKey, NewKey};

use crate::auth::Actor;
use crate::auth::permission::SCOPES;
use crate::checks;
use crate::clock::Clock;
use crate::error::{AppError, AppResult};
use crate::secrets;
use crate::state::AppState;

/// Entries of `environments`.
const MOST_ENVIRONMENTS: usize = 50;

/// Makes a key; its record, and the key itself.
pub(crate) async fn create_key(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    body: CreateKey,
) -> AppResult<(ApiKey, String)> {
    let (key, secret) = insert_key(&state.store, &state.clock, org, &actor.id(), body).await?;
    state.directory.refresh_key(&state.store, org, key.id).await?;
    Ok((key, secret))
}

/// Makes a key in the store alone; a running server learns of it by the store's notices.
pub(crate) async fn insert_key(
    store: &Store,
    clock: &Clock,
    org: OrgId,
    actor: &str,
    body: CreateKey,
) -> AppResult<(ApiKey, String)> {
    let now = clock.now();
    let expires_at = check(&body, now)?;
    let secret = secrets::new_api_key(&body.environment);
    let new = NewKey {
        id: clock.new_id(),
        name: body.name,
        prefix: secrets::key_prefix(&secret),
        hash: secrets::hash(&secret),
        environment: body.environment,
        scopes: body.scopes,
        created_at: now,
        expires_at,
        environments: body.environments,
        require_signature: body.require_signature,
    };
    Ok((store.create_key(org, &new, actor).await?, secret))
}

fn check(body: &CreateKey, now: Timestamp) -> AppResult<Option<Timestamp>> {
    checks::required("name", &body.name, checks::NAME_LENGTH)?;
    checks::word("environment", &body.environment)?;
    if body.scopes.is_empty() {
        return Err(AppError::invalid("scopes", "must not be empty: leave it out for `[\"sdk\"]`"));
    }
    if let Some(index) = body.scopes.iter().position(|scope| !SCOPES.contains(&scope.as_str())) {
        let known = SCOPES.join("`, `");
        return Err(AppError::invalid(
            format!("scopes[{index}]"),
            format!("must be one of `{known}`"),
        ));
    }
    check_environments(body.environments.as_deref())?;
    let Some(text) = &body.expires_at else { return Ok(None) };
    let end: Timestamp = text
        .parse()
        .map_err(|_| AppError::invalid("expiresAt", "must be an RFC 3339 time with an offset"))?;
    if end <= now {
        return Err(AppError::invalid("expiresAt", "must be in the future"));
    }
    Ok(Some(end))
}

fn check_environments(list: Option<&[String]>) -> AppResult<()> {
    let Some(list) = list else { return Ok(()) };
    if list.is_empty() {
        let message = "must not be empty: leave it out for all environments";
        return Err(AppError::invalid("environments", message));
    }
    if list.len() > MOST_ENVIRONMENTS {
        let message = format!("must have at most {MOST_ENVIRONMENTS} entries");
        return Err(AppError::invalid("environments", message));
    }
    let checked =
        |(index, one): (usize, &String)| checks::word(&format!("environments[{index}]"), one);
    list.iter().enumerate().try_for_each(checked)
}
