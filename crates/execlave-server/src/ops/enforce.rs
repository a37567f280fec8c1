//! May this action happen? The decision is made in memory and recorded durably before anybody learns it.
//!
//! INVARIANT: an `allow` leaves this file only after the store has confirmed its record. Whatever goes wrong before that is an error.

pub(crate) mod claim;
mod record;
mod shown;
pub(crate) mod simulate;

use std::sync::Arc;
use std::time::Instant;

use execlave_api::enforce::{EnforceRequest, HISTORY_LENGTH, TOOLS_LENGTH};
use execlave_api::validators::ValidatorRequest;
use execlave_core::decision::{Decision, Outcome, Violation};
use execlave_core::ids::{AgentId, ApprovalId, DecisionId, OrgId};
use execlave_core::policy::{Evaluation, StateAnswer, StateQuestion, evaluate, usd_to_nanos};
use execlave_core::request::{Action, Occasion};
use execlave_core::time::Timestamp;
use execlave_store::error::StoreError;
use execlave_store::state::{StateAnswers, StateClaim};

use self::claim::Questions;
use self::record::Recorder;
use super::change_status;
use super::find_agent::find_agent;
use crate::auth::Actor;
use crate::auth::environment::Environments;
use crate::checks;
use crate::cost_rules::{self, Applied, Verdict};
use crate::directory::{AgentEntry, OrgPolicies};
use crate::error::{AppError, AppResult};
use crate::metrics;
use crate::state::AppState;
use crate::validators;

/// Scanning more text than this would keep a worker thread from other requests.
const LARGE_ACTION_BYTES: usize = 32 * 1024;

/// A decision that has been recorded.
#[derive(Debug)]
pub(crate) struct Enforced {
    pub(crate) decision: Decision,
    pub(crate) id: DecisionId,
    /// The agent it is about.
    pub(crate) agent: AgentId,
    /// The approval to wait for, when a person must agree.
    pub(crate) approval: Option<ApprovalId>,
}

/// Decides one action and records the decision.
pub(crate) async fn enforce(
    state: &AppState,
    org: OrgId,
    (actor, environments): (&Actor, &Environments),
    request: EnforceRequest,
) -> AppResult<Enforced> {
    let started = Instant::now();
    check(&request)?;
    let agent = find_agent(state, org, &request.agent_id, request.environment.as_deref()).await?;
    environments.check_agent(&agent, request.environment.as_deref())?;
    let policies = state.directory.policies(org);
    let action = Arc::new(Action::from(request));
    let id = state.clock.new_id();
    let case = Case { state, org, agent, policies, action, id, now: state.clock.now() };
    let unsettled = case.evaluate(true).await?;
    let recorder = case.recorder(actor, started);
    let decided = case.decide(unsettled, recorder).await.map_err(AppError::unavailable)?;
    if let Some(rule) = &decided.verdict.pauses {
        let (agent, reason) = (case.agent.profile.id, Some(rule.reason.clone()));
        change_status::pause_agent(state, org, &rule.actor(), agent, reason).await?;
    }
    state.directory.touched.agent(org, case.agent.profile.id, case.now);
    metrics::decision(decided.decision.outcome, started.elapsed());
    let agent = case.agent.profile.id;
    Ok(Enforced { decision: decided.decision, id: case.id, agent, approval: decided.approval })
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

/// What policies and rules say as long as nobody has answered what they ask.
struct Unsettled {
    evaluation: Evaluation,
    questions: Questions,
    rules: Vec<Applied>,
    unreadable: Vec<Violation>,
    amount_nanos: i64,
    now: Timestamp,
}

/// What became of a case.
struct Decided {
    decision: Decision,
    verdict: Verdict,
    approval: Option<ApprovalId>,
}

impl Case<'_> {
    /// What policies and rules say. Custom validators are asked only for real: a request to them is an effect outside.
    async fn evaluate(&self, for_real: bool) -> AppResult<Unsettled> {
        let evaluation = self.evaluate_policies().await?;
        let validators = if for_real { self.ask_validators(&evaluation).await } else { Vec::new() };
        let (agent, action) = (&self.agent.profile, &self.action);
        let rules = self.state.directory.cost_rules(self.org);
        Ok(Unsettled {
            questions: Questions::of(&evaluation, validators, self.now),
            rules: cost_rules::apply(&rules, agent, action, self.now),
            unreadable: self.policies.unreadable.clone(),
            amount_nanos: action.estimated_cost.and_then(usd_to_nanos).unwrap_or_default(),
            evaluation,
            now: self.now,
        })
    }

    /// Asks every custom validator a policy names, all at once, in the order in which they are named.
    async fn ask_validators(&self, evaluation: &Evaluation) -> Vec<StateAnswer> {
        let named = evaluation.checks.iter().filter_map(|check| match &check.question {
            StateQuestion::Validator(validator) => Some(validator.validator_id.as_str()),
            _ => None,
        });
        let (directory, clock) = (&self.state.directory, &self.state.clock);
        let asked: Vec<_> = named
            .map(|id| Some((directory.validator(self.org, id.parse().ok()?)?, clock.new_id())))
            .collect();
        if asked.is_empty() {
            return Vec::new();
        }
        let (agent, action) = (&self.agent.profile, &self.action);
        let environment = action.environment.as_deref().unwrap_or(&agent.environment);
        let request = ValidatorRequest {
            organization_id: self.org.to_string(),
            agent_id: agent.external_id.clone(),
            agent_name: agent.name.clone(),
            environment: environment.to_owned(),
            input: action.input.clone(),
            tools: action.tools.clone().unwrap_or_default(),
            metadata: action.metadata.clone().unwrap_or_default(),
            estimated_cost: action.estimated_cost,
            timestamp: self.now.to_string(),
        };
        validators::ask_all(&self.state.validators, asked, request, self.now).await
    }

    async fn evaluate_policies(&self) -> AppResult<Evaluation> {
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

    /// Answers what was asked of shared state and records what follows, in one commit: an action that goes ahead reserves and counts, one
    /// that is stopped changes nothing.
    async fn decide(
        &self,
        unsettled: Unsettled,
        recorder: Recorder,
    ) -> Result<Decided, StoreError> {
        let store = &self.state.store;
        if unsettled.questions.is_empty() && unsettled.rules.is_empty() {
            let (decision, verdict) = unsettled.settle(&StateAnswers::default());
            let settled = recorder.record(&decision);
            let approval = if let Some(new) = settled.approval {
                Some(store.request_approval(new, settled.decision).await?.id)
            } else {
                store.record_decision(settled.decision).await?;
                None
            };
            return Ok(Decided { decision, verdict, approval });
        }
        let unsettled = Arc::new(unsettled);
        let settling = Arc::clone(&unsettled);
        let settle = move |answers: &StateAnswers| recorder.record(&settling.settle(answers).0);
        let decided = store.decide(self.claim(&unsettled), Box::new(settle)).await?;
        let (decision, verdict) = unsettled.settle(&decided.answers);
        Ok(Decided { decision, verdict, approval: decided.approval.map(|approval| approval.id) })
    }

    fn claim(&self, unsettled: &Unsettled) -> StateClaim {
        let Questions { budgets, rates, sequences, marks, .. } = &unsettled.questions;
        let rules = unsettled.rules.iter().map(|applied| &applied.charge);
        StateClaim {
            org: self.org,
            agent: self.agent.profile.id,
            decision: self.id,
            now: self.now,
            budgets: budgets.iter().chain(rules).cloned().collect(),
            amount_nanos: unsettled.amount_nanos,
            trace_id: self.action.trace_id(),
            rates: rates.clone(),
            sequences: sequences.clone(),
            marks: marks.clone(),
        }
    }

    fn recorder(&self, actor: &Actor, started: Instant) -> Recorder {
        let config = &self.state.config;
        let settings = self.state.directory.settings(self.org);
        let keep_input = settings.and_then(|settings| settings.keep_input);
        let minutes = i64::from(config.approvals.expiry_minutes);
        Recorder {
            org: self.org,
            id: self.id,
            approval: self.state.clock.new_id(),
            agent: Arc::clone(&self.agent),
            policies: Arc::clone(&self.policies),
            action: Arc::clone(&self.action),
            key: actor.key_id(),
            keep_input: keep_input.unwrap_or(config.decisions.keep_input),
            approvers: (config.approvals.approvers, config.approvals.approvers_high_risk),
            expires_at: self.now.plus_millis(minutes * 60_000),
            now: self.now,
            started,
        }
    }
}

impl Unsettled {
    /// The decision, given the answers to the questions and then to the rules.
    fn settle(&self, answers: &StateAnswers) -> (Decision, Verdict) {
        let mut decision = self.evaluation.settle(&self.questions.answers(answers));
        let of_rules = answers.budgets.get(self.questions.budgets.len()..).unwrap_or_default();
        let verdict =
            cost_rules::judge(&self.rules, of_rules, self.amount_nanos, self.now, &mut decision);
        if !self.unreadable.is_empty() {
            decision.outcome = Outcome::Block;
            decision.violations.extend(self.unreadable.iter().cloned());
        }
        (decision, verdict)
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
