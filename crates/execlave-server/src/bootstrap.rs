//! The first start on an empty store: an organisation, its owner, a key and a way in.
//!
//! The secrets are returned to the caller, who prints them once. They are never logged and cannot be read again.

use execlave_core::ids::{OrgId, UserId};
use execlave_store::Store;
use execlave_store::error::StoreError;
use execlave_store::keys::NewKey;
use execlave_store::orgs::{NewOrg, Org};
use execlave_store::sessions::{LinkPurpose, SignInLink};
use execlave_store::users::{Role, User, UserState};

use crate::clock::Clock;
use crate::config::Config;
use crate::pages::{invitation_path, sign_in_path};
use crate::secrets;

/// What the first start made.
pub struct FirstStart {
    /// The first API key; it may do everything.
    pub api_key: String,
    /// Signs the owner in, once.
    pub sign_in_url: String,
}

/// Makes them if the store is empty; `bootstrap_key` becomes the first key instead of a random one.
pub async fn first_start(
    store: &Store,
    clock: &Clock,
    config: &Config,
    bootstrap_key: Option<String>,
) -> Result<Option<FirstStart>, StoreError> {
    if !store.is_empty_across_orgs().await? {
        return Ok(None);
    }
    let now = clock.now();
    let org_id: OrgId = clock.new_id();
    let owner_id: UserId = clock.new_id();
    let api_key = bootstrap_key.unwrap_or_else(|| secrets::new_api_key("production"));
    let token = secrets::new_token();
    let created = store
        .create_first_org_across_orgs(&NewOrg {
            org: Org { id: org_id, name: "Default organisation".to_owned(), created_at: now },
            owner: User {
                org_id,
                id: owner_id,
                email: "owner@localhost".to_owned(),
                name: "Owner".to_owned(),
                role: Role::Owner,
                approver: false,
                state: UserState::Active,
                created_at: now,
            },
            key: Some(NewKey {
                id: clock.new_id(),
                name: "First key".to_owned(),
                prefix: secrets::key_prefix(&api_key),
                hash: secrets::hash(&api_key),
                environment: secrets::key_environment(&api_key).to_owned(),
                scopes: vec!["*".to_owned()],
                created_at: now,
                expires_at: None,
                environments: None,
                require_signature: false,
            }),
            link: Some(SignInLink {
                token_hash: secrets::hash(&token),
                org_id,
                user_id: owner_id,
                purpose: LinkPurpose::SignIn,
                created_at: now,
                expires_at: now.plus_millis(i64::from(config.sign_in.link_minutes) * 60_000),
            }),
        })
        .await?;
    Ok(created.then(|| FirstStart { api_key, sign_in_url: sign_in_url(config, &token) }))
}

/// Where a one-time link leads.
pub fn sign_in_url(config: &Config, token: &str) -> String {
    format!("{}{}", config.public_url(), sign_in_path(token))
}

/// Where an invitation leads.
pub fn invitation_url(config: &Config, token: &str) -> String {
    format!("{}{}", config.public_url(), invitation_path(token))
}

impl std::fmt::Debug for FirstStart {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("FirstStart").finish_non_exhaustive()
    }
}
