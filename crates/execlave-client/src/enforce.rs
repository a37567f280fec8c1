//! May this action happen? What needs nobody else is decided from the bundle; this module asks the server about the rest, and says what
//! a silent server means.
//!
//! No decision is cached: it depends on policies, budgets and the kill switch, all of which may have changed since the last time. Only
//! `allowed: true` in an answer that is not a 202 lets an action through. With [`FailMode::Open`] an outage lets it through as well, but
//! never silently, since the answer carries a [`Bypass`], and never for an agent that is known to be paused or an action that the bundle
//! blocks.

use std::sync::Arc;
use std::time::Duration;

use execlave_api::enforce::EnforceRequest;
use execlave_api::paths;
use execlave_core::request::Action;
use execlave_core::time::Timestamp;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep};

use crate::agents::to_body;
use crate::approvals::PendingApproval;
use crate::bypasses::Occurrence;
use crate::client::Client;
use crate::clock;
use crate::config::FailMode;
use crate::error::Error;
use crate::http::{Call, Reply};
use crate::local::{Here, Meanwhile};
use crate::privacy;

mod breaker;

use self::breaker::Admission;
pub(crate) use self::breaker::Breakers;

/// Attempts of one question under [`FailMode::Closed`], and of one that is told to come back later.
const ATTEMPTS: u32 = 3;
/// Pause after the first failed attempt; doubled after the second.
const BACKOFF: Duration = Duration::from_millis(200);

/// The first answer to a question.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The action may happen now.
    Allowed(Allowed),
    /// A person is being asked.
    Pending(PendingApproval),
}

/// Leave to act.
#[derive(Clone, Debug)]
pub struct Allowed {
    /// Who gave it.
    pub source: Source,
    /// The answer as the server sent it; for one that the server did not give, the same shape with `source`.
    pub body: Map<String, Value>,
    /// Set if nobody decided.
    pub bypass: Option<Bypass>,
}

/// Who decided about an action, or why nobody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The server.
    Server,
    /// This process, from the server's bundle of policies.
    Local,
    /// A person, through the server.
    Approval,
    /// Nobody: the breaker is open.
    CircuitBreaker,
    /// Nobody: the server could not be reached.
    NetworkError,
    /// Nobody: the server failed.
    ServerError,
    /// Nobody: the plan does not cover the question.
    PlanLimit,
}

impl Source {
    /// The word in the `source` of an answer that the server did not give, and in a bypass report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Local => "local",
            Self::Approval => "approval",
            Self::CircuitBreaker => "fail_open_circuit_breaker",
            Self::NetworkError => "fail_open_network_error",
            Self::ServerError => "fail_open_server_error",
            Self::PlanLimit => "fail_open_plan_limit",
        }
    }

    /// The word in the `reason` of a bypass report.
    fn reason(self) -> &'static str {
        match self {
            Self::Server | Self::Local | Self::Approval => "none",
            Self::CircuitBreaker => "circuit_breaker_open",
            Self::NetworkError => "network_error",
            Self::ServerError => "server_error",
            Self::PlanLimit => "plan_limit_exceeded",
        }
    }
}

/// An action that went ahead without a decision.
#[derive(Clone, Debug)]
pub struct Bypass {
    /// Why nobody decided.
    pub source: Source,
    /// The agent as the caller named it.
    pub agent_id: String,
    /// When.
    pub at: Timestamp,
    /// What was met.
    pub message: String,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Failed attempts in a row for this agent, if the attempt failed.
    pub consecutive_failures: Option<u32>,
}

impl Bypass {
    /// Why nobody decided, as a word: `network_error`, `server_error`, `circuit_breaker_open` or `plan_limit_exceeded`.
    pub fn reason(&self) -> &'static str {
        self.source.reason()
    }
}

/// A question on its way.
struct Question {
    /// The agent as the caller named it.
    agent_id: String,
    /// The agent as the server knows it, if it was registered here.
    key: String,
    action: Arc<Action>,
    /// What was known of the agent when the question was asked.
    revision: u64,
    /// What is known of the decision until the server answers.
    meanwhile: Option<Meanwhile>,
}

/// An attempt that brought no decision.
struct Outage {
    source: Source,
    message: String,
    status: Option<u16>,
    failures: u32,
}

/// What one attempt brought.
enum Attempt {
    Answered(Reply),
    Failed(Outage),
    BreakerOpen(Outage),
}

impl Client {
    /// Asks, and if a person must agree, waits for that person.
    pub async fn enforce(&self, request: EnforceRequest) -> Result<Allowed, Error> {
        match self.ask(request).await? {
            Answer::Allowed(allowed) => Ok(allowed),
            Answer::Pending(pending) => self.wait_for_approval(&pending).await,
        }
    }

    /// Asks, without waiting for anybody.
    pub async fn ask(&self, mut request: EnforceRequest) -> Result<Answer, Error> {
        self.ensure_open()?;
        let agent_id = request.agent_id.clone();
        let environment =
            request.environment.get_or_insert_with(|| self.config().environment.clone());
        let found = self.find_agent(&agent_id, Some(environment));
        if let Some(agent) = found.as_ref().filter(|_| self.config().poll_interval.is_some()) {
            self.refuse_paused(&agent_id, &agent.id)?;
        }
        let key = found.map_or_else(|| agent_id.clone(), |agent| agent.id.clone());
        privacy::scrub_request(&mut request, &self.config().privacy);
        let action = Arc::new(Action::from(request));
        let meanwhile = if self.config().ask_server_first {
            None
        } else {
            match self.decide_here(&key, &action).await {
                Here::Decided(decided) => return decided,
                Here::AskServer(meanwhile) => meanwhile,
            }
        };
        let revision = self.states().revision(&key);
        let question = Question { agent_id, key, action, revision, meanwhile };
        self.ask_until_answered(question).await
    }

    async fn ask_until_answered(&self, question: Question) -> Result<Answer, Error> {
        let action = Action::clone(&question.action);
        let body = to_body(&EnforceRequest::about(question.key.clone(), action))?;
        let mode = self.config().on_outage;
        let deadline = Instant::now() + self.config().timeout;
        let mut attempt = 1;
        loop {
            match self.attempt(&question, body.clone(), deadline).await {
                Attempt::Answered(reply) if reply.status == 429 => {
                    let wait = reply.retry_after.unwrap_or(BACKOFF * attempt);
                    if attempt == ATTEMPTS || Instant::now() + wait >= deadline {
                        return Err(reply.to_error());
                    }
                    sleep(wait).await;
                    attempt += 1;
                    continue;
                }
                Attempt::Answered(reply) => return self.interpret(&question, &reply),
                Attempt::BreakerOpen(outage) => return self.without_answer(question, outage).await,
                Attempt::Failed(outage) if mode == FailMode::Open || attempt == ATTEMPTS => {
                    return self.without_answer(question, outage).await;
                }
                Attempt::Failed(_) => {}
            }
            sleep(BACKOFF * attempt).await;
            attempt += 1;
        }
    }

    /// What becomes of an action that the server does not answer about.
    async fn without_answer(
        &self,
        mut question: Question,
        outage: Outage,
    ) -> Result<Answer, Error> {
        if self.config().ask_server_first {
            match self.decide_here(&question.key, &question.action).await {
                Here::Decided(decided) => return decided,
                Here::AskServer(meanwhile) => question.meanwhile = meanwhile,
            }
        }
        match self.config().on_outage {
            FailMode::Open => self.without_decision(&question, outage),
            FailMode::Closed => Err(self.unavailable(&question, outage)),
        }
    }

    async fn attempt(&self, question: &Question, body: Vec<u8>, deadline: Instant) -> Attempt {
        let ticket = match self.breakers().admit(&question.key) {
            Admission::Pass(ticket) => ticket,
            Admission::Open { failures, last_error } => {
                let message = format!("the circuit breaker is open after: {last_error}");
                let source = Source::CircuitBreaker;
                return Attempt::BreakerOpen(Outage { source, message, status: None, failures });
            }
        };
        // A question that fails open waits for one timeout in all, one that fails closed for one timeout per attempt.
        let timeout = match self.config().on_outage {
            FailMode::Open => deadline.saturating_duration_since(Instant::now()),
            FailMode::Closed => self.config().timeout,
        };
        let (source, message, status) =
            match self.http().send_in_turn(Call::post(paths::ENFORCE, body), timeout).await {
                Ok(reply) if reply.status >= 500 => {
                    let refusal = reply.refusal();
                    let message =
                        format!("the server failed ({}): {}", refusal.status, refusal.message);
                    (Source::ServerError, message, Some(refusal.status))
                }
                Ok(reply) if reply.is_success() && !is_object(&reply) => {
                    let message =
                        "the answer is not what an Execlave server sends; check the base URL";
                    (Source::ServerError, message.to_owned(), Some(reply.status))
                }
                Ok(reply) => {
                    ticket.success();
                    return Attempt::Answered(reply);
                }
                Err(error) => (Source::NetworkError, error.to_string(), None),
            };
        let failures = ticket.failure(&message);
        Attempt::Failed(Outage { source, message, status, failures })
    }

    /// Reads a decision out of an answer. What is not an explicit leave to act never becomes one.
    fn interpret(&self, question: &Question, reply: &Reply) -> Result<Answer, Error> {
        let body = match reply.json() {
            Some(Value::Object(body)) => body,
            _ => Map::new(),
        };
        let allowed = body.get("allowed").and_then(Value::as_bool);
        if reply.status != 402
            && let Some(windows) = self.bypass_windows()
        {
            windows.governed(&question.agent_id);
        }
        match reply.status {
            202 => match body.get("approvalRequestId").and_then(Value::as_str) {
                Some(id) if !id.is_empty() => Ok(Answer::Pending(PendingApproval::new(
                    id,
                    question.agent_id.clone(),
                    question.key.clone(),
                    &body,
                    &question.action,
                ))),
                _ => Err(blocked(&body)),
            },
            200..=299 if allowed == Some(true) => {
                self.states().saw_active(&question.key, question.revision);
                Ok(Answer::Allowed(Allowed { source: Source::Server, body, bypass: None }))
            }
            200..=299 => Err(blocked(&body)),
            403 if allowed == Some(false) => Err(self.refused_by_policy(question, &body)),
            402 if self.config().on_plan_limit == FailMode::Open => {
                let outage = Outage {
                    source: Source::PlanLimit,
                    message: reply.refusal().message,
                    status: Some(402),
                    failures: 0,
                };
                self.without_decision(question, outage)
            }
            _ => Err(reply.to_error()),
        }
    }

    /// A 403 with a decision in it: a pause if the kill switch was the reason, a block otherwise.
    fn refused_by_policy(&self, question: &Question, body: &Map<String, Value>) -> Error {
        let violations = body.get("violations").and_then(Value::as_array);
        let system = violations.into_iter().flatten().find(|violation| {
            violation.get("policyType").and_then(Value::as_str) == Some("system")
        });
        let Some(system) = system else { return blocked(body) };
        let reason = system.get("message").and_then(Value::as_str).map(str::to_owned);
        let rule = system.get("ruleId").and_then(Value::as_str);
        if matches!(rule, None | Some("system.agent_paused"))
            && self.states().saw_pause(&question.key, reason.clone())
        {
            self.observer().agent_status_changed(&question.agent_id, "paused", reason.as_deref());
        }
        Error::AgentPaused { agent_id: question.agent_id.clone(), reason }
    }

    /// Stops an action without the server: a known pause is a decision, and so is what the bundle says for certain.
    fn refuse_known(&self, question: &Question) -> Result<(), Error> {
        self.refuse_paused(&question.agent_id, &question.key)?;
        match &question.meanwhile {
            Some(meanwhile) => self.stopped_meanwhile(
                &question.agent_id,
                &question.key,
                &question.action,
                meanwhile,
            ),
            None => Ok(()),
        }
    }

    /// Stops an action that nobody decided on.
    fn unavailable(&self, question: &Question, outage: Outage) -> Error {
        self.refuse_known(question).err().unwrap_or_else(|| outage.into_error())
    }

    /// Lets an action through that nobody decided on, and says so.
    fn without_decision(&self, question: &Question, outage: Outage) -> Result<Answer, Error> {
        self.refuse_known(question)?;
        let source = outage.source;
        let mut body = Map::new();
        body.insert("allowed".to_owned(), Value::Bool(true));
        body.insert("source".to_owned(), Value::from(source.as_str()));
        if source == Source::PlanLimit {
            let warning = json!({
                "policyId": "plan_limit", "policyName": "Plan Limit", "policyType": "plan_limit",
                "enforcementMode": "warn", "message": outage.message,
            });
            body.insert("warnings".to_owned(), Value::Array(vec![warning]));
        }
        let bypass = Bypass {
            source,
            agent_id: question.agent_id.clone(),
            at: clock::now(),
            message: outage.message,
            status: outage.status,
            consecutive_failures: (outage.failures > 0).then_some(outage.failures),
        };
        self.report_bypass(&Occurrence::from(&bypass));
        Ok(Answer::Allowed(Allowed { source, body, bypass: Some(bypass) }))
    }
}

impl Outage {
    fn into_error(self) -> Error {
        Error::Unavailable { consecutive_failures: self.failures, last_error: self.message }
    }
}

fn is_object(reply: &Reply) -> bool {
    reply.json().is_some_and(|body| body.is_object())
}

fn blocked(body: &Map<String, Value>) -> Error {
    Error::Blocked {
        violations: body.get("violations").and_then(Value::as_array).cloned().unwrap_or_default(),
        decision_id: body.get("decisionId").and_then(Value::as_str).map(str::to_owned),
        decided_by: Source::Server,
    }
}
