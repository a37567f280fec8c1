//! What every handler can reach.

use std::sync::Arc;

use execlave_store::Store;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::config::Config;
use crate::directory::Directory;
use crate::signer::Signer;
use crate::validators::Validators;

/// Shared by all requests; cheap to clone.
#[derive(Clone, Debug)]
pub struct AppState {
    /// Everything durable.
    pub store: Store,
    /// Keys, agents and compiled policies, in memory.
    pub directory: Arc<Directory>,
    /// Signs certificates.
    pub signer: Arc<Signer>,
    /// Asks custom validators.
    pub validators: Arc<Validators>,
    /// Tells the time and makes ids.
    pub clock: Clock,
    /// Settings.
    pub config: Arc<Config>,
    /// Background work, and the signal that ends it.
    pub tasks: Tasks,
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
