//! The audit log as people look at it. What an export, a tree head and a proof hold is in `execlave_core::audit`: evidence has one form
//! only, byte for byte.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// One entry.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Place in the organisation's log, from 1, without gaps.
    pub index: i64,
    /// When it happened; RFC 3339.
    pub at: String,
    /// Who did it: `user:<id>`, `key:<id>`, `rule:<id>` or `cli`.
    pub actor: String,
    /// What happened, as `noun.past`.
    pub event: String,
    /// To what, such as `agent:<id>`.
    pub subject: String,
    /// Details, by event.
    pub body: Value,
    /// Hash of the entry before; 64 hexadecimal digits.
    pub prev_hash: String,
    /// Hash of this entry; 64 hexadecimal digits.
    pub hash: String,
}

/// Answer of `GET /audit/verify`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditReport {
    /// Whether nothing is wrong.
    pub valid: bool,
    /// How many entries were looked at.
    pub entries: u64,
    /// How many signed tree heads were looked at.
    pub tree_heads: u64,
    /// The first thing that is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<AuditFinding>,
}

/// What is wrong with a log, and where.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditFinding {
    /// The entry, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
    /// What is wrong, for people.
    pub problem: String,
}
