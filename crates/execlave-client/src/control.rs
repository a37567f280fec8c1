//! The kill switch as this process knows it: which agents are paused, learnt from the server's answers and by asking regularly.
//!
//! State is kept per agent, never per process: one agent's pause says nothing about another's. A pause that is known outlives an
//! outage. An answer that was on its way while a newer fact arrived does not undo it: every status carries an epoch that only
//! grows, and where a server sends none, what was learnt after the question was sent wins.

use std::sync::Arc;
use std::time::Duration;

use execlave_api::agents::AgentStatusPoll;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::agents::{RegisteredAgent, Registry};
use crate::client::Client;
use crate::enforce::Source;
use crate::error::Error;
use crate::http::{Call, Http, encode};
use crate::observer::Observer;

mod channel;
mod states;

pub(crate) use self::channel::Channel;
pub(crate) use self::states::{Known, Stamp, States, Status};

const POLL_TIMEOUT: Duration = Duration::from_secs(10);
/// Questions about different agents that are on their way at the same time.
const POLLS_AT_ONCE: usize = 8;

/// Asks for the status of every registered agent, and reports them alive, until told to stop.
pub(crate) struct Control {
    pub(crate) http: Arc<Http>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) states: Arc<States>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) poll_interval: Duration,
    pub(crate) heartbeat_interval: Duration,
    /// Rung when events may have been missed.
    pub(crate) poll_now: Arc<Notify>,
    pub(crate) stop: CancellationToken,
}

impl Control {
    /// The two loops in one task; the first poll and the first heartbeat come one interval after the start.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut poll = tokio::time::interval(self.poll_interval.max(Duration::from_millis(10)));
        let mut heartbeat =
            tokio::time::interval(self.heartbeat_interval.max(Duration::from_millis(10)));
        poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        heartbeat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        poll.reset();
        heartbeat.reset();
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                _ = poll.tick() => {}
                () = self.poll_now.notified() => {}
                _ = heartbeat.tick() => {
                    let alive = self.for_each_agent(Control::report_alive);
                    tokio::select! { () = self.stop.cancelled() => return, () = alive => {} }
                    continue;
                }
            }
            let polled = self.for_each_agent(Control::poll);
            tokio::select! { () = self.stop.cancelled() => return, () = polled => {} }
        }
    }

    /// Does something for every agent, a few at a time: one that hangs does not hold up the others.
    async fn for_each_agent<F, R>(self: &Arc<Self>, each: F)
    where
        F: Fn(Arc<Self>, RegisteredAgent) -> R,
        R: Future<Output = ()> + Send + 'static,
    {
        let mut running = JoinSet::new();
        for agent in self.registry.all() {
            if running.len() >= POLLS_AT_ONCE {
                running.join_next().await;
            }
            running.spawn(each(Arc::clone(self), agent));
        }
        while running.join_next().await.is_some() {}
    }

    async fn poll(self: Arc<Self>, agent: RegisteredAgent) {
        let revision = self.states.revision(&agent.id);
        match status_of(&self.http, &agent.id).await {
            Ok(status) => {
                if self.states.learn(&agent.id, status.clone(), revision) {
                    let reason = status.reason.as_deref();
                    self.observer.agent_status_changed(&agent.agent_id, &status.word, reason);
                }
            }
            Err(error) => tracing::debug!(agent_id = agent.agent_id, %error, "status poll failed"),
        }
    }

    async fn report_alive(self: Arc<Self>, agent: RegisteredAgent) {
        let body = json!({"lastPolicyCheckAt": Value::Null}).to_string().into_bytes();
        let path = format!("/agents/{}/heartbeat", encode(&agent.id));
        let call = Call::post(path, body).timeout(self.http.patience(POLL_TIMEOUT));
        if let Err(error) = self.http.send(call).await {
            tracing::debug!(agent_id = agent.agent_id, %error, "heartbeat failed");
        }
    }
}

/// Asks for a status; older servers send the word alone.
async fn status_of(http: &Http, id: &str) -> Result<Status, Error> {
    let call = Call::get(format!("/agents/{}/status-poll", encode(id)));
    let call = call.timeout(http.patience(POLL_TIMEOUT));
    let answer: Value = http.fetch(call).await?;
    let epoch = answer.get("epoch").and_then(Value::as_i64);
    let poll: AgentStatusPoll = serde_json::from_value(answer)
        .map_err(|error| Error::Network(format!("the status cannot be read: {error}")))?;
    Ok(Status { word: poll.status, reason: poll.reason, epoch })
}

impl Client {
    /// Asks the server for an agent's status, and remembers it.
    pub async fn check_agent_status(&self, agent_id: &str) -> Result<String, Error> {
        self.ensure_open()?;
        let key = self.key_of(agent_id, None);
        let revision = self.states().revision(&key);
        let status = status_of(self.http(), &key).await?;
        if self.states().learn(&key, status.clone(), revision) {
            let reason = status.reason.as_deref();
            self.observer().agent_status_changed(agent_id, &status.word, reason);
        }
        Ok(status.word)
    }

    /// The last known status of an agent, without asking.
    pub fn known_status(&self, agent_id: &str, environment: Option<&str>) -> Option<String> {
        self.states().status(&self.key_of(agent_id, environment))
    }

    /// Refuses an agent that is known to be paused. Only the status of registered agents is asked for regularly, and only with a
    /// control channel: of any other agent nobody would notice that it was resumed, so it passes and the server is asked.
    pub fn ensure_not_paused(
        &self,
        agent_id: &str,
        environment: Option<&str>,
    ) -> Result<(), Error> {
        if self.config().poll_interval.is_none() {
            return Ok(());
        }
        match self.find_agent(agent_id, environment) {
            Some(agent) => self.refuse_paused(agent_id, &agent.id),
            None => Ok(()),
        }
    }

    /// Refuses an agent that is known to be paused, whatever the control channel.
    pub(crate) fn refuse_paused(&self, agent_id: &str, key: &str) -> Result<(), Error> {
        match self.states().pause(key) {
            Some(pause) => {
                let (agent_id, reason) = (agent_id.to_owned(), pause.reason);
                Err(Error::AgentPaused { agent_id, reason, decided_by: Source::Local })
            }
            None => Ok(()),
        }
    }
}
