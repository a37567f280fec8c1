//! `/`: what was blocked, what waits, what it cost.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use execlave_core::decision::{Outcome, Violation};
use execlave_core::ids::OrgId;
use execlave_core::request::AgentStatus;
use execlave_core::time::Timestamp;
use execlave_store::agents::AgentFilter;
use execlave_store::approvals::{Approval, ApprovalStatus};
use execlave_store::decisions::{DecisionFilter, DecisionRecord, OutcomeCounts};
use execlave_store::page::PageRequest;

use crate::auth::session::Viewer;
use crate::pages::amount;
use crate::pages::approvals::agent_name;
use crate::pages::failure::PageError;
use crate::pages::layout::{Layout, Section};
use crate::pages::moment::Moment;
use crate::pages::pill::Pill;
use crate::pages::prose::Prose;
use crate::state::AppState;

mod chart;

pub(crate) use chart::{Chart, Counts};

/// The first page one sees.
#[derive(Debug, Template)]
#[template(path = "overview/index.html")]
pub(crate) struct OverviewPage {
    layout: Layout,
    /// No agent was ever registered: the page teaches instead.
    newcomer: bool,
    base_url: String,
    agents_active: String,
    agents_paused: i64,
    decisions: Counts,
    waiting_count: i64,
    waiting: Vec<Waiting>,
    blocked: Vec<Blocked>,
    cost_today: String,
    chart: Chart,
}

/// An approval somebody should look at.
#[derive(Debug)]
struct Waiting {
    id: String,
    agent: String,
    summary: String,
    risk: Pill,
    expires: Moment,
}

/// An action that was refused.
#[derive(Debug)]
struct Blocked {
    agent_row: String,
    agent: String,
    at: Moment,
    message: Prose,
    policy: String,
    rule: String,
    /// Further violations of the same action.
    more: usize,
}

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Lines in each of the two lists.
const LINES: usize = 6;

/// `GET /`
pub(crate) async fn show(
    State(state): State<AppState>,
    Viewer(who): Viewer,
) -> Result<Html<String>, PageError> {
    let (org, now) = (who.org, state.clock.now());
    let midnight = Timestamp::from_millis(now.as_millis() - now.as_millis().rem_euclid(DAY_MS));
    let layout = Layout::load(&state, &who, Section::Overview).await?;
    let agents = count_agents(&state, org, None).await?;
    let active = count_agents(&state, org, Some(AgentStatus::Active)).await?;
    let paused = count_agents(&state, org, Some(AgentStatus::Paused)).await?;
    let today = state.store.count_decisions_since(org, midnight).await?;
    let cost = state.store.sum_trace_cost_since(org, midnight).await?;
    let page = OverviewPage {
        newcomer: agents == 0,
        base_url: state.config.public_url(),
        agents_active: amount::count(active),
        agents_paused: paused,
        decisions: Counts::from(today),
        waiting_count: layout.waiting,
        waiting: waiting(&state, org, now).await?,
        blocked: blocked(&state, org, now).await?,
        cost_today: amount::usd(cost),
        chart: chart_of_last_day(&state, org, now).await?,
        layout,
    };
    Ok(Html(page.render()?))
}

async fn count_agents(
    state: &AppState,
    org: OrgId,
    status: Option<AgentStatus>,
) -> Result<i64, PageError> {
    let filter = AgentFilter { status, ..AgentFilter::default() };
    let page =
        state.store.list_agents(org, &filter, &PageRequest { limit: 1, cursor: None }).await?;
    Ok(page.total.unwrap_or_default())
}

async fn waiting(state: &AppState, org: OrgId, now: Timestamp) -> Result<Vec<Waiting>, PageError> {
    let all = PageRequest { limit: PageRequest::MAX_LIMIT, cursor: None };
    let mut pending =
        state.store.list_approvals(org, Some(ApprovalStatus::Pending), &all).await?.items;
    pending.retain(|approval| approval.expires_at > now);
    pending.sort_by_key(|approval| (approval.expires_at, approval.id));
    Ok(pending.iter().take(LINES).map(|approval| Waiting::new(state, approval, now)).collect())
}

async fn blocked(state: &AppState, org: OrgId, now: Timestamp) -> Result<Vec<Blocked>, PageError> {
    let filter = DecisionFilter {
        outcome: Some(Outcome::Block),
        since: Some(now.minus_millis(DAY_MS)),
        ..DecisionFilter::default()
    };
    let page = PageRequest { limit: u32::try_from(LINES).unwrap_or(u32::MAX), cursor: None };
    let decisions = state.store.list_decisions(org, &filter, &page).await?.items;
    Ok(decisions.iter().map(|decision| Blocked::new(state, decision, now)).collect())
}

async fn chart_of_last_day(
    state: &AppState,
    org: OrgId,
    now: Timestamp,
) -> Result<Chart, PageError> {
    let this_hour = now.as_millis().div_euclid(HOUR_MS);
    let first_hour = this_hour - 23;
    let found = state
        .store
        .count_decisions_by_hour(org, Timestamp::from_millis(first_hour * HOUR_MS))
        .await?;
    let mut hours = [Counts::default(); 24];
    for (hour, counts) in found {
        let slot = usize::try_from(hour - first_hour).ok().and_then(|index| hours.get_mut(index));
        if let Some(slot) = slot {
            *slot = counts.into();
        }
    }
    Ok(Chart::new(&hours, u32::try_from(this_hour.rem_euclid(24)).unwrap_or_default()))
}

impl From<OutcomeCounts> for Counts {
    fn from(counts: OutcomeCounts) -> Self {
        Self { allow: counts.allow, approval: counts.require_approval, block: counts.block }
    }
}

impl Waiting {
    fn new(state: &AppState, approval: &Approval, now: Timestamp) -> Self {
        Self {
            id: approval.id.to_string(),
            agent: agent_name(state, approval),
            summary: approval.action_summary.clone(),
            risk: Pill::risk(&approval.risk_level),
            expires: Moment::new(approval.expires_at, now),
        }
    }
}

impl Blocked {
    fn new(state: &AppState, decision: &DecisionRecord, now: Timestamp) -> Self {
        let agent_row = decision.agent_id.to_string();
        let agent = state.directory.agent(decision.org_id, &agent_row, None);
        let violations: Vec<Violation> = decision.violations.parse().unwrap_or_default();
        let first = violations.first();
        Self {
            agent: agent.map_or_else(|| agent_row.clone(), |agent| agent.profile.name.clone()),
            agent_row,
            at: Moment::new(decision.evaluated_at, now),
            message: Prose::new(
                first.map(|violation| violation.message.as_str()).unwrap_or_default(),
            ),
            policy: first.map(|violation| violation.policy_name.clone()).unwrap_or_default(),
            rule: first.map(|violation| violation.rule_id.clone()).unwrap_or_default(),
            more: violations.len().saturating_sub(1),
        }
    }
}

#[cfg(test)]
impl OverviewPage {
    pub(crate) fn sample() -> Self {
        use crate::pages::samples::ago;

        let hours: [Counts; 24] = std::array::from_fn(|hour| {
            let allow = [
                18, 12, 9, 6, 8, 22, 41, 66, 92, 104, 99, 87, 95, 110, 118, 97, 84, 73, 66, 52, 44,
                38, 31, 17,
            ];
            let block = [0, 1, 0, 0, 0, 0, 0, 3, 0, 0, 5, 0, 0, 6, 0, 0, 8, 0, 0, 9, 0, 0, 11, 0];
            Counts {
                allow: allow[hour],
                approval: i64::from(hour % 5 == 2) * 2,
                block: block[hour],
            }
        });
        let waiting = |agent: &str, summary: &str, level: &str, expires: i64| Waiting {
            id: "019abf6e-2f0c-7c3d-9d0e-5a3f0f3f8f11".to_owned(),
            agent: agent.to_owned(),
            summary: summary.to_owned(),
            risk: Pill::risk(level),
            expires: ago(-expires),
        };
        let blocked =
            |agent: &str, seconds: i64, policy: &str, rule: &str, message: &str, more: usize| {
                Blocked {
                    agent_row: "019abf6e-2f0c-7c3d-9d0e-5a3f0f3f8f12".to_owned(),
                    agent: agent.to_owned(),
                    at: ago(seconds),
                    message: Prose::new(message),
                    policy: policy.to_owned(),
                    rule: rule.to_owned(),
                    more,
                }
            };
        Self {
            layout: Layout::sample(Section::Overview),
            newcomer: false,
            base_url: "http://127.0.0.1:4000".to_owned(),
            agents_active: "12".to_owned(),
            agents_paused: 1,
            decisions: Counts { allow: 1_219, approval: 12, block: 53 },
            waiting_count: 3,
            waiting: vec![
                waiting("Refund agent", "refund_payment(order 81-4402, 1,840.00 EUR)", "high", 410),
                waiting(
                    "Customs filer",
                    "submit_declaration(MRN 26DE…), export_records",
                    "medium",
                    1_160,
                ),
                waiting("Release bot", "deploy(production, carrier-api v41)", "critical", 1_610),
            ],
            blocked: vec![
                blocked(
                    "Inbox triage",
                    32,
                    "No instructions from outside",
                    "injection_scan.ignore_instructions",
                    "the input asks the agent to disregard its instructions; remove the quoted e-mail or treat it as data",
                    1,
                ),
                blocked(
                    "Customer support",
                    540,
                    "Personal data stays in",
                    "pii_access.credit_card",
                    "the input holds a credit card number; replace it by a token before the call",
                    0,
                ),
                blocked(
                    "Night batch",
                    3_900,
                    "Daily model budget",
                    "cost_limit.daily_budget",
                    "the daily budget of 40 USD is used up; raise `dailyBudget` or wait until 00:00 UTC",
                    0,
                ),
                blocked(
                    "Release bot",
                    9_100,
                    "Agent status",
                    "system.agent_paused",
                    "the agent is paused: change freeze until Monday",
                    0,
                ),
            ],
            cost_today: "$14.27".to_owned(),
            chart: Chart::new(&hours, 1),
        }
    }

    pub(crate) fn sample_newcomer() -> Self {
        let empty = Self::sample();
        Self {
            newcomer: true,
            layout: Layout { waiting: 0, ..Layout::sample(Section::Overview) },
            ..empty
        }
    }
}
