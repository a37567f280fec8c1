//! What this process knows of its agents' statuses.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::agents::RegisteredAgent;

/// A status as the server tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// `active`, `paused`, `inactive`, `archived` or `error`.
    pub(crate) word: String,
    /// What the operator said.
    pub(crate) reason: Option<String>,
    /// Grows with every change of the status on the server; absent if the server sends none.
    pub(crate) epoch: Option<i64>,
}

/// A known pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pause {
    /// What the operator said.
    pub(crate) reason: Option<String>,
}

/// The last thing learnt of one agent.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    status: Status,
    /// Grows with everything learnt.
    revision: u64,
    /// Grows with everything learnt that was news.
    changes: Arc<AtomicU64>,
}

/// Remembers a moment of an agent's status, to hold what was decided under it against it later, without a lock.
#[derive(Clone, Debug)]
pub(crate) struct Stamp {
    changes: Arc<AtomicU64>,
    at: u64,
}

impl Stamp {
    /// Whether nothing new was learnt since.
    pub(crate) fn is_current(&self) -> bool {
        self.changes.load(Ordering::Acquire) == self.at
    }
}

/// What is known of all agents, by the server's id where it is known and by the caller's name otherwise.
#[derive(Debug, Default)]
pub(crate) struct States {
    known: Mutex<HashMap<String, Known>>,
    news: Notify,
}

impl Status {
    /// A status without an epoch.
    pub(crate) fn new(word: &str, reason: Option<String>) -> Self {
        Self { word: word.to_owned(), reason, epoch: None }
    }
}

impl States {
    /// The pause of an agent that is known to be paused.
    pub(crate) fn pause(&self, key: &str) -> Option<Pause> {
        let known = self.lock();
        let status = &known.get(key)?.status;
        (status.word == "paused").then(|| Pause { reason: status.reason.clone() })
    }

    /// Ends when the status of any agent is news, counted from when it is first polled or enabled.
    pub(crate) fn news(&self) -> Notified<'_> {
        self.news.notified()
    }

    /// A mark to hold against what is learnt later.
    pub(crate) fn revision(&self, key: &str) -> u64 {
        self.lock().get(key).map_or(0, |known| known.revision)
    }

    /// The last known status.
    pub(crate) fn status(&self, key: &str) -> Option<String> {
        self.lock().get(key).map(|known| known.status.word.clone())
    }

    /// A registration told the status.
    pub(crate) fn saw_agent(&self, agent: &RegisteredAgent) {
        let status = Status {
            word: agent.status.clone(),
            reason: agent.status_reason.clone(),
            epoch: agent.epoch,
        };
        self.learn(&agent.id, status, self.revision(&agent.id));
    }

    /// A decision said that the agent is paused. Returns whether that is news; if not, the operator's own reason is kept.
    pub(crate) fn saw_pause(&self, key: &str, reason: Option<String>) -> bool {
        // Pausing raised the epoch by one at least, so whoever still tells the one from before tells old news.
        let known = self.lock().get(key).and_then(|known| known.status.epoch);
        let epoch = known.map(|epoch| epoch.saturating_add(1));
        let status = Status { epoch, ..Status::new("paused", reason) };
        self.pause(key).is_none() && self.learn(key, status, self.revision(key))
    }

    /// Takes note of the status in a bundle that was asked for at `revision`. Returns whether it differs from what was known, and, if it
    /// agrees with what is known by then, the stamp under which the bundle holds.
    pub(crate) fn adopt(&self, key: &str, status: &Status, revision: u64) -> (bool, Option<Stamp>) {
        let changed = self.learn(key, status.clone(), revision);
        let all = self.lock();
        let stamp = all.get(key).and_then(|known| {
            let agrees = (&known.status.word, known.status.epoch) == (&status.word, status.epoch);
            let at = known.changes.load(Ordering::Acquire);
            agrees.then(|| Stamp { changes: Arc::clone(&known.changes), at })
        });
        (changed, stamp)
    }

    /// The server allowed an action; so the agent was active when it was asked, at `revision`.
    pub(crate) fn saw_active(&self, key: &str, revision: u64) {
        if self.status(key).is_some() {
            self.learn(key, Status::new("active", None), revision);
        }
    }

    /// Takes note of a status that was asked for at `revision`. Returns whether it differs from what was known.
    pub(crate) fn learn(&self, key: &str, status: Status, revision: u64) -> bool {
        let mut all = self.lock();
        let Some(known) = all.get_mut(key) else {
            let changed = status.word != "active";
            let known = Known { status, revision: 1, changes: Arc::default() };
            all.insert(key.to_owned(), known);
            self.news.notify_waiters();
            return changed;
        };
        let newer = match (status.epoch, known.status.epoch) {
            (Some(epoch), Some(known)) if epoch != known => epoch > known,
            _ => known.revision == revision || status.word == "paused",
        };
        if !newer {
            return false;
        }
        let changed = known.status.word != status.word;
        let epoch = status.epoch.or(known.status.epoch);
        if changed || epoch != known.status.epoch {
            known.changes.fetch_add(1, Ordering::Release);
        }
        known.status = Status { epoch, ..status };
        known.revision += 1;
        if changed {
            self.news.notify_waiters();
        }
        changed
    }

    /// Everything, unless somebody is writing at this moment.
    pub(crate) fn try_all(&self) -> Option<HashMap<String, Known>> {
        self.known.try_lock().ok().map(|known| known.clone())
    }

    /// Starts from what another client knew.
    pub(crate) fn restore(&self, known: HashMap<String, Known>) {
        *self.lock() = known;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(word: &str, epoch: i64) -> Status {
        Status { word: word.to_owned(), reason: Some("why".to_owned()), epoch: Some(epoch) }
    }

    #[test]
    fn one_agents_status_is_not_anothers() {
        let states = States::default();
        assert!(states.learn("a", status("paused", 2), 0));
        assert!(!states.learn("b", status("active", 1), 0));
        assert_eq!(states.pause("a"), Some(Pause { reason: Some("why".to_owned()) }));
        assert_eq!(states.pause("b"), None);
    }

    #[test]
    fn an_older_epoch_is_ignored() {
        let states = States::default();
        states.learn("a", status("paused", 5), 0);
        let revision = states.revision("a");
        assert!(!states.learn("a", status("active", 4), revision));
        assert!(states.pause("a").is_some());
        assert!(states.learn("a", status("active", 6), revision));
    }

    #[test]
    fn an_answer_that_was_under_way_does_not_undo_a_pause() {
        let states = States::default();
        states.learn("a", status("active", 1), 0);
        let asked_at = states.revision("a");
        states.saw_pause("a", None);
        assert!(!states.learn("a", status("active", 1), asked_at));
        states.saw_active("a", asked_at);
        assert!(states.pause("a").is_some());
        states.saw_active("a", states.revision("a"));
        assert!(states.pause("a").is_none());
    }

    #[test]
    fn a_bundle_holds_until_anything_new_is_learnt() {
        let states = States::default();
        states.learn("a", status("active", 1), 0);
        let revision = states.revision("a");
        let (changed, stamp) = states.adopt("a", &status("active", 1), revision);
        let stamp = stamp.expect("they agree");
        assert!(!changed && stamp.is_current());
        states.learn("a", status("active", 1), states.revision("a"));
        assert!(stamp.is_current());
        // Paused and resumed between two looks.
        states.learn("a", status("active", 3), states.revision("a"));
        assert!(!stamp.is_current());
        assert!(states.adopt("a", &status("active", 2), revision).1.is_none());
        let (changed, stamp) = states.adopt("a", &status("paused", 4), revision);
        assert!(changed && stamp.is_some() && states.pause("a").is_some());
    }

    #[test]
    fn a_bundle_from_before_a_pause_does_not_undo_it() {
        let states = States::default();
        states.learn("a", status("active", 1), 0);
        states.saw_pause("a", None);
        let revision = states.revision("a");
        assert!(states.adopt("a", &status("active", 1), revision).1.is_none());
        assert!(states.pause("a").is_some());
        assert!(states.adopt("a", &status("active", 3), revision).1.is_some());
        assert!(states.pause("a").is_none());
    }
}
