//! The way of a question: what can be said at once is said at once, and only the rest waits for anybody.
//!
//! A small action that this process decides takes less time than handing it to another thread, so a caller that is no task of the runtime
//! asks [`Client::enforce_at_once`] first.

use std::sync::Arc;

use execlave_api::enforce::EnforceRequest;
use execlave_core::request::Action;

use super::depth::ensure_readable;
use super::{Allowed, Answer, Question};
use crate::client::Client;
use crate::config::FailMode;
use crate::error::Error;
use crate::local::{Here, is_small};
use crate::privacy;

/// What can be said without waiting.
#[derive(Debug)]
pub enum AtOnce {
    /// The action may happen now.
    Allowed(Allowed),
    /// [`Client::enforce_undecided`] goes on from here.
    Undecided(Undecided),
}

/// A question that nobody has decided yet.
#[derive(Debug)]
pub struct Undecided {
    pub(super) question: Question,
    /// Whether the bundle was asked already.
    pub(super) looked: bool,
}

impl Client {
    /// Decides a small action, if it can be decided in this process. Takes microseconds and waits for nothing.
    pub fn enforce_at_once(&self, request: EnforceRequest) -> Result<AtOnce, Error> {
        let mut question = self.question(request)?;
        let mut looked = false;
        if !question.asked_first && is_small(&question.action) {
            self.scrub(&mut question)?;
            match self.decide_small_here(&question.key, &question.action) {
                Here::Decided(decided) => return decided.map(AtOnce::Allowed),
                Here::AskServer(meanwhile) => {
                    question.meanwhile = meanwhile;
                    looked = true;
                }
            }
        }
        Ok(AtOnce::Undecided(Undecided { question, looked }))
    }

    /// Asks what was not decided at once, and if a person must agree, waits for that person.
    pub async fn enforce_undecided(&self, undecided: Undecided) -> Result<Allowed, Error> {
        match self.answer(undecided).await? {
            Answer::Allowed(allowed) => Ok(allowed),
            Answer::Pending(pending) => self.wait_for_approval(&pending).await,
        }
    }

    pub(super) async fn answer(
        &self,
        Undecided { mut question, looked }: Undecided,
    ) -> Result<Answer, Error> {
        if !looked {
            self.scrub(&mut question)?;
            if !question.asked_first {
                match self.decide_here(&question.key, &question.action).await {
                    Here::Decided(decided) => return decided.map(Answer::Allowed),
                    Here::AskServer(meanwhile) => question.meanwhile = meanwhile,
                }
            }
        }
        question.revision = self.states().revision(&question.key);
        self.ask_until_answered(question).await
    }

    /// Finds the agent; refuses one that is known to be paused, and everything while the plan is known to be used up.
    pub(super) fn question(&self, mut request: EnforceRequest) -> Result<Question, Error> {
        self.ensure_open()?;
        if self.config().on_plan_limit == FailMode::Closed
            && let Some(exhausted) = self.http().exhausted_quota()
        {
            return Err(exhausted);
        }
        ensure_readable(&request)?;
        let agent_id = request.agent_id.clone();
        let environment =
            request.environment.get_or_insert_with(|| self.config().environment.clone());
        let found = self.find_agent(&agent_id, Some(environment));
        if let Some(agent) = found.as_ref().filter(|_| self.config().poll_interval.is_some()) {
            self.refuse_paused(&agent_id, &agent.id)?;
        }
        let registered = found.is_some();
        let guest = if registered { None } else { self.registry().guest(&agent_id, environment) };
        let asked_first = self.config().ask_server_first
            || !self.local().is_confirmed(self.config().bundle_ttl)
            || guest.as_ref().is_some_and(|guest| !guest.is_fresh());
        let key = match (found, guest) {
            (Some(agent), _) => agent.id.clone(),
            (None, Some(guest)) => guest.id,
            (None, None) => agent_id.clone(),
        };
        let action = Arc::new(Action::from(request));
        let meanwhile = None;
        Ok(Question { agent_id, key, registered, action, revision: 0, meanwhile, asked_first })
    }

    fn scrub(&self, question: &mut Question) -> Result<(), Error> {
        privacy::scrub_action(Arc::make_mut(&mut question.action), &self.config().privacy)
    }
}
