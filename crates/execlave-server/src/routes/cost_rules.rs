//! Cost budget rules: budgets that are not policies.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use execlave_api::cost_rules::{BudgetState, CostBudgetRule, SaveCostBudgetRule};
use execlave_api::error::ErrorBody;
use execlave_api::page::{Data, List};
use execlave_core::ids::OrgId;
use execlave_store::cost_rules::CostRule;
use execlave_store::state::StateClaim;

use super::params::{PageParams, Params, Segments, id, list as listed};
use crate::auth::caller::Caller;
use crate::auth::permission::{Read, WritePolicies};
use crate::body::Body;
use crate::cost_rules;
use crate::error::{AppError, AppResult};
use crate::ops::save_cost_rule;
use crate::state::AppState;
use crate::views;

/// Make a rule. The next `enforce` obeys it.
#[utoipa::path(post, path = "/cost-budget-rules", tag = "cost rules", request_body = SaveCostBudgetRule, responses(
    (status = 201, description = "Made", body = Data<CostBudgetRule>), (status = 400, body = ErrorBody),
))]
pub(crate) async fn create(
    caller: Caller<WritePolicies>,
    State(state): State<AppState>,
    Body(body): Body<SaveCostBudgetRule>,
) -> AppResult<(StatusCode, Json<Data<CostBudgetRule>>)> {
    let rule = save_cost_rule::create_cost_rule(&state, caller.org, &caller.actor(), body).await?;
    Ok((StatusCode::CREATED, Json(Data::new(views::cost_rule(rule)))))
}

/// List rules, newest first.
#[utoipa::path(get, path = "/cost-budget-rules", tag = "cost rules", params(PageParams), responses((status = 200, body = List<CostBudgetRule>)))]
pub(crate) async fn list(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Params(params): Params<PageParams>,
) -> AppResult<Json<List<CostBudgetRule>>> {
    let rules = state.store.list_cost_rules(caller.org, &params.page()?).await?;
    Ok(Json(listed(rules, views::cost_rule)))
}

/// One rule, and where its budget stands.
#[utoipa::path(get, path = "/cost-budget-rules/{id}", tag = "cost rules", params(("id" = String, Path)), responses(
    (status = 200, body = Data<CostBudgetRule>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn show(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<Json<Data<CostBudgetRule>>> {
    let found = state.store.find_cost_rule(caller.org, id("cost budget rule", &text)?).await?;
    let rule = found.ok_or_else(|| AppError::not_found("cost budget rule", text))?;
    let current = current(&state, caller.org, &rule).await?;
    Ok(Json(Data::new(CostBudgetRule { current, ..views::cost_rule(rule) })))
}

async fn current(state: &AppState, org: OrgId, rule: &CostRule) -> AppResult<Option<BudgetState>> {
    let now = state.clock.now();
    let agent = rule.scope_id.as_deref().and_then(|id| state.directory.agent(org, id, None));
    let profile = agent.as_deref().map(|agent| &agent.profile);
    let Some(charge) = cost_rules::own_counter(rule, profile, now) else { return Ok(None) };
    let claim = StateClaim { budgets: vec![charge.clone()], ..StateClaim::about_nothing(org, now) };
    let answers = state.store.peek_state(&claim).await?;
    let spent = answers.budgets.first().map_or(0, |answer| answer.spent_nanos);
    Ok(Some(BudgetState {
        spent_usd: views::usd(spent),
        projected_usd: cost_rules::projected_nanos(&charge, spent, now).map(views::usd),
        starts_at: charge.starts_at.to_string(),
        ends_at: cost_rules::window_end(charge.window, charge.starts_at).to_string(),
    }))
}

/// Replace a rule.
#[utoipa::path(put, path = "/cost-budget-rules/{id}", tag = "cost rules", params(("id" = String, Path)), request_body = SaveCostBudgetRule,
    responses((status = 200, body = Data<CostBudgetRule>), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn replace(
    caller: Caller<WritePolicies>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
    Body(body): Body<SaveCostBudgetRule>,
) -> AppResult<Json<Data<CostBudgetRule>>> {
    let id = id("cost budget rule", &text)?;
    let rule =
        save_cost_rule::replace_cost_rule(&state, caller.org, &caller.actor(), id, body).await?;
    Ok(Json(Data::new(views::cost_rule(rule))))
}

/// Delete a rule. What was counted stays counted.
#[utoipa::path(delete, path = "/cost-budget-rules/{id}", tag = "cost rules", params(("id" = String, Path)), responses(
    (status = 204, description = "Deleted"), (status = 404, body = ErrorBody),
))]
pub(crate) async fn delete(
    caller: Caller<WritePolicies>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<StatusCode> {
    let id = id("cost budget rule", &text)?;
    save_cost_rule::delete_cost_rule(&state, caller.org, &caller.actor(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
