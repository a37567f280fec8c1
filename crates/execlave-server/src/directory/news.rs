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
    bells: Mutex<HashMap<OrgId, watch::Sender<()>>>,
    changes: broadcast::Sender<Change>,
}

impl Default for News {
    fn default() -> Self {
        Self { bells: Mutex::default(), changes: broadcast::channel(CHANGES).0 }
    }
}

impl News {
    /// Rings at every later change.
    pub(super) fn listen(&self, org: OrgId) -> watch::Receiver<()> {
        self.lock().entry(org).or_default().subscribe()
    }

    /// Something about this organisation has changed.
    pub(super) fn tell(&self, org: OrgId) {
        let mut bells = self.lock();
        if bells.get(&org).is_some_and(|bell| bell.send(()).is_err()) {
            bells.remove(&org);
        }
    }

    /// Anything may have changed.
    pub(super) fn tell_everybody(&self) {
        self.lock().retain(|_, bell| bell.send(()).is_ok());
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

    fn lock(&self) -> MutexGuard<'_, HashMap<OrgId, watch::Sender<()>>> {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
