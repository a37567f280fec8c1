//! The clients that decide from a bundle of this server, and whether each has the latest.
//!
//! A client asks for its bundle with a long poll that names the one it holds, so the question itself says what it knows. Whoever changes
//! something waits until all of them have asked again, and so an answered change counts for the very next action, also for one
//! that is decided in the application. A client that takes an answer and does not come back delays one change, by two seconds, and is then
//! forgotten; one that hangs up, as at its end, by a tenth of a second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use execlave_core::ids::OrgId;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

/// The longest a change waits.
const PATIENCE: Duration = Duration::from_secs(2);
/// A client that was answered and has been away for longer does not come back.
const ABSENCE: Duration = Duration::from_secs(2);
/// Nor does one that has hung up and not asked anew for so long.
const HUNG_UP: Duration = Duration::from_millis(100);
/// More of one organisation are not waited for.
const HOLDERS: usize = 10_000;

/// Everybody who holds a bundle.
#[derive(Debug, Default)]
pub struct Holders {
    orgs: Mutex<HashMap<OrgId, HashMap<Uuid, Holder>>>,
    moved: Notify,
}

/// One client.
#[derive(Debug)]
struct Holder {
    /// The count of changes that its bundle contains.
    knows: u64,
    /// Which of its questions is the last.
    question: u64,
    /// Until when it is waited for; `None` while it asks.
    expected: Option<Instant>,
}

impl Holder {
    fn is_gone(&self) -> bool {
        self.expected.is_some_and(|expected| Instant::now() > expected)
    }
}

/// A client that is asking.
#[derive(Debug)]
pub(crate) struct Presence {
    holders: Arc<Holders>,
    org: OrgId,
    id: Uuid,
    question: u64,
    answered: bool,
}

impl Holders {
    /// A client asks; the id is its own choice and the same in all of its questions.
    pub(crate) fn enter(self: &Arc<Self>, org: OrgId, id: Uuid) -> Option<Presence> {
        let mut orgs = self.lock();
        let holders = orgs.entry(org).or_default();
        if holders.len() >= HOLDERS && !holders.contains_key(&id) {
            // Nobody looks after those that are gone while nothing changes.
            holders.retain(|_, holder| !holder.is_gone());
            if holders.len() >= HOLDERS {
                return None;
            }
        }
        let holder = holders.entry(id).or_insert(Holder { knows: 0, question: 0, expected: None });
        holder.question += 1;
        holder.expected = None;
        let question = holder.question;
        Some(Presence { holders: Arc::clone(self), org, id, question, answered: false })
    }

    /// Waits until every client of the organisation knows the first `changes` changes.
    pub(crate) async fn know(&self, org: OrgId, changes: u64) {
        let all_know = async {
            loop {
                let moved = self.moved.notified();
                if self.all_know(org, changes) {
                    return;
                }
                // A client that has left for good moves nobody.
                let _ = timeout(HUNG_UP / 2, moved).await;
            }
        };
        if timeout(PATIENCE, all_know).await.is_err() {
            tracing::warn!(org = %org, "a change is not known to every client that decides by itself yet");
        }
    }

    fn all_know(&self, org: OrgId, changes: u64) -> bool {
        let mut orgs = self.lock();
        let Some(holders) = orgs.get_mut(&org) else { return true };
        holders.retain(|_, holder| !holder.is_gone());
        holders.values().all(|holder| holder.knows >= changes)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrgId, HashMap<Uuid, Holder>>> {
        self.orgs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Presence {
    /// What the client holds contains the first `changes` changes.
    pub(crate) fn knows(&self, changes: u64) {
        self.update(|holder| holder.knows = changes);
        self.holders.moved.notify_waiters();
    }

    /// The client is given an answer, and will ask again.
    pub(crate) fn answered(mut self) {
        self.answered = true;
    }

    fn update(&self, change: impl FnOnce(&mut Holder)) {
        let mut orgs = self.holders.lock();
        let holder = orgs.get_mut(&self.org).and_then(|holders| holders.get_mut(&self.id));
        // A question that was given up may end after the next one has begun.
        if let Some(holder) = holder.filter(|holder| holder.question == self.question) {
            change(holder);
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let absence = if self.answered { ABSENCE } else { HUNG_UP };
        self.update(|holder| holder.expected = Some(Instant::now() + absence));
    }
}

#[cfg(test)]
mod tests {
    use execlave_core::ids::OrgId;

    use super::*;

    fn org() -> OrgId {
        Uuid::nil().into()
    }

    /// Whether `know` waits, and for how long at most.
    async fn waits(holders: &Holders, changes: u64) -> Duration {
        let began = Instant::now();
        holders.know(org(), changes).await;
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_waits_for_who_asks_without_knowing_it() {
        let holders = Arc::new(Holders::default());
        assert_eq!(waits(&holders, 1).await, Duration::ZERO);
        let asking = holders.enter(org(), Uuid::from_u128(1)).expect("a place");
        asking.knows(1);
        assert_eq!(waits(&holders, 1).await, Duration::ZERO);
        assert_eq!(waits(&holders, 2).await, PATIENCE);
        let (changed, ()) = tokio::join!(waits(&holders, 2), async {
            tokio::time::sleep(Duration::from_millis(7)).await;
            asking.knows(2);
        });
        assert_eq!(changed, Duration::from_millis(7));
        let other = Uuid::from_u128(9).into();
        holders.know(other, 9).await;
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_answered_is_waited_for_until_it_is_clear_that_it_is_gone() {
        let holders = Arc::new(Holders::default());
        let client = || holders.enter(org(), Uuid::from_u128(1)).expect("a place");
        client().answered();
        assert!(waits(&holders, 1).await >= ABSENCE);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(waits(&holders, 1).await, Duration::ZERO);
        assert_eq!(holders.lock()[&org()].len(), 0);
        drop(client());
        let waited = waits(&holders, 1).await;
        assert!(waited >= HUNG_UP && waited < 2 * HUNG_UP, "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_that_was_given_up_says_nothing_about_the_next() {
        let holders = Arc::new(Holders::default());
        let first = holders.enter(org(), Uuid::from_u128(1)).expect("a place");
        let second = holders.enter(org(), Uuid::from_u128(1)).expect("a place");
        second.knows(1);
        first.knows(0);
        drop(first);
        tokio::time::advance(ABSENCE * 2).await;
        assert_eq!(waits(&holders, 2).await, PATIENCE, "it still asks");
        second.knows(2);
        assert_eq!(waits(&holders, 2).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_fills_the_memory_with_names() {
        let holders = Arc::new(Holders::default());
        let asking: Vec<Presence> = (0..HOLDERS)
            .filter_map(|id| holders.enter(org(), Uuid::from_u128(id as u128)))
            .collect();
        assert_eq!(asking.len(), HOLDERS);
        assert!(holders.enter(org(), Uuid::from_u128(u128::MAX)).is_none());
        assert!(holders.enter(org(), Uuid::from_u128(0)).is_some());
        drop(asking);
        tokio::time::advance(ABSENCE * 2).await;
        assert!(holders.enter(org(), Uuid::from_u128(u128::MAX)).is_some(), "the others are gone");
    }
}
