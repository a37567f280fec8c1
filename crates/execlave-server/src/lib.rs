//! The server: everything between a socket and the store.
//!
//! [`Server::new`] builds it, in the order in which the parts need each other; [`Server::run`] serves until it is asked to stop, then
//! lets requests in flight finish, ends background work and closes the store.

pub mod administration;
mod auth;
mod body;
pub mod bootstrap;
mod channel;
mod checks;
pub mod clock;
pub mod config;
mod cost_rules;
pub mod directory;
pub mod error;
pub mod holders;
mod http;
mod jobs;
mod metrics;
mod middleware;
pub mod oidc;
mod ops;
pub mod pages;
mod prices;
pub mod router;
mod routes;
pub mod sealed;
pub mod secrets;
pub mod signer;
pub mod state;
mod touched;
pub mod validators;
mod views;
pub mod webhooks;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use execlave_store::Store;
use execlave_store::error::StoreError;
use tokio::net::TcpListener;

use crate::auth::password::Passwords;
use crate::auth::tries::Tries;
use crate::clock::Clock;
use crate::config::Config;
use crate::directory::Directory;
use crate::oidc::Oidc;
use crate::sealed::{BadKey, Sealer};
use crate::signer::Signer;
use crate::state::{AppState, Parts, Tasks};
use crate::validators::Validators;
use crate::webhooks::Webhooks;

/// A server whose memory is filled, and that does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    state: AppState,
}

/// Why a server could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The store cannot be read.
    #[error("cannot read the store")]
    Store(#[from] StoreError),
    /// The key for sealing is none.
    #[error(transparent)]
    Key(#[from] BadKey),
    /// The socket failed while serving.
    #[error("serving failed")]
    Serve(#[source] std::io::Error),
}

impl Server {
    /// Reads the store into memory. The caller has taken the address, and `config.server.listen` is the real one, so that links lead here
    /// even if any free port was asked for.
    pub async fn new(
        config: Config,
        store: Store,
        listener: TcpListener,
    ) -> Result<Self, ServeError> {
        Self::with_clock(config, store, listener, Clock::system()).await
    }

    /// The same by another clock.
    pub async fn with_clock(
        config: Config,
        store: Store,
        listener: TcpListener,
        clock: Clock,
    ) -> Result<Self, ServeError> {
        let state = build_state(config, store, clock).await?;
        Ok(Self { listener, state })
    }

    /// Serves until `shutdown` completes, then drains.
    pub async fn run(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        let Self { listener, state, .. } = self;
        jobs::start(&state);
        let tasks = state.tasks.clone();
        let (router, channel) = channel::open(&state, router::router(state.clone()));
        let stopped = async move {
            shutdown.await;
            tasks.stop();
            // Whoever listens is sent away: a connection that stays would hold up the end.
            channel.close().await;
        };
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let serve = axum::serve(listener, service).with_graceful_shutdown(stopped).into_future();
        let served = within_grace(serve, &state).await;
        state.tasks.finish().await;
        if let Err(error) = state.directory.touched.flush(&state.store).await {
            tracing::warn!(error = %error, "last-use times were not written");
        }
        state.store.close().await;
        served
    }
}

/// Puts the parts together: memory is filled before anybody can ask.
pub async fn build_state(
    config: Config,
    store: Store,
    clock: Clock,
) -> Result<AppState, ServeError> {
    let sealer = Arc::new(Sealer::new(&config.store)?);
    metrics::install();
    let tasks = Tasks::default();
    tasks.spawn(warm_up());
    let directory = Arc::new(Directory::default());
    // Listening starts before reading, so that no change falls between the two.
    tasks.spawn(Arc::clone(&directory).follow(store.clone(), store.changes()));
    directory.load(&store).await?;
    let signer = Arc::new(Signer::load(&store, &clock).await?);
    let validators = Arc::new(Validators::new(config.validators.allow_private_networks));
    let webhooks = Arc::new(Webhooks::new(config.webhooks.allow_private_networks));
    let replay = Arc::default();
    let passwords = Arc::new(Passwords::default());
    let tries = Arc::new(Tries::default());
    let oidc = Oidc::new(&config.oidc).map(Arc::new);
    Ok(Parts {
        store,
        directory,
        holders: Arc::default(),
        signer,
        replay,
        validators,
        webhooks,
        passwords,
        tries,
        oidc,
        sealer,
        clock,
        config,
        tasks,
    }
    .into())
}

/// Compiles the detectors' patterns, which the first decision would otherwise wait for, but not the first answer. On a thread of its own,
/// which ends soon afterwards: that is when the allocator gives back what the start had taken and needs no more.
async fn warm_up() {
    // Fails only if the server is being stopped already.
    let _stopped = tokio::task::spawn_blocking(|| execlave_core::detect::scan("")).await;
}

/// Waits for the connections, but after the shutdown signal no longer than the configured grace.
async fn within_grace(
    serve: impl Future<Output = std::io::Result<()>>,
    state: &AppState,
) -> Result<(), ServeError> {
    let grace = Duration::from_secs(state.config.server.shutdown_grace_seconds);
    let deadline = async {
        state.tasks.stopping().await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        served = serve => served.map_err(ServeError::Serve),
        () = deadline => {
            tracing::warn!(grace_seconds = grace.as_secs(), "some connections did not end in time and were closed");
            Ok(())
        }
    }
}
