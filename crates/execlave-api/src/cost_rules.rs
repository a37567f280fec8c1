//! `/cost-budget-rules`: budgets that are not policies.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /cost-budget-rules` and of `PUT /cost-budget-rules/{id}`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SaveCostBudgetRule {
    /// What people call it; made from scope and window when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whose spending is counted together.
    pub scope: RuleScope,
    /// The agent (UUID or external id), user or workspace it is about. `null` or left out: each on its own. Never with `org`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope_id: Option<String>,
    /// The calendar period (UTC) the cap is for.
    pub window: RuleWindow,
    /// How much may be spent in it, in USD.
    pub cap_usd: f64,
    /// What happens beyond the cap.
    pub action: RuleAction,
    /// From how many percent of the cap on decisions carry a warning: 1 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning_threshold_pct: Option<i64>,
    /// Whether decisions carry a warning when spending would pass the cap by the end of the window if it went on like this.
    #[serde(default)]
    pub burn_rate_alert_enabled: bool,
    /// Whether it is looked at.
    #[serde(default = "yes")]
    pub is_active: bool,
}

fn yes() -> bool {
    true
}

/// Whose spending is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleScope {
    /// Everybody's.
    Org,
    /// One agent's.
    Agent,
    /// One user's, named by the metadata `userId` or a trace's `userId`.
    User,
    /// One workspace's, named by the metadata `workspaceId`.
    Workspace,
}

/// A calendar period in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum RuleWindow {
    /// A minute.
    #[serde(rename = "1m")]
    Minute,
    /// An hour.
    #[serde(rename = "1h")]
    Hour,
    /// A day.
    #[serde(rename = "1d")]
    Day,
    /// A month.
    #[serde(rename = "1mo")]
    Month,
}

/// What happens beyond a cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleAction {
    /// The action happens, with a warning.
    Warn,
    /// The action is refused.
    Block,
    /// The action is refused and its agent is paused.
    PauseAgent,
}

/// A rule.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CostBudgetRule {
    /// UUIDv7.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// As saved.
    pub scope: RuleScope,
    /// As saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope_id: Option<String>,
    /// As saved.
    pub window: RuleWindow,
    /// As saved.
    pub cap_usd: f64,
    /// As saved.
    pub action: RuleAction,
    /// As saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning_threshold_pct: Option<i64>,
    /// As saved.
    pub burn_rate_alert_enabled: bool,
    /// As saved.
    pub is_active: bool,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
    /// Where the budget stands, if the rule has one counter: for `org`, or with a `scopeId`. Only in the answer about one rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<BudgetState>,
}

/// Where a budget stands.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BudgetState {
    /// Spent and reserved so far, in USD.
    pub spent_usd: f64,
    /// What will be spent by the end of the window if it goes on like this; absent before a tenth of the window has passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projected_usd: Option<f64>,
    /// The beginning of the window; RFC 3339.
    pub starts_at: String,
    /// Its end; RFC 3339.
    pub ends_at: String,
}
