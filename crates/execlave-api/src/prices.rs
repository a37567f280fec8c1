//! What models cost.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The price of a model, in US dollars per million tokens.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Price {
    /// The model; versions at the end of a name and a provider before it are left aside when a price is looked up.
    pub model: String,
    /// Who offers it; absent for an organisation's own price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Per million tokens of input.
    pub input_usd_per_million: f64,
    /// Per million tokens of output.
    pub output_usd_per_million: f64,
    /// `built_in` or `organization`; an organisation's own price wins.
    pub origin: String,
    /// Where it comes from.
    pub source: String,
    /// Since when it is known: a date, or RFC 3339 for an organisation's own.
    pub as_of: String,
}

/// Body of `POST /prices`: the organisation's own price of a model.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetPrice {
    /// The model, whatever the case of its letters.
    pub model: String,
    /// Per million tokens of input.
    pub input_usd_per_million: f64,
    /// Per million tokens of output.
    pub output_usd_per_million: f64,
}
