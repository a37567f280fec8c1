//! When keys, sessions and agents were last seen. Noted in memory on every request, written to the store once in a while.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use execlave_core::ids::{AgentId, KeyId, OrgId, SessionId};
use execlave_core::time::Timestamp;
use execlave_store::Store;
use execlave_store::error::StoreError;

/// What was seen since the last flush.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    keys: Mutex<HashMap<(OrgId, KeyId), Timestamp>>,
    agents: Mutex<HashMap<(OrgId, AgentId), Timestamp>>,
    sessions: Mutex<HashMap<(OrgId, SessionId), Timestamp>>,
}

impl Touched {
    /// A key was used.
    pub(crate) fn key(&self, org: OrgId, id: KeyId, now: Timestamp) {
        note(&self.keys, (org, id), now);
    }

    /// A session was used.
    pub(crate) fn session(&self, org: OrgId, id: SessionId, now: Timestamp) {
        note(&self.sessions, (org, id), now);
    }

    /// An agent asked, reported or sent a sign of life.
    pub(crate) fn agent(&self, org: OrgId, id: AgentId, now: Timestamp) {
        note(&self.agents, (org, id), now);
    }

    /// When an agent was last seen, if that is not written yet.
    pub(crate) fn agent_seen(&self, org: OrgId, id: AgentId) -> Option<Timestamp> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner).get(&(org, id)).copied()
    }

    /// Writes what was seen.
    pub(crate) async fn flush(&self, store: &Store) -> Result<(), StoreError> {
        let keys: Vec<_> =
            take(&self.keys).into_iter().map(|((org, id), at)| (org, id, at)).collect();
        let agents: Vec<_> =
            take(&self.agents).into_iter().map(|((org, id), at)| (org, id, at)).collect();
        let sessions: Vec<_> =
            take(&self.sessions).into_iter().map(|((org, id), at)| (org, id, at)).collect();
        store.touch_keys(&keys).await?;
        store.touch_sessions(&sessions).await?;
        store.touch_agents(&agents).await
    }
}

fn note<K: Eq + Hash>(seen: &Mutex<HashMap<K, Timestamp>>, id: K, now: Timestamp) {
    seen.lock().unwrap_or_else(PoisonError::into_inner).insert(id, now);
}

fn take<K>(seen: &Mutex<HashMap<K, Timestamp>>) -> HashMap<K, Timestamp> {
    std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner))
}
