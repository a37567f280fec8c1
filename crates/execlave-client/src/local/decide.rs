//! One question, put to the bundle first.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use execlave_api::enforce::{EnforceResponse, Violation};
use execlave_core::bundle::LocalVerdict;
use execlave_core::decision::{Decision, Outcome};
use execlave_core::policy::Evaluation;
use execlave_core::request::Action;
use execlave_core::time::Timestamp;
use serde_json::{Map, Value};

use super::{Held, bounds};
use crate::client::Client;
use crate::clock;
use crate::compute::compute;
use crate::config::FailMode;
use crate::enforce::{Allowed, Source};
use crate::error::Error;
use crate::outbox::Outbox as _;
use crate::reports::{About, Report};
use crate::trace::History;

/// Larger actions are read on a thread where nobody else waits.
const LARGE: usize = 32 << 10;

/// What the bundle says.
pub(crate) enum Here {
    /// This, and the server need not be asked.
    Decided(Result<Allowed, Error>),
    /// The server must be asked; and this, as far as it is known, if it does not answer.
    AskServer(Option<Meanwhile>),
}

/// What policies say about an action without the server.
#[derive(Debug)]
pub(crate) struct Meanwhile {
    held: Arc<Held>,
    evaluation: Box<Evaluation>,
    bytes: usize,
    started: Instant,
}

/// A bundle that can be used for an action, at this moment.
struct Look {
    held: Arc<Held>,
    now: Timestamp,
    bytes: usize,
    started: Instant,
}

impl Look {
    fn decide(&self, key: &str, action: &Action) -> Option<LocalVerdict> {
        Some(self.held.decide(self.held.agents.get(key)?, action, self.now))
    }
}

impl Client {
    /// Decides here, if it can be done.
    pub(crate) async fn decide_here(&self, key: &str, action: &Arc<Action>) -> Here {
        let Some(look) = self.look_here(key, action) else { return Here::AskServer(None) };
        let verdict = if look.bytes <= LARGE {
            look.decide(key, action)
        } else {
            let (held, now) = (Arc::clone(&look.held), look.now);
            let (action, key) = (Arc::clone(action), key.to_owned());
            let deciding = move || Some(held.decide(held.agents.get(&key)?, &action, now));
            compute(self.config().work_threads.questions.as_ref(), deciding).await.flatten()
        };
        self.conclude_here(key, action, look, verdict)
    }

    /// Decides here and now, whatever the size.
    pub(crate) fn decide_small_here(&self, key: &str, action: &Arc<Action>) -> Here {
        let Some(look) = self.look_here(key, action) else { return Here::AskServer(None) };
        let verdict = look.decide(key, action);
        self.conclude_here(key, action, look, verdict)
    }

    /// The bundle, if it can be used for this action.
    fn look_here(&self, key: &str, action: &Action) -> Option<Look> {
        let now = clock::now();
        let held = self.local().held().filter(|held| !held.is_over(now))?;
        if !held.agents.get(key)?.stamp.is_current() {
            self.local().refresh_soon();
            return None;
        }
        let bytes = bounds::weigh(action)?;
        Some(Look { held, now, bytes, started: Instant::now() })
    }

    /// Makes an answer of a verdict.
    fn conclude_here(
        &self,
        key: &str,
        action: &Arc<Action>,
        Look { held, bytes, started, .. }: Look,
        verdict: Option<LocalVerdict>,
    ) -> Here {
        // Learnt while it was evaluated, a pause still counts.
        let agent = held.agents.get(key).filter(|agent| agent.stamp.is_current());
        let (Some(agent), Some(verdict)) = (agent, verdict) else { return Here::AskServer(None) };
        match verdict {
            LocalVerdict::Decided(decision) => {
                let about = About::new(action, bytes, held.bundle.keep_input);
                Here::Decided(self.decided_here(&held, &agent.id, about, decision, started))
            }
            LocalVerdict::AskServer(evaluation) => {
                Here::AskServer(Some(Meanwhile { held, evaluation, bytes, started }))
            }
        }
    }

    /// Stops an action the server does not answer about, if what is known here is enough for that.
    ///
    /// A client that fails closed would stop it anyway, so only what is certain is called a decision. One that fails open also stops what
    /// a policy stops that cannot be evaluated and says so with its own `failureMode`.
    pub(crate) fn stopped_meanwhile(
        &self,
        agent_id: &str,
        key: &str,
        action: &Arc<Action>,
        Meanwhile { held, evaluation, bytes, started }: &Meanwhile,
    ) -> Result<(), Error> {
        let Some(agent) = held.agents.get(key) else { return Ok(()) };
        let decision = match self.config().on_outage {
            FailMode::Open => evaluation.settle_without_state(),
            FailMode::Closed => evaluation.decision.clone(),
        };
        if decision.outcome != Outcome::Block {
            return Ok(());
        }
        if let Some(system) =
            decision.violations.iter().find(|violation| violation.policy_type == "system")
        {
            let (agent_id, reason) = (agent_id.to_owned(), Some(system.message.clone()));
            return Err(Error::AgentPaused { agent_id, reason, decided_by: Source::Local });
        }
        let about = About::new(action, *bytes, held.bundle.keep_input);
        self.decided_here(held, &agent.id, about, decision, *started).map(|_| ())
    }

    /// Hands the decision to the reports, and the answer to the caller.
    fn decided_here(
        &self,
        held: &Held,
        agent_id: &Arc<str>,
        about: About,
        decision: Decision,
        started: Instant,
    ) -> Result<Allowed, Error> {
        let id = clock::new_id();
        let duration = started.elapsed();
        let answer = answer(&decision, id.to_string());
        self.local_decisions().fetch_add(1, Ordering::Relaxed);
        self.reports().push(Report {
            id,
            agent_id: Arc::clone(agent_id),
            about,
            decision,
            bundle_version: Arc::clone(&held.version),
            duration_us: i64::try_from(duration.as_micros()).unwrap_or(i64::MAX),
            evaluated_at: clock::now(),
            history: History::default(),
        });
        answer
    }

    /// Whether a bundle is held from which this agent's actions can be decided here.
    pub fn decides_locally(&self, agent_id: &str, environment: Option<&str>) -> bool {
        let key = self.key_of(agent_id, environment);
        self.local().held().is_some_and(|held| held.covers(&key, clock::now()))
    }

    /// How many decisions were made in this process since this client was made.
    pub fn local_decision_count(&self) -> u64 {
        self.local_decisions().load(Ordering::Relaxed)
    }

    /// Local decisions that the server will never learn of, since this client was made.
    pub fn lost_decisions(&self) -> u64 {
        self.reports().queue().lost()
    }

    /// Local decisions that wait to be reported.
    pub fn waiting_decisions(&self) -> usize {
        self.reports().queue().buffer.len()
    }
}

/// The answer as the server would send it.
fn answer(decision: &Decision, id: String) -> Result<Allowed, Error> {
    let response = EnforceResponse {
        allowed: decision.outcome == Outcome::Allow,
        decision_id: Some(id),
        requires_approval: None,
        approval_request_id: None,
        poll_url: None,
        violations: Violation::list(decision.violations.iter().cloned()),
        warnings: Violation::list(decision.warnings.iter().cloned()),
    };
    if !response.allowed {
        return Err(Error::Blocked {
            violations: response.violations.iter().map(to_json).collect(),
            decision_id: response.decision_id,
            decided_by: Source::Local,
        });
    }
    let mut body = Map::new();
    body.insert("allowed".to_owned(), Value::Bool(true));
    body.extend(response.decision_id.map(|id| ("decisionId".to_owned(), Value::String(id))));
    body.insert("source".to_owned(), Value::from(Source::Local.as_str()));
    if !response.warnings.is_empty() {
        let warnings = response.warnings.iter().map(to_json).collect();
        body.insert("warnings".to_owned(), Value::Array(warnings));
    }
    Ok(Allowed { source: Source::Local, body, bypass: None })
}

fn to_json(violation: &Violation) -> Value {
    // Infallible: strings and numbers always become JSON.
    serde_json::to_value(violation).unwrap_or_default()
}
