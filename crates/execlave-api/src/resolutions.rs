//! `POST /traces/{traceId}/resolutions`: what became of a trace whose effect was not certain.

use execlave_core::json::present;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of the request.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddResolution {
    /// What the trace was found to be.
    pub resolved_status: ResolvedStatus,
    /// How that was found out.
    pub basis: ResolutionBasis,
    /// What was changed.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub effect_ref: Option<String>,
    /// The other side's receipt.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub acknowledgement_id: Option<String>,
    /// Anything else worth saying.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When it was seen; RFC 3339. The moment of the request when left out.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<String>,
}

/// What a trace was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResolvedStatus {
    /// The effect happened.
    Success,
    /// It did not.
    Error,
    /// It did not happen in time.
    Timeout,
}

impl ResolvedStatus {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Timeout => "timeout",
        }
    }
}

/// How it was found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResolutionBasis {
    /// The changed thing was read again.
    ReadBack,
    /// The other side called back.
    Callback,
    /// A person looked.
    Manual,
    /// Two records were compared.
    Reconciliation,
}

impl ResolutionBasis {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadBack => "read_back",
            Self::Callback => "callback",
            Self::Manual => "manual",
            Self::Reconciliation => "reconciliation",
        }
    }
}

/// One entry of the ledger. Entries are only ever added, and the trace stays as it was reported.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resolution {
    /// UUIDv7.
    pub id: String,
    /// The trace.
    pub trace_id: String,
    /// As given.
    pub resolved_status: String,
    /// As given.
    pub basis: String,
    /// As given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect_ref: Option<String>,
    /// As given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledgement_id: Option<String>,
    /// As given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// RFC 3339.
    pub observed_at: String,
    /// Who says so, as `user:<id>` or `key:<id>`.
    pub recorded_by: String,
    /// RFC 3339.
    pub recorded_at: String,
}
