//! What becomes of an action that nobody decided on.

use std::time::Duration;

use execlave_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::{Allowed, Answer, Question, Source};
use crate::bypasses::Occurrence;
use crate::client::Client;
use crate::clock;
use crate::config::FailMode;
use crate::error::Error;
use crate::local::Here;

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

/// An attempt that brought no decision.
pub(super) struct Outage {
    pub(super) source: Source,
    pub(super) message: String,
    pub(super) status: Option<u16>,
    pub(super) failures: u32,
    /// When the server wants to be asked again.
    pub(super) retry_after: Option<Duration>,
}

impl Outage {
    fn into_error(self) -> Error {
        Error::Unavailable { consecutive_failures: self.failures, last_error: self.message }
    }
}

impl Client {
    /// What becomes of an action that the server does not answer about.
    pub(super) async fn without_answer(
        &self,
        mut question: Question,
        outage: Outage,
    ) -> Result<Answer, Error> {
        if question.asked_first {
            match self.decide_here(&question.key, &question.action).await {
                Here::Decided(decided) => return decided.map(Answer::Allowed),
                Here::AskServer(meanwhile) => question.meanwhile = meanwhile,
            }
        }
        match self.config().on_outage {
            FailMode::Open => self.without_decision(&question, outage),
            FailMode::Closed => Err(self.unavailable(&question, outage)),
        }
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
    pub(super) fn without_decision(
        &self,
        question: &Question,
        outage: Outage,
    ) -> Result<Answer, Error> {
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
