//! API keys. The key itself is shown once, when it is made.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /api-keys`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateKey {
    /// What it is for.
    pub name: String,
    /// `production`, `staging` or `development`; it picks the prefix.
    #[serde(default = "default_environment")]
    pub environment: String,
    /// What it may do; `["sdk"]` when left out.
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    /// When it ends; RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

fn default_environment() -> String {
    "production".to_owned()
}

fn default_scopes() -> Vec<String> {
    vec!["sdk".to_owned()]
}

/// A key as it is listed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// UUIDv7.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// The first characters, to recognise it by.
    pub prefix: String,
    /// As created.
    pub environment: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<String>,
    /// RFC 3339, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<String>,
    /// The key itself; only in the answer that creates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}
