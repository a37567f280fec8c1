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
use serde_json::{Map, Value};
use tokio::time::{Instant, sleep};

use crate::agents::to_body;
use crate::approvals::PendingApproval;
use crate::client::Client;
use crate::config::FailMode;
use crate::error::Error;
use crate::http::{Call, Reply, refuse_oversized};
use crate::local::Meanwhile;

mod at_once;
mod breaker;
mod depth;
mod outage;
mod violations;

pub use self::at_once::{AtOnce, Undecided};
use self::breaker::Admission;
pub(crate) use self::breaker::Breakers;
pub use self::depth::{DEEPEST, too_deep};
pub use self::outage::Bypass;
use self::outage::Outage;
pub(crate) use self::violations::violations;

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
    /// The answer as the server sent it, or in the same shape, with `source`.
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
    /// The word in the `source` of an answer, and in a bypass report.
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

/// A question on its way.
#[derive(Debug)]
struct Question {
    /// The agent as the caller named it.
    agent_id: String,
    /// The agent as the server knows it, as far as that is known here.
    key: String,
    /// Whether it was registered here. If not, the server is asked by the caller's name, which may come to mean another agent.
    registered: bool,
    action: Arc<Action>,
    /// What was known of the agent when the server was asked.
    revision: u64,
    /// What is known of the decision until the server answers.
    meanwhile: Option<Meanwhile>,
    /// Whether the bundle was not looked at, so that it still counts where the server does not answer.
    asked_first: bool,
}

/// What one attempt brought.
enum Attempt {
    Answered(Reply),
    /// Whoever is there does not take the question.
    Refused(Error),
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
    pub async fn ask(&self, request: EnforceRequest) -> Result<Answer, Error> {
        let question = self.question(request)?;
        self.answer(Undecided { question, looked: false }).await
    }

    async fn ask_until_answered(&self, question: Question) -> Result<Answer, Error> {
        let action = Action::clone(&question.action);
        let name = if question.registered { &question.key } else { &question.agent_id };
        let body = to_body(&EnforceRequest::about(name.clone(), action))?;
        refuse_oversized(&body)?;
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
                }
                Attempt::Answered(reply) => return self.interpret(&question, &reply),
                Attempt::Refused(error) => return Err(error),
                Attempt::BreakerOpen(outage) => return self.without_answer(question, outage).await,
                Attempt::Failed(outage) if mode == FailMode::Open || attempt == ATTEMPTS => {
                    return self.without_answer(question, outage).await;
                }
                Attempt::Failed(outage) => {
                    let asked = outage.retry_after;
                    let wait = asked.unwrap_or(BACKOFF * attempt);
                    if asked.is_some() && Instant::now() + wait >= deadline {
                        return self.without_answer(question, outage).await;
                    }
                    sleep(wait).await;
                    attempt += 1;
                }
            }
        }
    }

    async fn attempt(&self, question: &Question, body: Vec<u8>, deadline: Instant) -> Attempt {
        let ticket = match self.breakers().admit(&question.key) {
            Admission::Pass(ticket) => ticket,
            Admission::Open { failures, last_error } => {
                let message = format!("the circuit breaker is open after: {last_error}");
                let source = Source::CircuitBreaker;
                return Attempt::BreakerOpen(Outage {
                    source,
                    message,
                    status: None,
                    failures,
                    retry_after: None,
                });
            }
        };
        // A question that fails open waits for one timeout in all, one that fails closed for one timeout per attempt.
        let timeout = match self.config().on_outage {
            FailMode::Open => deadline.saturating_duration_since(Instant::now()),
            FailMode::Closed => self.config().timeout,
        };
        let (source, message, status, retry_after) =
            match self.http().send_in_turn(Call::post(paths::ENFORCE, body), timeout).await {
                Ok(reply) if reply.status >= 500 => {
                    let refusal = reply.refusal();
                    let message =
                        format!("the server failed ({}): {}", refusal.status, refusal.message);
                    (Source::ServerError, message, Some(refusal.status), refusal.retry_after)
                }
                Ok(reply) if reply.is_success() && !is_object(&reply) => {
                    let message =
                        "the answer is not what an Execlave server sends; check the base URL";
                    (Source::ServerError, message.to_owned(), Some(reply.status), None)
                }
                Ok(reply) => {
                    ticket.success();
                    return Attempt::Answered(reply);
                }
                Err(error @ Error::TooLarge(_)) => {
                    ticket.success();
                    return Attempt::Refused(error);
                }
                Err(error) => (Source::NetworkError, error.to_string(), None, None),
            };
        let failures = ticket.failure(&message);
        Attempt::Failed(Outage { source, message, status, failures, retry_after })
    }

    /// Keeps in mind which agent an answer is about, so that its policies can be held for the next outage.
    fn learn_agent(&self, question: &Question, reply: &Reply) {
        let Some(id) = reply.agent_id.filter(|_| self.config().local_decisions) else { return };
        let environment = question.action.environment.as_deref().unwrap_or_default();
        if !question.registered
            && self.registry().welcome(&question.agent_id, environment, &id.to_string())
        {
            self.local().refresh_soon();
        }
    }

    /// Reads a decision out of an answer. What is not an explicit leave to act never becomes one.
    fn interpret(&self, question: &Question, reply: &Reply) -> Result<Answer, Error> {
        let mut body = match reply.json() {
            Some(Value::Object(body)) => body,
            _ => Map::new(),
        };
        self.learn_agent(question, reply);
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
                let source = Source::Server;
                body.insert("source".to_owned(), Value::from(source.as_str()));
                Ok(Answer::Allowed(Allowed { source, body, bypass: None }))
            }
            200..=299 => Err(blocked(&body)),
            403 if allowed == Some(false) => Err(self.refused_by_policy(question, &body)),
            402 if self.config().on_plan_limit == FailMode::Open => {
                let outage = Outage {
                    source: Source::PlanLimit,
                    message: reply.refusal().message,
                    status: Some(402),
                    failures: 0,
                    retry_after: None,
                };
                self.without_decision(question, outage)
            }
            413 => Err(Error::TooLarge(Box::new(reply.refusal()))),
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
        Error::AgentPaused {
            agent_id: question.agent_id.clone(),
            reason,
            decided_by: Source::Server,
        }
    }
}

fn is_object(reply: &Reply) -> bool {
    reply.json().is_some_and(|body| body.is_object())
}

fn blocked(body: &Map<String, Value>) -> Error {
    Error::Blocked {
        violations: violations(body),
        decision_id: body.get("decisionId").and_then(Value::as_str).map(str::to_owned),
        decided_by: Source::Server,
    }
}
