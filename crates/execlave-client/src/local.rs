//! Decisions in this process, from the server's signed bundle.
//!
//! The server is asked whenever anybody else is needed for a decision, and whenever there is any doubt about the bundle: it is not held,
//! it ended, something newer was learnt about the agent, or the action is one the server might refuse to look at. So a local decision is
//! the server's own, made earlier; it is reported like a trace. Evaluating holds no lock: a bundle is immutable and replaced as a whole.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use execlave_core::bundle::{BundleAgent, LocalVerdict, OpenBundle};
use execlave_core::request::Action;
use execlave_core::time::Timestamp;
use tokio::sync::Notify;

use crate::control::Stamp;

mod bounds;
mod decide;
mod refresh;

pub(crate) use self::bounds::is_small;
pub(crate) use self::decide::{Here, Meanwhile};
pub(crate) use self::refresh::Refresher;

/// The bundle of one client.
#[derive(Debug, Default)]
pub(crate) struct Local {
    held: RwLock<Option<Arc<Held>>>,
    wanted: Notify,
}

/// A bundle that was checked, with everything that is needed to decide.
#[derive(Debug)]
pub(crate) struct Held {
    bundle: OpenBundle,
    /// Its `ETag`.
    tag: String,
    /// The set of policies, as reports name it.
    version: Arc<str>,
    /// The agents it was asked for, by the server's ids: more than it holds, if the server does not know one.
    asked_for: Vec<String>,
    agents: HashMap<String, HeldAgent>,
    /// The wall clock may be set back; this one goes on.
    ends: Instant,
}

/// An agent the bundle can decide about.
#[derive(Debug)]
struct HeldAgent {
    id: Arc<str>,
    agent: BundleAgent,
    /// INVARIANT: nothing is decided once anything was learnt about the agent that the bundle does not say.
    stamp: Stamp,
}

impl Local {
    /// The bundle, whatever its age.
    pub(crate) fn held(&self) -> Option<Arc<Held>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Uses this bundle, or none, from the next decision on.
    fn replace(&self, held: Option<Arc<Held>>) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = held;
    }

    /// Asks for another bundle as soon as possible.
    pub(crate) fn refresh_soon(&self) {
        self.wanted.notify_one();
    }
}

impl Held {
    fn new(
        bundle: OpenBundle,
        tag: String,
        asked_for: Vec<String>,
        stamps: &HashMap<String, Stamp>,
    ) -> Self {
        let lifetime = bundle.expires_at.millis_since(bundle.issued_at);
        let lifetime = Duration::from_millis(u64::try_from(lifetime).unwrap_or(0));
        let agents = bundle.agents.iter().filter_map(|agent| {
            let id = agent.profile.id.to_string();
            let stamp = stamps.get(&id)?.clone();
            Some((id.clone(), HeldAgent { id: id.into(), agent: agent.clone(), stamp }))
        });
        Self {
            tag,
            version: bundle.digest.as_str().into(),
            asked_for,
            agents: agents.collect(),
            ends: Instant::now() + lifetime,
            bundle,
        }
    }

    fn is_over(&self, now: Timestamp) -> bool {
        now >= self.bundle.expires_at || Instant::now() >= self.ends
    }

    /// Whether it can decide about this agent.
    pub(crate) fn covers(&self, key: &str, now: Timestamp) -> bool {
        !self.is_over(now) && self.agents.get(key).is_some_and(|agent| agent.stamp.is_current())
    }

    fn decide(&self, agent: &HeldAgent, action: &Action, now: Timestamp) -> LocalVerdict {
        self.bundle.decide(&agent.agent, action, now)
    }
}
