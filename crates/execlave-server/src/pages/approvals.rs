//! `/approvals`: what waits for a person, and what people answered.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use execlave_core::decision::Violation;
use execlave_core::risk::RiskPart;
use execlave_core::time::Timestamp;
use execlave_store::approvals::{Approval, ApprovalStatus, ApprovalVote};
use execlave_store::page::PageRequest;
use serde::Deserialize;

use crate::auth::permission::DecideApprovals;
use crate::auth::session::Viewer;
use crate::pages::action::ActionShown;
use crate::pages::failure::PageError;
use crate::pages::layout::{Layout, Section};
use crate::pages::moment::Moment;
use crate::pages::pill::Pill;
use crate::pages::prose::Prose;
use crate::pages::query::Asked;
use crate::pages::query_string;
use crate::state::AppState;

/// The queue.
#[derive(Debug, Template)]
#[template(path = "approvals/index.html")]
pub(crate) struct ApprovalsPage {
    layout: Layout,
    may_decide: bool,
    no_fault: Option<&'static str>,
    pending: Vec<Card>,
    /// Waiting requests that are not shown; those that expire first are.
    more_pending: usize,
    decided: Vec<Decided>,
    older: Option<String>,
}

/// One request with everything needed to answer it.
#[derive(Debug)]
pub(crate) struct Card {
    pub(crate) id: String,
    pub(crate) agent: String,
    pub(crate) asked: Moment,
    pub(crate) expires: Moment,
    pub(crate) action: ActionShown,
    pub(crate) environment: String,
    pub(crate) digest: String,
    pub(crate) violations: Vec<ViolationLine>,
    pub(crate) risk_score: i64,
    pub(crate) risk_level: String,
    pub(crate) risk: Pill,
    pub(crate) parts: Vec<RiskLine>,
    pub(crate) pending: bool,
    pub(crate) status: Pill,
    pub(crate) required: i64,
    pub(crate) answers: Vec<Answer>,
}

/// A policy that fired.
#[derive(Debug)]
pub(crate) struct ViolationLine {
    pub(crate) policy: String,
    pub(crate) message: Prose,
    pub(crate) rule: String,
    pub(crate) severity: String,
    /// Redacted by the core before it was stored.
    pub(crate) excerpt: Option<String>,
}

/// A summand of the risk score.
#[derive(Debug)]
pub(crate) struct RiskLine {
    pub(crate) name: Prose,
    pub(crate) points: u8,
    pub(crate) reason: Prose,
}

/// What one person said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) outcome: Pill,
    pub(crate) by: String,
    pub(crate) at: Moment,
    pub(crate) reason: Option<String>,
}

/// An answered request, in the list below the queue.
#[derive(Debug)]
struct Decided {
    id: String,
    agent: String,
    summary: String,
    status: Pill,
    by: Option<String>,
    reason: Option<String>,
    at: Moment,
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Part {
    cursor: Option<String>,
}

/// More cards than a person can answer before the last of them expires.
const CARDS: usize = 40;

/// `GET /approvals`
pub(crate) async fn list(
    State(state): State<AppState>,
    Viewer(who): Viewer,
    Asked(part): Asked<Part>,
) -> Result<Html<String>, PageError> {
    let now = state.clock.now();
    let all = PageRequest { limit: PageRequest::MAX_LIMIT, cursor: None };
    let mut pending =
        state.store.list_approvals(who.org, Some(ApprovalStatus::Pending), &all).await?.items;
    pending.sort_by_key(|approval| (approval.expires_at, approval.id));
    let more_pending = pending.len().saturating_sub(CARDS);
    pending.truncate(CARDS);

    let page = PageRequest { cursor: part.cursor, ..PageRequest::default() };
    let latest = state.store.list_approvals(who.org, None, &page).await?;
    let ended =
        latest.items.into_iter().filter(|approval| approval.status != ApprovalStatus::Pending);
    let page = ApprovalsPage {
        layout: Layout::load(&state, &who, Section::Approvals).await?,
        may_decide: who.may::<DecideApprovals>(),
        no_fault: None,
        pending: pending.iter().map(|approval| Card::new(&state, approval, now)).collect(),
        more_pending,
        decided: ended.map(|approval| Decided::new(&state, approval, now)).collect(),
        older: latest.next_cursor.map(|cursor| query_string("/approvals", &[("cursor", &cursor)])),
    };
    Ok(Html(page.render()?))
}

impl Card {
    /// A request as seen at a moment.
    pub(crate) fn new(state: &AppState, approval: &Approval, now: Timestamp) -> Self {
        let violations: Vec<Violation> = approval.violations.parse().unwrap_or_default();
        let expired = approval.expires_at <= now;
        let status = match approval.status {
            // The job that ends overdue requests has not come by yet; nobody can answer it any more.
            ApprovalStatus::Pending if expired => ApprovalStatus::Expired,
            status => status,
        };
        Self {
            id: approval.id.to_string(),
            agent: agent_name(state, approval),
            asked: Moment::new(approval.created_at, now),
            expires: Moment::new(approval.expires_at, now),
            action: ActionShown::new(approval),
            environment: approval.environment.clone(),
            digest: approval.action_digest.chars().take(16).collect(),
            violations: violations.into_iter().map(ViolationLine::new).collect(),
            risk_score: approval.risk_score.clamp(0, 100),
            risk_level: approval.risk_level.clone(),
            risk: Pill::risk(&approval.risk_level),
            parts: risk_lines(approval),
            pending: status == ApprovalStatus::Pending,
            status: Pill::approval(status.as_str()),
            required: approval.required_approvers,
            answers: approval.decisions.iter().map(|vote| Answer::new(vote, now)).collect(),
        }
    }
}

fn risk_lines(approval: &Approval) -> Vec<RiskLine> {
    let parts: Vec<RiskPart> = approval.risk_parts.parse().unwrap_or_default();
    let line = |part: RiskPart| RiskLine {
        name: Prose::new(&part.name),
        points: part.points,
        reason: Prose::new(&part.reason),
    };
    parts.into_iter().map(line).collect()
}

impl ViolationLine {
    fn new(violation: Violation) -> Self {
        Self {
            policy: violation.policy_name,
            message: Prose::new(&violation.message),
            rule: violation.rule_id,
            severity: violation.severity.as_str().to_owned(),
            excerpt: violation
                .evidence
                .map(|evidence| evidence.excerpt)
                .filter(|excerpt| !excerpt.is_empty()),
        }
    }
}

impl Answer {
    fn new(vote: &ApprovalVote, now: Timestamp) -> Self {
        Self {
            outcome: Pill::approval(if vote.approve { "approved" } else { "denied" }),
            by: vote.label.clone(),
            at: Moment::new(vote.at, now),
            reason: vote.reason.clone(),
        }
    }
}

impl Decided {
    fn new(state: &AppState, approval: Approval, now: Timestamp) -> Self {
        Self {
            id: approval.id.to_string(),
            agent: agent_name(state, &approval),
            status: Pill::approval(approval.status.as_str()),
            by: approval.decisions.last().map(|vote| vote.label.clone()),
            at: Moment::new(approval.decided_at.unwrap_or(approval.expires_at), now),
            summary: approval.action_summary,
            reason: approval.decision_reason,
        }
    }
}

/// The agent's name; its id should it be gone from memory.
pub(crate) fn agent_name(state: &AppState, approval: &Approval) -> String {
    let id = approval.agent_id.to_string();
    state.directory.agent(approval.org_id, &id, None).map_or(id, |agent| agent.profile.name.clone())
}

#[cfg(test)]
impl Card {
    pub(crate) fn sample(
        agent: &str,
        summary: &str,
        score: i64,
        level: &str,
        expires: i64,
    ) -> Self {
        use crate::pages::samples::ago;

        let part = |name: &str, points, reason: &str| RiskLine {
            name: Prose::new(name),
            points,
            reason: Prose::new(reason),
        };
        Self {
            id: format!("019abf6e-2f0c-7c3d-9d0e-{score:012x}"),
            agent: agent.to_owned(),
            asked: ago(1_800 - expires),
            expires: ago(-expires),
            action: ActionShown::sample(summary, &["refund_payment"]),
            environment: "production".to_owned(),
            digest: "9f2c1b7a44d0".to_owned(),
            violations: vec![ViolationLine {
                policy: "Money moves with a second pair of eyes".to_owned(),
                message: Prose::new("`refund_payment` needs a person's approval above 500 USD"),
                rule: "action_approval.tool".to_owned(),
                severity: "high".to_owned(),
                excerpt: None,
            }],
            risk_score: score,
            risk_level: level.to_owned(),
            risk: Pill::risk(level),
            parts: vec![
                part("severity", 30, "a violation of high severity"),
                part("tools", 25, "the tool `refund_payment` destroys, pays or runs code"),
                part("environment", 10, "runs in production"),
                part("cost", 3, "0.02 USD estimated"),
            ],
            pending: true,
            status: Pill::approval("pending"),
            required: 1,
            answers: Vec::new(),
        }
    }
}

#[cfg(test)]
impl ApprovalsPage {
    pub(crate) fn sample() -> Self {
        use crate::pages::samples::ago;

        let decided = |agent: &str,
                       summary: &str,
                       status: &str,
                       by: Option<&str>,
                       reason: Option<&str>,
                       seconds| Decided {
            id: "019abf6e-2f0c-7c3d-9d0e-5a3f0f3f8f13".to_owned(),
            agent: agent.to_owned(),
            summary: summary.to_owned(),
            status: Pill::approval(status),
            by: by.map(str::to_owned),
            reason: reason.map(str::to_owned),
            at: ago(seconds),
        };
        Self {
            layout: Layout::sample(Section::Approvals),
            may_decide: true,
            no_fault: None,
            pending: vec![
                Card::sample(
                    "Refund agent",
                    "Refund order 81-4402: customer received the wrong pallet.",
                    68,
                    "high",
                    410,
                ),
                Card::sample(
                    "Customs filer",
                    "Submit export declaration for 14 containers and e-mail the broker.",
                    41,
                    "medium",
                    1_160,
                ),
            ],
            more_pending: 0,
            decided: vec![
                decided(
                    "Release bot",
                    "deploy carrier-api v40 to production",
                    "approved",
                    Some("Ada Okafor"),
                    Some("Rolled out to staging yesterday, tests green."),
                    4_000,
                ),
                decided(
                    "Refund agent",
                    "Refund order 80-1180: 9,200.00 EUR",
                    "denied",
                    Some("Tomás Lindqvist"),
                    Some("No return registered in the warehouse."),
                    11_000,
                ),
                decided("Inbox triage", "forward_message(external)", "expired", None, None, 52_000),
            ],
            older: None,
        }
    }
}
