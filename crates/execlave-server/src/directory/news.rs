//! Tells who waits that something about an organisation has changed in memory.
//!
//! The store's own notices come before the row was read again; whoever waits here looks at the directory and must be woken after it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use execlave_core::ids::OrgId;
use tokio::sync::watch;

/// One bell per organisation somebody waits for.
#[derive(Debug, Default)]
pub(super) struct News(Mutex<HashMap<OrgId, watch::Sender<()>>>);

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

    fn lock(&self) -> MutexGuard<'_, HashMap<OrgId, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
