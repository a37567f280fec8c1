//! `POST /sdk/bypass-windows`: what ran without a decision while the server could not be asked. The answer is not wrapped in `data`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of the report. One bad field refuses the whole of it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BypassReport {
    /// Who reports.
    pub sdk: SdkInfo,
    /// When it was sent, by the client's clock; RFC 3339.
    pub sent_at: String,
    /// At most 100.
    pub windows: Vec<BypassWindowBody>,
    /// What the client had to forget before it could report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<DroppedBypasses>,
}

/// A client library.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SdkInfo {
    /// Its name.
    pub name: String,
    /// The language it is for.
    pub language: String,
    /// Its version.
    pub version: String,
}

/// Bypasses of one agent for one reason, counted together. Lengths count UTF-16 units, as clients do.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BypassWindowBody {
    /// A UUID; a window is kept once however often it is reported.
    pub window_id: String,
    /// External id or UUID, 1 to 256 units; the agent need not be registered.
    pub agent_id: String,
    /// `circuit_breaker_open`, `network_error`, `server_error` or `plan_limit_exceeded`; another word of a newer client is kept as it is.
    pub reason: String,
    /// What the caller was answered, such as `fail_open_network_error`; 1 to 64 units.
    pub source: String,
    /// The first bypass; RFC 3339.
    pub first_at: String,
    /// The last one; RFC 3339.
    pub last_at: String,
    /// How many, 1 to 1,000,000,000.
    pub count: i64,
    /// What the client saw, at most 500 units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The HTTP status it saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<i64>,
    /// How many calls had failed in a row, at most 1,000,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consecutive_failures: Option<i64>,
}

/// Windows a client forgot.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DroppedBypasses {
    /// A UUID; a loss is kept once however often it is reported.
    pub drop_id: String,
    /// How many windows.
    pub windows: i64,
    /// How many bypasses were in them.
    pub bypasses: i64,
    /// Since when; RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

/// Answer to the report. The loss counts like a window.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct BypassReceipt {
    /// Kept by this report.
    pub accepted: usize,
    /// Known before.
    pub duplicates: usize,
}

/// A reported window.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BypassWindow {
    /// The client's UUID.
    pub window_id: String,
    /// The agent, as the client calls it.
    pub agent_id: String,
    /// The agent's UUID, if it is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_uuid: Option<String>,
    /// As reported.
    pub reason: String,
    /// As reported.
    pub source: String,
    /// RFC 3339.
    pub first_at: String,
    /// RFC 3339.
    pub last_at: String,
    /// How many.
    pub count: i64,
    /// As reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// As reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<i64>,
    /// As reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consecutive_failures: Option<i64>,
    /// Who reported it, as `name language version`.
    pub sdk: String,
    /// When the report arrived; RFC 3339.
    pub received_at: String,
}
