//! Signing in with a one-time link, and out again.

use execlave_core::ids::{OrgId, UserId};
use execlave_core::time::Timestamp;
use execlave_store::Store;
use execlave_store::sessions::{Session, SignInMethod};

use crate::bootstrap::sign_in_url;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::AppResult;
use crate::secrets;
use crate::state::AppState;

/// A new session: the cookie's value, and how long it lasts.
#[derive(Debug)]
pub(crate) struct NewSession {
    pub(crate) cookie: String,
    pub(crate) lasts_seconds: i64,
}

/// Uses a sign-in link up. `None` when there is no such link, it is over, or it was used.
pub(crate) async fn sign_in(state: &AppState, token: &str) -> AppResult<Option<NewSession>> {
    let now = state.clock.now();
    let Some(user) = state.store.take_sign_in_link(&secrets::hash(token), now).await? else {
        return Ok(None);
    };
    let lasts_seconds = i64::from(state.config.sign_in.session_hours) * 3600;
    let cookie = secrets::new_session_token();
    let session = Session {
        org_id: user.org_id,
        id: state.clock.new_id(),
        user_id: user.id,
        token_hash: secrets::hash(&cookie),
        csrf_token: secrets::new_token(),
        method: SignInMethod::Link,
        user_agent: None,
        address: None,
        last_used_at: None,
        created_at: now,
        expires_at: now.plus_millis(lasts_seconds * 1000),
    };
    state.store.insert_session(&session).await?;
    Ok(Some(NewSession { cookie, lasts_seconds }))
}

/// Makes a one-time link for a person: its address, and when it ends.
pub(crate) async fn new_sign_in_link(
    store: &Store,
    clock: &Clock,
    config: &Config,
    org: OrgId,
    user: UserId,
    actor: &str,
) -> AppResult<(String, Timestamp)> {
    let now = clock.now();
    let token = secrets::new_token();
    let expires_at = now.plus_millis(i64::from(config.sign_in.link_minutes) * 60_000);
    store.insert_sign_in_link(org, user, &secrets::hash(&token), expires_at, actor, now).await?;
    Ok((sign_in_url(config, &token), expires_at))
}
