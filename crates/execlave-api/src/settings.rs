//! What an organisation has switched on.

use execlave_core::json::present;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// Answer of `GET` and `PATCH /organization/settings`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Whether the raw input text is kept with every decision. The digest always is.
    pub keep_input: bool,
    /// Whether `keepInput` is the organisation's own choice, or the deployment's default.
    pub keep_input_chosen: bool,
    /// Whether an agent needs a red-team score of at least 0.9 before its autonomy level may be `autonomous`.
    pub red_team_gate: bool,
    /// When the organisation last changed something; RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
}

/// Body of `PATCH /organization/settings`: only the given fields change.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatchSettings {
    /// As in [`Settings`]; `null` goes back to the deployment's default.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    pub keep_input: Option<Option<bool>>,
    /// As in [`Settings`].
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub red_team_gate: Option<bool>,
}

/// Tells a `null` from a field that was left out.
#[expect(clippy::option_option, reason = "left out, `null` and a value are three different things")]
fn given<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}
