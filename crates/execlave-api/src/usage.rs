//! What the deployment holds, and its limits.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer of `GET /billing/usage`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// `self_hosted`.
    pub plan: String,
    /// The four counted resources.
    pub usage: UsageBuckets,
}

/// The four counted resources.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct UsageBuckets {
    /// Registered agents.
    pub agents: UsageBucket,
    /// Traces of this calendar month (UTC).
    pub traces: UsageBucket,
    /// Users.
    pub users: UsageBucket,
    /// Policies.
    pub policies: UsageBucket,
}

/// How much is used of how much.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct UsageBucket {
    /// Used.
    pub current: i64,
    /// The limit; [`NO_LIMIT`] where there is none.
    pub max: i64,
}

/// Stands for "no limit": the largest integer every JSON reader holds exactly, so that `current >= max` stays false.
pub const NO_LIMIT: i64 = 9_007_199_254_740_991;
