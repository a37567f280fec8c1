//! Making, changing and deleting cost budget rules. The next decision obeys.

use execlave_api::cost_rules::{RuleAction, RuleScope, RuleWindow, SaveCostBudgetRule};
use execlave_core::ids::OrgId;
use execlave_core::policy::{BudgetWindow, usd_to_nanos};
use execlave_store::cost_rules::{self, CostRule};
use uuid::Uuid;

use crate::auth::Actor;
use crate::checks::{self, NAME_LENGTH};
use crate::error::{AppError, AppResult};
use crate::state::AppState;

/// Makes a rule.
pub(crate) async fn create_cost_rule(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    body: SaveCostBudgetRule,
) -> AppResult<CostRule> {
    let now = state.clock.now();
    let rule = rule_of(org, state.clock.new_id(), body, now)?;
    state.store.create_cost_rule(&rule, &actor.id()).await?;
    state.directory.refresh_cost_rules(&state.store, org).await?;
    state.in_force(org).await;
    Ok(rule)
}

/// Replaces a rule.
pub(crate) async fn replace_cost_rule(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    id: Uuid,
    body: SaveCostBudgetRule,
) -> AppResult<CostRule> {
    let known = state.store.find_cost_rule(org, id).await?;
    let known = known.ok_or_else(|| AppError::not_found("cost budget rule", id))?;
    let rule = rule_of(org, id, body, state.clock.now())?;
    let rule = CostRule { created_at: known.created_at, ..rule };
    if !state.store.update_cost_rule(&rule, &actor.id()).await? {
        return Err(AppError::not_found("cost budget rule", id));
    }
    state.directory.refresh_cost_rules(&state.store, org).await?;
    state.in_force(org).await;
    Ok(rule)
}

/// Deletes a rule.
pub(crate) async fn delete_cost_rule(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    id: Uuid,
) -> AppResult<()> {
    let deleted = state.store.delete_cost_rule(org, id, &actor.id(), state.clock.now()).await?;
    state.directory.refresh_cost_rules(&state.store, org).await?;
    state.in_force(org).await;
    if deleted { Ok(()) } else { Err(AppError::not_found("cost budget rule", id)) }
}

fn rule_of(
    org_id: OrgId,
    id: Uuid,
    body: SaveCostBudgetRule,
    now: execlave_core::time::Timestamp,
) -> AppResult<CostRule> {
    if let Some(scope_id) = &body.scope_id {
        checks::required("scopeId", scope_id, NAME_LENGTH)?;
        if body.scope == RuleScope::Org {
            let message = "must be left out for the scope `org`: there is one organisation";
            return Err(AppError::invalid("scopeId", message));
        }
    }
    let cap_nanos = usd_to_nanos(body.cap_usd)
        .ok_or_else(|| AppError::invalid("capUsd", "must be an amount in USD, zero or more"))?;
    if body.warning_threshold_pct.is_some_and(|percent| !(1..=100).contains(&percent)) {
        return Err(AppError::invalid("warningThresholdPct", "must be 1 to 100"));
    }
    let scope = match body.scope {
        RuleScope::Org => cost_rules::RuleScope::Org,
        RuleScope::Agent => cost_rules::RuleScope::Agent,
        RuleScope::User => cost_rules::RuleScope::User,
        RuleScope::Workspace => cost_rules::RuleScope::Workspace,
    };
    let period = match body.window {
        RuleWindow::Minute => BudgetWindow::Minute,
        RuleWindow::Hour => BudgetWindow::Hour,
        RuleWindow::Day => BudgetWindow::Day,
        RuleWindow::Month => BudgetWindow::Month,
    };
    let action = match body.action {
        RuleAction::Warn => cost_rules::RuleAction::Warn,
        RuleAction::Block => cost_rules::RuleAction::Block,
        RuleAction::PauseAgent => cost_rules::RuleAction::PauseAgent,
    };
    let name = match body.name {
        Some(name) => {
            checks::required("name", &name, NAME_LENGTH)?;
            name
        }
        None => format!("{} budget per {period}", scope.as_str()),
    };
    Ok(CostRule {
        org_id,
        id,
        name,
        scope,
        scope_id: body.scope_id,
        period,
        cap_nanos,
        action,
        warning_threshold_pct: body.warning_threshold_pct,
        burn_rate_alert_enabled: body.burn_rate_alert_enabled,
        is_active: body.is_active,
        created_at: now,
        updated_at: now,
    })
}
