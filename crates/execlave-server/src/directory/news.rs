//! Tells who waits that something about an organisation has changed in memory.
//!
//! The store's own notices come before the row was read again; whoever waits here looks at the directory and must be woken after it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use execlave_core::ids::OrgId;
use execlave_store::changes::Change;
use tokio::sync::{broadcast, watch};

/// How many changes somebody may lag behind who wants to know each.
const CHANGES: usize = 1_024;

/// One bell per organisation somebody waits for, and one for whoever wants to know what has changed.
#[derive(Debug)]
pub(super) struct News {
    /// Each carries the number of changes so far.
    bells: Mutex<HashMap<OrgId, watch::Sender<u64>>>,
    changes: broadcast::Sender<Change>,
}

impl Default for News {
    fn default() -> Self {
        Self { bells: Mutex::default(), changes: broadcast::channel(CHANGES).0 }
    }
}

impl News {
    /// Rings at every later change, and carries the number of changes so far.
    pub(super) fn listen(&self, org: OrgId) -> watch::Receiver<u64> {
        self.lock().entry(org).or_default().subscribe()
    }

    /// Something about this organisation has changed.
    pub(super) fn tell(&self, org: OrgId) {
        // It stays when nobody listens: who comes back must not find a smaller number.
        if let Some(bell) = self.lock().get(&org) {
            bell.send_modify(|count| *count += 1);
        }
    }

    /// How many changes there were since somebody first listened.
    pub(super) fn count(&self, org: OrgId) -> u64 {
        self.lock().get(&org).map_or(0, |bell| *bell.borrow())
    }

    /// Anything may have changed.
    pub(super) fn tell_everybody(&self) {
        self.lock().values().for_each(|bell| bell.send_modify(|count| *count += 1));
    }

    /// Every later change.
    pub(super) fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// A change that was read.
    pub(super) fn report(&self, change: Change) {
        // Nobody listening is no failure.
        let _ = self.changes.send(change);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrgId, watch::Sender<u64>>> {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
