//! Administration of the store itself, without a server: what `execlave keys` and `execlave users` do.
//!
//! The rules are those of the API, because the same operations run. A server on the same store learns of it by the store's notices.

use ed25519_dalek::VerifyingKey;
use execlave_api::audit::AuditReport;
use execlave_api::keys::{ApiKey, CreateKey, RotateKey};
use execlave_api::users::{InviteUser, User, UserLink};
use execlave_core::audit::TreeHead;
use execlave_core::ids::{KeyId, OrgId, UserId};
use execlave_core::time::Timestamp;
use execlave_store::Store;
use execlave_store::page::PageRequest;

use crate::clock::Clock;
use crate::config::Config;
use crate::error::{AppError, AppResult};
use crate::ops::manage_user::Management;
use crate::signer::Signer;
use crate::{ops, views};

pub use crate::auth::permission::SCOPES;

/// Who the audit log says it was: somebody with access to the store.
const ACTOR: &str = "cli";

/// Makes a key. `key` of the answer is the key itself; it cannot be read again.
pub async fn create_key(
    store: &Store,
    clock: &Clock,
    org: OrgId,
    body: CreateKey,
) -> AppResult<ApiKey> {
    let (record, secret) = ops::create_key::insert_key(store, clock, org, ACTOR, body).await?;
    Ok(ApiKey { key: Some(secret), ..views::api_key(record) })
}

/// Replaces a key; the new one is the answer, with `key`.
pub async fn rotate_key(
    store: &Store,
    clock: &Clock,
    org: OrgId,
    id: KeyId,
    wanted: &RotateKey,
) -> AppResult<ApiKey> {
    let old = ops::rotate_key::find_key(store, org, id).await?;
    let (record, secret) =
        ops::rotate_key::replace_key(store, clock, org, ACTOR, &old, wanted).await?;
    Ok(ApiKey { key: Some(secret), ..views::api_key(record) })
}

/// Every key, newest first, revoked ones included.
pub async fn list_keys(store: &Store, org: OrgId) -> AppResult<Vec<ApiKey>> {
    let mut keys = Vec::new();
    let mut request = PageRequest { limit: PageRequest::MAX_LIMIT, cursor: None };
    loop {
        let page = store.list_keys(org, &request).await?;
        keys.extend(page.items.into_iter().map(views::api_key));
        request.cursor = page.next_cursor;
        if request.cursor.is_none() {
            return Ok(keys);
        }
    }
}

/// Revokes a key; revoking it again answers the same.
pub async fn revoke_key(store: &Store, clock: &Clock, org: OrgId, id: KeyId) -> AppResult<ApiKey> {
    let revoked = store.revoke_key(org, id, ACTOR, clock.now()).await?;
    revoked.map(views::api_key).ok_or_else(|| AppError::not_found("API key", id))
}

/// Makes another key for servers to sign certificates and bundles with; its id. They do so from their next start on, and what the keys
/// before it have signed stays good.
pub async fn rotate_signing_key(store: &Store, clock: &Clock) -> AppResult<String> {
    Ok(Signer::rotate(store, clock, ACTOR).await?)
}

/// Invites somebody: the user, and the link that lets them begin.
pub async fn invite_user(
    store: &Store,
    clock: &Clock,
    config: &Config,
    org: OrgId,
    body: InviteUser,
) -> AppResult<UserLink> {
    let management = Management { store, clock, config, org, actor: ACTOR };
    Ok(views::access::user_link(management.invite(body, &|_, _| true).await?))
}

/// Keeps a user out; their sessions and links end.
pub async fn disable_user(
    store: &Store,
    clock: &Clock,
    config: &Config,
    org: OrgId,
    user: UserId,
) -> AppResult<User> {
    let management = Management { store, clock, config, org, actor: ACTOR };
    Ok(views::access::user(management.disable(user, &|_, _| true).await?))
}

/// Removes a user's second factor, for who has lost it.
pub async fn reset_totp(
    store: &Store,
    clock: &Clock,
    config: &Config,
    org: OrgId,
    user: UserId,
) -> AppResult<User> {
    let management = Management { store, clock, config, org, actor: ACTOR };
    Ok(views::access::user(management.reset_totp(user, &|_, _| true).await?))
}

/// Makes a link that lets a user in once: its address, and when it ends.
pub async fn new_sign_in_link(
    store: &Store,
    clock: &Clock,
    config: &Config,
    org: OrgId,
    user: UserId,
) -> AppResult<(String, Timestamp)> {
    let management = Management { store, clock, config, org, actor: ACTOR };
    let link = management.link(user, &|_, _| true).await?;
    Ok((link.address, link.expires_at))
}

/// Follows an organisation's audit log in the store and names the first thing that is wrong. Trusts `keys`, or those of the store;
/// `earlier` are tree heads that were kept elsewhere.
pub async fn verify_audit(
    store: &Store,
    org: OrgId,
    keys: Option<Vec<VerifyingKey>>,
    earlier: Vec<TreeHead>,
) -> AppResult<AuditReport> {
    let keys = match keys {
        Some(keys) => keys,
        None => Signer::published(store).await?,
    };
    Ok(views::audit_report(store.verify_audit(org, &keys, earlier).await?))
}
