//! Credentials of agents: issued, checked, revoked.

use std::sync::Arc;

use execlave_api::credentials::{Credential, CredentialVerdict};
use execlave_api::error::ErrorCode;
use execlave_core::certificate;
use execlave_core::credential::{CredentialClaims, CredentialFault, named_key, verify};
use execlave_core::ids::{AgentId, OrgId};
use execlave_core::request::AgentStatus;
use execlave_store::credentials::RevokedCredential;
use uuid::Uuid;

use crate::auth::Actor;
use crate::directory::AgentEntry;
use crate::error::{AppError, AppResult};
use crate::state::AppState;

/// No credential is good for longer, whatever the clock of the server that issued it.
const REVOKED_FOR_MS: i64 = 60 * 60 * 1_000;

/// Issues a credential. Nothing is stored: it proves itself.
pub(crate) fn issue_credential(
    state: &AppState,
    org: OrgId,
    agent: &AgentEntry,
) -> AppResult<Credential> {
    let profile = &agent.profile;
    if !matches!(profile.status, AgentStatus::Active | AgentStatus::Error) {
        let (id, status) = (&profile.external_id, profile.status.as_str());
        let message =
            format!("agent `{id}` is {status}: it gets no credential until it is resumed");
        return Err(AppError::new(ErrorCode::AgentPaused, message));
    }
    let (id, generation) = (state.clock.new_id(), agent.credential_generation);
    let now = state.clock.now();
    let claims = CredentialClaims::issue(profile.id, org, id, generation, now);
    let key = state.signer.key();
    Ok(Credential {
        credential: claims.sign(key),
        expires_at: claims.expires_at.to_string(),
        kid: certificate::key_id(&key.verifying_key()),
        jti: id.to_string(),
    })
}

/// Reads the key that a credential names, if this server has not heard of it.
pub(crate) async fn learn_key(state: &AppState, credential: &str) -> AppResult<()> {
    match named_key(credential) {
        Some(key_id) => Ok(state.signer.look_up(&state.store, &key_id).await?),
        None => Ok(()),
    }
}

/// Which agent of an organisation a credential proves, from memory.
pub(crate) fn check_credential(
    state: &AppState,
    org: OrgId,
    credential: &str,
) -> Result<(CredentialClaims, Arc<AgentEntry>), CredentialFault> {
    let claims = verify(credential, &state.signer.known(), state.clock.now())?;
    if claims.org != org {
        return Err(CredentialFault::UnknownAgent);
    }
    let agent = state.directory.agent(org, &claims.agent.to_string(), None);
    let agent = agent.filter(|agent| agent.profile.id == claims.agent);
    let agent = agent.ok_or(CredentialFault::UnknownAgent)?;
    if agent.profile.status == AgentStatus::Archived {
        return Err(CredentialFault::AgentArchived);
    }
    if claims.generation != agent.credential_generation
        || state.directory.is_revoked(org, claims.id)
    {
        return Err(CredentialFault::Revoked);
    }
    Ok((claims, agent))
}

/// The same for whoever asks.
pub(crate) async fn verify_credential(
    state: &AppState,
    org: OrgId,
    credential: &str,
) -> AppResult<CredentialVerdict> {
    learn_key(state, credential).await?;
    Ok(match check_credential(state, org, credential) {
        Err(fault) => CredentialVerdict {
            reason: Some(fault.as_str().to_owned()),
            ..CredentialVerdict::default()
        },
        Ok((claims, agent)) => CredentialVerdict {
            valid: true,
            reason: None,
            id: Some(agent.profile.id.to_string()),
            agent_id: Some(agent.profile.external_id.clone()),
            status: Some(agent.profile.status.as_str().to_owned()),
            jti: Some(claims.id.to_string()),
            expires_at: Some(claims.expires_at.to_string()),
        },
    })
}

/// Makes one credential void, on this server before it answers.
pub(crate) async fn revoke_credential(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    agent_id: AgentId,
    id: Uuid,
) -> AppResult<RevokedCredential> {
    let revoked_at = state.clock.now();
    let expires_at = revoked_at.plus_millis(REVOKED_FOR_MS);
    let revoked = RevokedCredential { org_id: org, id, agent_id, revoked_at, expires_at };
    let revoked = state.store.revoke_credential(&revoked, &actor.id()).await?;
    state.directory.refresh_credential(&state.store, org, id).await?;
    Ok(revoked)
}

/// Makes all of an agent's credentials void; the generation of those to come.
pub(crate) async fn revoke_credentials(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    agent: AgentId,
) -> AppResult<i64> {
    let changed =
        state.store.revoke_credentials(org, agent, &actor.id(), state.clock.now()).await?;
    let changed = changed.ok_or_else(|| AppError::not_found("agent", agent))?;
    state.directory.refresh_agent(&state.store, org, agent).await?;
    Ok(changed.credential_generation)
}
