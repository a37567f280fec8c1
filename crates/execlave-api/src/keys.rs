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
    /// The only environments it reaches; all of them when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environments: Option<Vec<String>>,
    /// Whether its requests must be signed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_signature: bool,
}

/// Body of `POST /api-keys/{id}/rotate`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RotateKey {
    /// How long the key that is replaced still works: 0 to 720 hours.
    #[serde(default = "default_overlap")]
    pub overlap_hours: u32,
}

impl Default for RotateKey {
    fn default() -> Self {
        Self { overlap_hours: default_overlap() }
    }
}

fn default_overlap() -> u32 {
    24
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
    /// The only environments it reaches; all of them when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environments: Option<Vec<String>>,
    /// Whether its requests must be signed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_signature: bool,
    /// The id of the key it was made to replace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// The id of the key that replaces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
    /// The key itself; only in the answer that creates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}
