//! API keys: `Authorization: Bearer …` or `X-API-Key: …`, looked up in memory by their SHA-256.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, OriginalUri, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use execlave_api::error::ErrorCode;
use execlave_core::ids::{KeyId, OrgId};
use subtle::ConstantTimeEq;

use super::Actor;
use super::environment::Environments;
use super::replay::refuse_replay;
use super::signature::{Claim, Signed};
use crate::body;
use crate::directory::KeyEntry;
use crate::error::{AppError, AppResult};
use crate::secrets;
use crate::state::AppState;

/// A caller whose key reaches as far as `P` says.
#[derive(Debug)]
pub(crate) struct Key<P> {
    /// The organisation the key belongs to, and the only one the handler may touch.
    pub(crate) org: OrgId,
    /// The key.
    pub(crate) id: KeyId,
    name: String,
    scopes: Vec<String>,
    /// Where it reaches.
    pub(crate) environments: Environments,
    permission: PhantomData<P>,
}

impl<P> Key<P> {
    /// The key as the author of a change.
    pub(crate) fn actor(&self) -> Actor {
        Actor::Key { id: self.id, name: self.name.clone() }
    }

    /// Whether the key reaches as far as another permission, too.
    pub(crate) fn reaches<Q: Permission>(&self) -> bool {
        reaches::<Q>(&self.scopes)
    }

    /// Nobody hands out more than they have.
    pub(crate) fn may_give(&self, scopes: &[String]) -> AppResult<()> {
        let has = |wanted: &String| self.scopes.iter().any(|scope| scope == "*" || scope == wanted);
        match scopes.iter().find(|wanted| !has(wanted)) {
            None => Ok(()),
            Some(scope) => {
                let shown: String = scope.chars().take(64).collect();
                let message =
                    format!("this key cannot give the scope `{shown}`: use one that has it");
                Err(AppError::new(ErrorCode::Forbidden, message))
            }
        }
    }
}

/// What a handler needs; any one of the scopes is enough, and `*` always is.
pub(crate) trait Permission {
    /// The scopes that give it.
    const SCOPES: &[&str];
}

macro_rules! permissions {
    ($($(#[doc = $doc:literal])+ $name:ident: $($scope:literal),+;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub(crate) struct $name;
        impl Permission for $name {
            const SCOPES: &[&str] = &[$($scope),+];
        }
    )+};
}

permissions! {
    /// Everything a published client calls on behalf of its agents.
    Sdk: "sdk";
    /// Register agents.
    RegisterAgents: "sdk", "agents:write";
    /// See agents.
    ReadAgents: "sdk", "read", "agents:write";
    /// Ask which agent a credential belongs to, and whether one may call another.
    CheckAgents: "sdk", "read";
    /// Change, pause and resume agents.
    WriteAgents: "agents:write";
    /// See versions of prompts; whoever decides on one has to see it.
    ReadPrompts: "sdk", "read", "agents:write", "approvals:decide";
    /// Make versions of prompts, and let them run.
    WritePrompts: "sdk", "agents:write";
    /// See policies.
    ReadPolicies: "read", "policies:write";
    /// Change policies.
    WritePolicies: "policies:write";
    /// Evaluate policies locally.
    FetchBundle: "sdk", "read", "policies:write";
    /// See approvals.
    ReadApprovals: "sdk", "read", "approvals:decide";
    /// Approve and deny.
    DecideApprovals: "approvals:decide";
    /// Take back an approval.
    CancelApprovals: "sdk", "approvals:decide";
    /// See traces, decisions and usage.
    Read: "read";
    /// See usage.
    ReadUsage: "sdk", "read";
    /// See API keys.
    ReadKeys: "read", "keys:write";
    /// Change the organisation's settings and prices.
    WriteSettings: "settings:write";
    /// See and change webhooks. Their addresses are often secrets, so reading them takes as much as writing.
    ManageWebhooks: "settings:write";
    /// Make and revoke API keys.
    WriteKeys: "keys:write";
}

/// Every scope a key can have.
pub const SCOPES: &[&str] = &[
    "*",
    "sdk",
    "read",
    "agents:write",
    "policies:write",
    "approvals:decide",
    "settings:write",
    "keys:write",
];

impl<P: Permission> FromRequestParts<AppState> for Key<P> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> AppResult<Self> {
        let key = parts.extensions.get::<Arc<KeyEntry>>().ok_or_else(|| {
            AppError::new(ErrorCode::Unauthenticated, "this request needs an API key")
        })?;
        if !reaches::<P>(&key.scopes) {
            let wanted = P::SCOPES.join("` or `");
            let message =
                format!("this key does not reach this far: use one with the scope `{wanted}`");
            return Err(AppError::new(ErrorCode::Forbidden, message));
        }
        Ok(Self {
            org: key.org,
            id: key.id,
            name: key.name.clone(),
            scopes: key.scopes.clone(),
            environments: key.environments.clone(),
            permission: PhantomData,
        })
    }
}

/// Whether one of the scopes gives a permission.
pub(crate) fn reaches<P: Permission>(scopes: &[String]) -> bool {
    scopes.iter().any(|scope| scope == "*" || P::SCOPES.contains(&scope.as_str()))
}

/// Finds the caller's key and checks the signature of the body, when there is one.
///
/// The body is read here, whatever the outcome: a client that is still sending when it is refused would see a broken connection, and
/// might take the refusal for an outage.
pub(crate) async fn authenticate(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, AppError> {
    let (mut parts, body) = request.into_parts();
    let bytes = body::collect(body, state.config.limits.body_bytes).await;
    let secret = presented(&parts.headers)?;
    let key = check(&state, &secret)?;
    let bytes = bytes?;
    check_signature(&state, &parts, &bytes, &secret, &key).await?;
    state.directory.touched.key(key.org, key.id, state.clock.now());
    parts.extensions.insert(key);
    Ok(next.run(Request::from_parts(parts, Body::from(bytes))).await)
}

/// Refuses a signature that is wrong or was seen before, and its absence where the key requires one.
async fn check_signature(
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

fn presented(headers: &HeaderMap) -> AppResult<String> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(
        |value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        },
    );
    let token = bearer
        .or_else(|| headers.get("x-api-key").and_then(|value| value.to_str().ok()).map(str::trim));
    match token {
        Some(token) if !token.is_empty() => Ok(token.to_owned()),
        _ => Err(AppError::new(
            ErrorCode::Unauthenticated,
            "no API key: send `Authorization: Bearer <key>` or `X-API-Key: <key>`",
        )),
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
