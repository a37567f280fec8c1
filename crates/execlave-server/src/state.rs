//! What every handler can reach.

use std::ops::Deref;
use std::sync::Arc;

use execlave_core::ids::OrgId;
use execlave_store::Store;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::password::Passwords;
use crate::auth::replay::Replay;
use crate::auth::tries::Tries;
use crate::clock::Clock;
use crate::config::Config;
use crate::directory::Directory;
use crate::holders::Holders;
use crate::oidc::Oidc;
use crate::sealed::Sealer;
use crate::signer::Signer;
use crate::validators::Validators;
use crate::webhooks::Webhooks;

/// Shared by all requests. A request clones it several times, so that must cost no more than a counter.
#[derive(Clone, Debug)]
pub struct AppState(Arc<Parts>);

/// The parts of the server.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Everything durable.
    pub store: Store,
    /// Keys, agents and compiled policies, in memory.
    pub directory: Arc<Directory>,
    /// The clients that decide by themselves.
    pub holders: Arc<Holders>,
    /// Signs certificates.
    pub signer: Arc<Signer>,
    /// Remembers signed requests.
    pub replay: Arc<Replay>,
    /// Asks custom validators.
    pub validators: Arc<Validators>,
    /// Tells webhooks.
    pub webhooks: Arc<Webhooks>,
    /// Hashes and compares passwords.
    pub passwords: Arc<Passwords>,
    /// Slows down who guesses them.
    pub tries: Arc<Tries>,
    /// Asks the provider that people sign in with, where there is one.
    pub oidc: Option<Arc<Oidc>>,
    /// Seals the secrets that are read again.
    pub sealer: Arc<Sealer>,
    /// Tells the time and makes ids.
    pub clock: Clock,
    /// Settings.
    pub config: Config,
    /// Background work, and the signal that ends it.
    pub tasks: Tasks,
}

impl From<Parts> for AppState {
    fn from(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl AppState {
    /// Waits, for two seconds at most, until the clients of this server that decide by themselves know of every change so far: what is answered
    /// after it counts for their next action.
    pub(crate) async fn in_force(&self, org: OrgId) {
        self.holders.know(org, self.directory.changes(org)).await;
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Background work that shutdown waits for.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stopping: CancellationToken,
}

impl Tasks {
    /// Runs `work` until it ends or the server stops.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.stopping.clone();
        self.tracker.spawn(async move { stopping.run_until_cancelled_owned(work).await });
    }

    /// Completes when the server begins to stop: long polls answer then.
    pub async fn stopping(&self) {
        self.stopping.cancelled().await;
    }

    /// Asks everybody to end.
    pub(crate) fn stop(&self) {
        self.stopping.cancel();
    }

    /// Asks everybody to end and waits until they have.
    pub(crate) async fn finish(&self) {
        self.stop();
        self.tracker.close();
        self.tracker.wait().await;
    }
}
