//! May this action happen? The decision is made in memory and recorded durably before anybody learns it.
//!
//! INVARIANT: an `allow` leaves this file only after the store has confirmed its record. Whatever goes wrong before that is an error.

use std::sync::Arc;
use std::time::Instant;

use execlave_api::enforce::EnforceRequest;
use execlave_core::decision::{Decision, Outcome};
use execlave_core::ids::{ApprovalId, DecisionId, OrgId};
use execlave_core::policy::{
    BudgetCheck, EnforcementMode, Evaluation, StateAnswer, StateCheck, StateQuestion, evaluate,
    usd_to_nanos,
};
use execlave_core::redact::redact_text;
use execlave_core::request::{Action, Occasion};
use execlave_core::risk::{self, RiskLevel};
use execlave_core::time::Timestamp;
use execlave_store::Json;
use execlave_store::approvals::NewApproval;
use execlave_store::decisions::{DecisionRecord, DecisionSource};
use execlave_store::error::StoreError;
use execlave_store::spend::{Charge, period_start};

use super::find_agent::find_agent;
use crate::auth::Actor;
use crate::checks;
use crate::directory::{AgentEntry, OrgPolicies};
use crate::error::{AppError, AppResult};
use crate::metrics;
use crate::state::AppState;

const HISTORY_LENGTH: usize = 50;
const TOOLS_LENGTH: usize = 100;
const SUMMARY_LENGTH: usize = 280;
/// Scanning more text than this would keep a worker thread from other requests.
const LARGE_ACTION_BYTES: usize = 32 * 1024;

/// A decision that has been recorded.
#[derive(Debug)]
pub(crate) struct Enforced {
    pub(crate) decision: Decision,
    pub(crate) id: DecisionId,
    /// The approval to wait for, when a person must agree.
    pub(crate) approval: Option<ApprovalId>,
}

/// Decides one action and records the decision.
pub(crate) async fn enforce(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    request: EnforceRequest,
) -> AppResult<Enforced> {
    let started = Instant::now();
    check(&request)?;
    let agent = find_agent(state, org, &request.agent_id, request.environment.as_deref()).await?;
    let policies = state.directory.policies(org);
    let action = Arc::new(Action::from(request));
    let case = Case {
        state,
        org,
        agent,
        policies,
        action,
        id: state.clock.new_id(),
        now: state.clock.now(),
    };
    let evaluation = case.evaluate().await?;
    let decision = case.settle(evaluation).await.map_err(AppError::unavailable)?;
    let record = case.record(&decision, actor, started);
    let approval = case.store(&decision, record).await.map_err(AppError::unavailable)?;
    state.directory.touched.agent(org, case.agent.profile.id, case.now);
    metrics::decision(decision.outcome, started.elapsed());
    Ok(Enforced { decision, id: case.id, approval })
}

/// One action under decision.
struct Case<'a> {
    state: &'a AppState,
    org: OrgId,
    agent: Arc<AgentEntry>,
    policies: Arc<OrgPolicies>,
    action: Arc<Action>,
    id: DecisionId,
    now: Timestamp,
}

impl Case<'_> {
    async fn evaluate(&self) -> AppResult<Evaluation> {
        let (policies, agent, action) =
            (Arc::clone(&self.policies), Arc::clone(&self.agent), Arc::clone(&self.action));
        let (org, now) = (self.org, self.now);
        let evaluating =
            move || evaluate(&policies.set, &Occasion::before(org, &agent.profile, &action, now));
        if size(&self.action) < LARGE_ACTION_BYTES {
            return Ok(evaluating());
        }
        tokio::task::spawn_blocking(evaluating).await.map_err(AppError::internal)
    }

    /// Asks the counters. The estimate is reserved only for an action that goes ahead; one that is stopped or waits spends nothing.
    async fn settle(&self, evaluation: Evaluation) -> Result<Decision, StoreError> {
        let budgets: Vec<(usize, Charge)> = evaluation
            .checks
            .iter()
            .enumerate()
            .filter_map(|(index, check)| Some((index, charge(check, budget(check)?, self.now))))
            .collect();
        let charges: Vec<Charge> = budgets.iter().map(|(_, charge)| charge.clone()).collect();
        let amounts = evaluation.checks.iter().filter_map(budget).map(|check| check.amount_nanos);
        let amount = amounts.max().unwrap_or_default();
        let store = &self.state.store;
        let goes_ahead =
            evaluation.decision.outcome == Outcome::Allow && self.policies.unreadable.is_empty();
        let exceeded = if charges.is_empty() {
            Vec::new()
        } else if goes_ahead {
            store
                .reserve_spend(self.org, &charges, amount, self.id, self.agent.profile.id, self.now)
                .await?
        } else {
            store.peek_spend(self.org, &charges, amount).await?
        };
        let mut answers = vec![StateAnswer::unknown(); evaluation.checks.len()];
        for (place, (index, _)) in budgets.iter().enumerate() {
            answers[*index] = if exceeded.contains(&place) {
                StateAnswer::violated()
            } else {
                StateAnswer::Passed
            };
        }
        let mut decision = evaluation.settle(&answers);
        if !self.policies.unreadable.is_empty() {
            decision.outcome = Outcome::Block;
            decision.violations.extend(self.policies.unreadable.iter().cloned());
        }
        Ok(decision)
    }

    fn record(&self, decision: &Decision, actor: &Actor, started: Instant) -> DecisionRecord {
        let settings = self.state.directory.settings(self.org);
        let keep_input = settings
            .and_then(|settings| settings.keep_input)
            .unwrap_or(self.state.config.decisions.keep_input);
        DecisionRecord {
            org_id: self.org,
            id: self.id,
            agent_id: self.agent.profile.id,
            environment: self.environment().to_owned(),
            action_digest: self.action.digest().to_string(),
            outcome: decision.outcome,
            violations: Json::of(&decision.violations),
            warnings: Json::of(&decision.warnings),
            policy_versions: Json::of::<[(); 0]>(&[]),
            problems: Json::of(&decision.problems),
            source: DecisionSource::Server,
            bundle_version: self.policies.version.clone(),
            input: keep_input.then(|| self.action.input.clone()),
            approval_id: None,
            key_id: actor.key_id(),
            duration_us: i64::try_from(started.elapsed().as_micros()).unwrap_or(i64::MAX),
            evaluated_at: self.now,
        }
    }

    async fn store(
        &self,
        decision: &Decision,
        record: DecisionRecord,
    ) -> Result<Option<ApprovalId>, StoreError> {
        if decision.outcome != Outcome::RequireApproval {
            self.state.store.record_decision(record).await?;
            return Ok(None);
        }
        let approval = self.state.store.request_approval(self.approval(decision), record).await?;
        Ok(Some(approval.id))
    }

    fn approval(&self, decision: &Decision) -> NewApproval {
        let risk = risk::assess(&decision.violations, &self.action, &self.agent.profile);
        let routed_to = match risk.level {
            RiskLevel::Low => "standard",
            RiskLevel::Medium => "group",
            RiskLevel::High | RiskLevel::Critical => "named_approver",
        };
        let minutes = i64::from(self.state.config.approvals.expiry_minutes);
        NewApproval {
            id: self.state.clock.new_id(),
            action_summary: summary(&self.action),
            risk_score: i64::from(risk.score),
            risk_level: risk.level.as_str().to_owned(),
            risk_parts: Json::of(&risk.parts),
            routed_to: vec![routed_to.to_owned()],
            required_approvers: 1,
            expires_at: self.now.plus_millis(minutes * 60_000),
        }
    }

    fn environment(&self) -> &str {
        self.action.environment.as_deref().unwrap_or(&self.agent.profile.environment)
    }
}

fn check(request: &EnforceRequest) -> AppResult<()> {
    checks::required("agentId", &request.agent_id, checks::NAME_LENGTH)?;
    if request.input.is_empty() {
        return Err(AppError::invalid("input", "must not be empty"));
    }
    request
        .environment
        .as_deref()
        .map_or(Ok(()), |environment| checks::word("environment", environment))?;
    if request.conversation_history.len() > HISTORY_LENGTH {
        let message = format!("must have at most {HISTORY_LENGTH} turns: send the latest ones");
        return Err(AppError::invalid("conversationHistory", message));
    }
    if request.tools.as_ref().is_some_and(|tools| tools.len() > TOOLS_LENGTH) {
        return Err(AppError::invalid(
            "tools",
            format!("must have at most {TOOLS_LENGTH} entries"),
        ));
    }
    if request.estimated_cost.is_some_and(|cost| usd_to_nanos(cost).is_none()) {
        return Err(AppError::invalid("estimatedCost", "must be an amount in USD, zero or more"));
    }
    Ok(())
}

fn budget(check: &StateCheck) -> Option<&BudgetCheck> {
    match &check.question {
        StateQuestion::Budget(budget) => Some(budget),
        _ => None,
    }
}

fn charge(check: &StateCheck, budget: &BudgetCheck, now: Timestamp) -> Charge {
    Charge {
        scope_key: budget.scope_key.clone(),
        window: budget.window,
        starts_at: period_start(budget.window, now),
        cap_nanos: budget.cap_nanos,
        enforced: check.enforcement_mode >= EnforcementMode::RequireApproval,
    }
}

/// About how much text there is to scan.
fn size(action: &Action) -> usize {
    let history: usize = action.conversation_history.iter().map(|turn| turn.content.len()).sum();
    let outputs: usize = action.tool_outputs.iter().map(|output| text_size(&output.output)).sum();
    action.input.len() + history + outputs
}

fn text_size(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::String(text) => text.len(),
        serde_json::Value::Array(items) => items.iter().map(text_size).sum(),
        serde_json::Value::Object(fields) => fields.values().map(text_size).sum(),
        _ => 8,
    }
}

/// A line for the person who is asked. Personal data is masked: the queue is read by more people than the conversation.
fn summary(action: &Action) -> String {
    let tools = action.tools.as_deref().unwrap_or_default();
    let head = if tools.is_empty() { String::new() } else { format!("{}: ", tools.join(", ")) };
    let text = format!("{head}{}", action.input);
    // Masked before it is cut, since half an address is not recognised as one; of a long text the beginning up to a whole word is read.
    let read = match text.char_indices().nth(SUMMARY_LENGTH * 4) {
        Some((end, _)) => {
            text[..end].rsplit_once(char::is_whitespace).map_or("…", |(whole, _)| whole)
        }
        None => &text,
    };
    let line = redact_text(read).split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SUMMARY_LENGTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
