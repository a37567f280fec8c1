//! What this process knows of its agents' statuses.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

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
}

/// What is known of all agents, by the server's id where it is known and by the caller's name otherwise.
#[derive(Debug, Default)]
pub(crate) struct States {
    known: Mutex<HashMap<String, Known>>,
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
        self.pause(key).is_none()
            && self.learn(key, Status::new("paused", reason), self.revision(key))
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
            all.insert(key.to_owned(), Known { status, revision: 1 });
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
        known.status = Status { epoch, ..status };
        known.revision += 1;
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
}
