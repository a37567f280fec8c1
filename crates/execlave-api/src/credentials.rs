//! Credentials of agents: short-lived proofs of which agent it is. `docs/concepts/identity.md` says how anybody checks one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer of `POST /agents/{id}/credential`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Credential {
    /// `exe_agt_` and a JSON Web Token. Nobody keeps it but whoever asked for it.
    pub credential: String,
    /// When it ends; RFC 3339.
    pub expires_at: String,
    /// The key it is signed with, in `/.well-known/jwks.json`.
    pub kid: String,
    /// Its own id, to revoke it by.
    pub jti: String,
}

/// Without the credential.
impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("jti", &self.jti).finish_non_exhaustive()
    }
}

/// Answer of `POST /agents/{id}/credentials/{jti}/revoke`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CredentialRevoked {
    /// The agent; UUID.
    pub agent_id: String,
    /// The credential.
    pub jti: String,
    /// Since when it is void; RFC 3339.
    pub revoked_at: String,
}

/// Answer of `POST /agents/{id}/credentials/revoke-all`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CredentialsRevoked {
    /// The agent; UUID.
    pub agent_id: String,
    /// What credentials that are issued from here on carry in `gen`. Earlier ones are void.
    pub generation: i64,
}

/// Body of `POST /agents/credentials/verify`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyCredential {
    /// `exe_agt_…`
    pub credential: String,
}

/// Without the credential.
impl std::fmt::Debug for VerifyCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifyCredential").finish_non_exhaustive()
    }
}

/// What it proves.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CredentialVerdict {
    /// Whether it proves anything.
    pub valid: bool,
    /// Why not: `malformed`, `unknown_key`, `bad_signature`, `wrong_audience`, `expired`, `not_yet_valid`, `unknown_agent`,
    /// `agent_archived` or `revoked`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The agent; UUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The agent; external id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// The agent's status: a paused agent is still that agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The credential's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// When it ends; RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}
