//! Signing in, and where somebody is signed in.

use execlave_core::json::present;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /auth/sign-in`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct SignIn {
    /// Who it is.
    pub email: String,
    /// Their password.
    pub password: String,
    /// Of who has a second factor: the six digits of the moment, or a recovery code.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Body of `POST /auth/accept-invitation`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct AcceptInvitation {
    /// The last part of the invitation's link.
    pub token: String,
    /// What to be called.
    pub name: String,
    /// 12 to 256 characters, and not one of those that everybody tries first.
    pub password: String,
}

/// A new session. The token is shown this once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct NewSession {
    /// To be sent as `Authorization: Bearer <token>`.
    pub token: String,
    /// Until when it is good; RFC 3339.
    pub expires_at: String,
}

/// Where somebody is signed in.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// UUIDv7.
    pub id: String,
    /// Who.
    pub user_id: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// How it began: `link`, `invitation` or `password`.
    pub method: String,
    /// What the program that signed in says it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The address it signed in from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub expires_at: String,
    /// RFC 3339, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<String>,
}
