//! Budgets that are not policies: a cap for a scope and a window, and what happens when it is passed. What was spent is counted in
//! [`crate::spend`], together with what policies ask about.

use execlave_core::ids::OrgId;
use execlave_core::policy::BudgetWindow;
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::audit::{self, Event};
use crate::changes::{Change, Noun};
use crate::db::Tx;
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::page::{Page, PageRequest, Position};
use crate::{Store, StoreError, webhooks};

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostRule {
    /// Whose.
    pub org_id: OrgId,
    /// The id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// Whose spending is counted together.
    pub scope: RuleScope,
    /// Which one; `None` means each on its own.
    pub scope_id: Option<String>,
    /// Over what time.
    pub period: BudgetWindow,
    /// How much, in billionths of a dollar.
    pub cap_nanos: i64,
    /// What happens beyond it.
    pub action: RuleAction,
    /// From how many hundredths of the cap on people are warned.
    pub warning_threshold_pct: Option<i64>,
    /// Whether people are warned when spending would pass the cap by the end of the window if it went on like this.
    pub burn_rate_alert_enabled: bool,
    /// Whether it is looked at.
    pub is_active: bool,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

table!("cost_budget_rules" => CostRule {
    org_id, id, name, scope, scope_id, period, cap_nanos, action, warning_threshold_pct, burn_rate_alert_enabled, is_active, created_at,
    updated_at,
});

/// Whose spending a rule counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleScope {
    /// Everybody's.
    Org,
    /// One agent's.
    Agent,
    /// One user's.
    User,
    /// One workspace's.
    Workspace,
}

impl RuleScope {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Org => "org",
            Self::Agent => "agent",
            Self::User => "user",
            Self::Workspace => "workspace",
        }
    }
}

/// What happens beyond a cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleAction {
    /// The action happens and people are warned.
    Warn,
    /// The action is refused.
    Block,
    /// The action is refused and its agent is paused.
    PauseAgent,
}

impl RuleAction {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Block => "block",
            Self::PauseAgent => "pause_agent",
        }
    }
}

impl Store {
    /// Creates a rule; audited.
    pub async fn create_cost_rule(&self, rule: &CostRule, actor: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, rule.org_id).await?;
        tx.insert(rule).await?;
        record(&mut tx, rule, EventType::CostBudgetRuleCreated, actor, rule.created_at).await?;
        tx.commit().await
    }

    /// Replaces a rule; whether there is one. Who made it when stays.
    pub async fn update_cost_rule(&self, rule: &CostRule, actor: &str) -> Result<bool, StoreError> {
        const SQL: &str = "
            UPDATE cost_budget_rules SET name = $3, scope = $4, scope_id = $5, period = $6, cap_nanos = $7, action = $8,
                warning_threshold_pct = $9, burn_rate_alert_enabled = $10, is_active = $11, updated_at = $12
            WHERE org_id = $1 AND id = $2";
        let update = params![
            rule.org_id,
            rule.id,
            rule.name,
            rule.scope,
            rule.scope_id,
            rule.period,
            rule.cap_nanos,
            rule.action,
            rule.warning_threshold_pct,
            rule.burn_rate_alert_enabled,
            rule.is_active,
            rule.updated_at,
        ];
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, rule.org_id).await?;
        if tx.execute(Query::new(SQL, update)).await? == 0 {
            return Ok(false);
        }
        record(&mut tx, rule, EventType::CostBudgetRuleUpdated, actor, rule.updated_at).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes a rule; whether there was one.
    pub async fn delete_cost_rule(
        &self,
        org: OrgId,
        id: Uuid,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "DELETE FROM cost_budget_rules WHERE org_id = $1 AND id = $2 RETURNING *";
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let Some(rule) = tx.one::<CostRule>(Query::new(SQL, params![org, id])).await? else {
            return Ok(false);
        };
        record(&mut tx, &rule, EventType::CostBudgetRuleDeleted, actor, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// A rule.
    pub async fn find_cost_rule(
        &self,
        org: OrgId,
        id: Uuid,
    ) -> Result<Option<CostRule>, StoreError> {
        const SQL: &str = "SELECT * FROM cost_budget_rules WHERE org_id = $1 AND id = $2";
        self.db().one(Query::new(SQL, params![org, id])).await
    }

    /// Rules, newest first.
    pub async fn list_cost_rules(
        &self,
        org: OrgId,
        page: &PageRequest,
    ) -> Result<Page<CostRule>, StoreError> {
        let sql = "SELECT * FROM cost_budget_rules WHERE org_id = $1";
        let mut query = Query::new(sql, params![org]);
        query.newest_first("created_at", page)?;
        let rows = self.db().all::<CostRule>(query).await?;
        Ok(Page::cut(rows, page.size(), None, |rule| Position::new(rule.created_at, rule.id)))
    }

    /// The active rules of an organisation, oldest first.
    pub async fn active_cost_rules(&self, org: OrgId) -> Result<Vec<CostRule>, StoreError> {
        const SQL: &str = "SELECT * FROM cost_budget_rules WHERE org_id = $1 AND is_active ORDER BY created_at, id";
        self.db().all(Query::new(SQL, params![org])).await
    }

    /// Every active rule, to be kept in memory.
    pub async fn list_active_cost_rules_across_orgs(&self) -> Result<Vec<CostRule>, StoreError> {
        const SQL: &str = "SELECT * FROM cost_budget_rules WHERE is_active ORDER BY created_at, id";
        self.db().all(Query::new(SQL, params![])).await
    }
}

async fn record(
    tx: &mut Tx<'_>,
    rule: &CostRule,
    kind: EventType,
    actor: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let body = json!({
        "name": rule.name, "scope": rule.scope, "scopeId": rule.scope_id, "window": rule.period, "capNanos": rule.cap_nanos,
        "action": rule.action, "warningThresholdPct": rule.warning_threshold_pct,
        "burnRateAlertEnabled": rule.burn_rate_alert_enabled, "isActive": rule.is_active,
    });
    let subject = format!("cost_budget_rule:{}", rule.id);
    let mut data = body.clone();
    data["ruleId"] = json!(rule.id);
    data["actor"] = json!(actor);
    webhooks::emit(tx, rule.org_id, kind, at, &subject, data).await?;
    let name = kind.as_str();
    audit::append(tx, rule.org_id, Event { at, actor, name, subject, body: body.into() }).await?;
    tx.announce(Change::Row { org_id: rule.org_id, noun: Noun::CostRule, id: rule.id }).await
}
