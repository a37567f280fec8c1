//! Keeps the bundle fresh, in the background.
//!
//! The question is a long poll: the server answers as soon as a policy or one of the agents changes, so that a pause does not wait for
//! the next look. A bundle is used only if a published key signed it, for the same organisation as before, and it is not older than the
//! one that is held. Anything else means that the server is asked about every action.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use execlave_api::paths;
use execlave_core::bundle::{AGENTS, Bundle, OpenBundle};
use execlave_core::ids::OrgId;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Held, Local};
use crate::agents::Registry;
use crate::approvals::KeyRing;
use crate::clock;
use crate::compute::{WorkThread, compute};
use crate::control::{Stamp, States, Status};
use crate::error::Error;
use crate::http::{Call, Http, Reply, encode};
use crate::observer::Observer;
use crate::trace::is_final;

/// The longest the server is asked to hold the question.
const LONGEST_HOLD: Duration = Duration::from_secs(25);
/// Between two questions: changes often come in groups. Whoever made one waits for this, so it is short.
const SPACING: Duration = Duration::from_millis(10);
/// After the first failed attempt; doubled with every further one, up to the interval.
const BACKOFF: Duration = Duration::from_secs(1);
/// How far this machine's clock may be from the server's: decisions may depend on the time, and records bear it.
const SKEW_MS: i64 = 60_000;

/// Fetches and replaces the bundle until told to stop.
pub(crate) struct Refresher {
    pub(crate) http: Arc<Http>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) states: Arc<States>,
    pub(crate) key_ring: Arc<KeyRing>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) local: Arc<Local>,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
    pub(crate) work_thread: Option<WorkThread>,
    /// The organisation of the first bundle.
    pub(crate) organization: Option<OrgId>,
    pub(crate) stop: CancellationToken,
}

/// What a look brought.
#[derive(Debug, PartialEq)]
enum Look {
    /// Another bundle.
    Replaced,
    /// Nothing new.
    Same,
    /// No bundle, and there will be none soon.
    Refused,
}

impl Refresher {
    /// Nothing is asked before the first agent is registered.
    pub(crate) async fn run(mut self) {
        let stop = self.stop.clone();
        // A forked process asks under a name of its own.
        let holder = clock::new_id();
        let local = Arc::clone(&self.local);
        let mut urgent = true;
        let mut failures = 0_u32;
        while !stop.is_cancelled() {
            // The server is asked about the others.
            let agents = self.registry.ids(AGENTS);
            if agents.is_empty() {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = local.wanted.notified() => continue,
                }
            }
            let held = local.held().filter(|held| held.asked_for == agents);
            // A question that is wanted at once is answered at once, and nothing cuts it short.
            let wait = if urgent || held.is_none() { Duration::ZERO } else { self.longest_wait() };
            let asked_at = Instant::now();
            let look = tokio::select! {
                () = stop.cancelled() => return,
                () = local.wanted.notified(), if !wait.is_zero() => {
                    urgent = true;
                    continue;
                }
                look = self.look(holder, agents, held.as_deref(), wait) => look,
            };
            failures = if look.is_ok() { 0 } else { failures.saturating_add(1) };
            let (pause, may_be_cut_short) = match look {
                Ok(Look::Replaced) => (SPACING, false),
                Ok(Look::Same) if urgent => (BACKOFF, false),
                Ok(Look::Same) => (self.interval.saturating_sub(asked_at.elapsed()), true),
                Ok(Look::Refused) => (self.interval, true),
                Err(error) => {
                    tracing::debug!(%error, "no bundle of policies could be fetched");
                    let pause = BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(6));
                    (pause.min(self.interval), false)
                }
            };
            urgent = false;
            tokio::select! {
                () = stop.cancelled() => return,
                () = local.wanted.notified(), if may_be_cut_short => urgent = true,
                () = sleep(pause.max(SPACING)) => {}
            }
        }
    }

    fn longest_wait(&self) -> Duration {
        Duration::from_secs(self.interval.min(LONGEST_HOLD).as_secs())
    }

    /// Asks once. A server that says no is believed; one that says nothing changes nothing, until what is held ends by itself.
    async fn look(
        &mut self,
        holder: Uuid,
        agents: Vec<String>,
        held: Option<&Held>,
        wait: Duration,
    ) -> Result<Look, Error> {
        let revisions: Vec<u64> = agents.iter().map(|id| self.states.revision(id)).collect();
        let list: Vec<String> = agents.iter().map(|id| encode(id)).collect();
        let (list, wait_seconds) = (list.join(","), wait.as_secs());
        let path = format!("{}?agents={list}&wait={wait_seconds}&holder={holder}", paths::BUNDLE);
        let mut call = Call::get(path).timeout(wait + self.timeout);
        if let Some(held) = held {
            call = call.unless(&held.tag);
        }
        let reply = self.http.send(call).await?;
        if reply.status == 304 {
            if let Some(held) = held {
                held.confirm();
            }
            return Ok(Look::Same);
        }
        if is_final(reply.status) {
            let refusal = reply.refusal();
            tracing::debug!(status = refusal.status, "no bundle: {}", refusal.message);
            self.local.replace(None);
            return Ok(Look::Refused);
        }
        if !reply.is_success() {
            return Err(reply.to_error());
        }
        let opened = match self.open(&reply).await {
            Ok(Some(opened)) => opened,
            Ok(None) => return Ok(Look::Same),
            Err(error) => {
                // Something has changed, and nobody here can say what.
                tracing::warn!(%error, "a bundle of policies is not used; the server is asked about every action");
                self.local.replace(None);
                return Err(error);
            }
        };
        let stamps = self.adopt(&opened, &agents.iter().zip(revisions).collect());
        let tag = reply.tag.unwrap_or_default();
        self.local.replace(Some(Arc::new(Held::new(opened, tag, agents, &stamps))));
        Ok(Look::Replaced)
    }

    /// Checks an answer and makes it ready; `None` if what is held is newer.
    async fn open(&mut self, reply: &Reply) -> Result<Option<OpenBundle>, Error> {
        let mut answer = reply.json().unwrap_or_default();
        let bundle: Bundle = serde_json::from_value(answer["data"].take())
            .map_err(|error| unusable(format!("it cannot be read: {error}")))?;
        let key = self.key_ring.key(&self.http, &bundle.key_id).await?;
        let key = key.ok_or_else(|| unusable("nobody knows the key that signed it"))?;
        let now = clock::now();
        // Many policies take a while to compile.
        let opened = compute(self.work_thread.as_ref(), move || bundle.open(&key, now)).await;
        let opened = opened
            .ok_or_else(|| unusable("this process is ending"))?
            .map_err(|error| unusable(error.to_string()))?;
        if self.organization.is_some_and(|known| known != opened.organization_id) {
            return Err(unusable("it is another organisation's"));
        }
        let is_off = reply.date.is_some_and(|date| now.millis_since(date).abs() > SKEW_MS);
        if is_off || now.plus_millis(SKEW_MS) < opened.issued_at {
            return Err(unusable(
                "this machine's clock is more than a minute off the server's: set it",
            ));
        }
        let held = self.local.held().filter(|held| !held.is_over(now));
        let is_older = held.is_some_and(|held| {
            opened.epoch < held.bundle.epoch || opened.issued_at < held.bundle.issued_at
        });
        if is_older {
            tracing::debug!(epoch = opened.epoch, "a bundle older than the one held is not used");
            return Ok(None);
        }
        self.organization = Some(opened.organization_id);
        Ok(Some(opened))
    }

    /// Learns the statuses in a bundle, and stamps the agents it may decide about.
    fn adopt(
        &self,
        opened: &OpenBundle,
        revisions: &HashMap<&String, u64>,
    ) -> HashMap<String, Stamp> {
        let mut stamps = HashMap::new();
        for agent in &opened.agents {
            let (profile, id) = (&agent.profile, agent.profile.id.to_string());
            let Some(revision) = revisions.get(&id) else { continue };
            let status = Status {
                word: profile.status.as_str().to_owned(),
                reason: profile.status_reason.clone(),
                epoch: Some(agent.epoch),
            };
            let (changed, stamp) = self.states.adopt(&id, &status, *revision);
            if changed {
                let reason = status.reason.as_deref();
                self.observer.agent_status_changed(&profile.external_id, &status.word, reason);
            }
            stamps.extend(stamp.map(|stamp| (id, stamp)));
        }
        stamps
    }
}

fn unusable(why: impl Into<String>) -> Error {
    Error::Network(why.into())
}
