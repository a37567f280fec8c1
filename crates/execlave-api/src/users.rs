//! People: who they are and how far they reach.

use execlave_core::json::present;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A person as they are listed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// UUIDv7.
    pub id: String,
    /// How they are reached, and what they sign in with.
    pub email: String,
    /// What to call them.
    pub name: String,
    /// `owner`, `admin`, `developer` or `viewer`.
    pub role: String,
    /// Whether they decide approvals, whatever their role.
    pub approver: bool,
    /// `invited`, `active` or `disabled`.
    pub state: String,
    /// RFC 3339.
    pub created_at: String,
}

/// Body of `POST /users`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InviteUser {
    /// How they are reached, and what they sign in with.
    pub email: String,
    /// What to call them; they can change it.
    pub name: String,
    /// `owner`, `admin`, `developer` or `viewer`: at most one's own.
    pub role: String,
    /// Whether they decide approvals, whatever their role.
    #[serde(default)]
    pub approver: bool,
}

/// Body of `PATCH /users/{id}`: only the given fields change.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatchUser {
    /// What to call them.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `owner`, `admin`, `developer` or `viewer`: at most one's own.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Whether they decide approvals, whatever their role.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub approver: Option<bool>,
    /// `active` or `disabled`; who is disabled is signed out at once.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// A person with a link that lets them in; the link is shown this once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserLink {
    /// Who it is for.
    pub user: User,
    /// To be opened once, by nobody else.
    pub link: String,
    /// Until when it is good; RFC 3339.
    pub expires_at: String,
}

/// Answer of `GET /me`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// Who is asking.
    pub user: User,
    /// How far they reach, as scopes of API keys.
    pub scopes: Vec<String>,
    /// Whether they have a password.
    pub has_password: bool,
    /// Whether a code is asked for when they sign in.
    pub has_second_factor: bool,
    /// How many recovery codes they have left.
    pub recovery_codes_left: u32,
}

/// Body of `PATCH /me`: only the given fields change.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatchMe {
    /// What to be called.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Body of `POST /me/password`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct ChangePassword {
    /// The one in force; not needed without one, nor in the quarter of an hour after signing in with a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_password: Option<String>,
    /// 12 to 256 characters, and not one of those that everybody tries first.
    pub new_password: String,
}
