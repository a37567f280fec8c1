//! One client: its settings, its connection pool, what it knows of its agents, and its background tasks.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::agents::{RegisteredAgent, Registry};
use crate::approvals::KeyRing;
use crate::bypasses::Bypasses;
use crate::config::Config;
use crate::control::{Channel, Control, Known, States};
use crate::credentials::Credentials;
use crate::enforce::Breakers;
use crate::error::Error;
use crate::http::Http;
use crate::local::{Local, Refresher};
use crate::observer::{LogObserver, Observer};
use crate::outbox::{self, Outbox as _};
use crate::reports::Reports;
use crate::trace::{Destination, FlushReport, Pipeline};

/// How long a shutdown waits for the background tasks to notice before it ends them.
const JOIN_PATIENCE: Duration = Duration::from_secs(5);

/// The SDK. Cheap to clone; all clones are one client, and its background tasks end with the last of them.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    config: Arc<Config>,
    http: Arc<Http>,
    observer: Arc<dyn Observer>,
    registry: Arc<Registry>,
    states: Arc<States>,
    pipeline: Arc<Pipeline>,
    /// Sends to a collector what the pipeline sends to the server.
    exporter: Option<Arc<Pipeline>>,
    local: Arc<Local>,
    credentials: Arc<Credentials>,
    local_decisions: AtomicU64,
    reports: Arc<Reports>,
    breakers: Breakers,
    key_ring: Arc<KeyRing>,
    bypasses: AtomicU64,
    bypass_windows: Option<Arc<Bypasses>>,
    closed: AtomicBool,
    /// Ends waits for a person as soon as the client is closed; `stop` comes after the last delivery.
    closing: CancellationToken,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    stop: CancellationToken,
    /// Ends the tasks of a client that nobody holds any more.
    _stop_when_dropped: DropGuard,
}

/// What a client has learnt about its agents, to start another one with: after a fork, say.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    agents: Vec<RegisteredAgent>,
    states: HashMap<String, Known>,
}

/// Where traces go: the first is always there, the second only where they go to two places.
fn pipelines(
    config: &Arc<Config>,
    http: &Arc<Http>,
    observer: &Arc<dyn Observer>,
    credentials: &Arc<Credentials>,
) -> Result<(Arc<Pipeline>, Option<Arc<Pipeline>>), Error> {
    let to = |destination| {
        let (http, config) = (Arc::clone(http), Arc::clone(config));
        let (observer, credentials) = (Arc::clone(observer), Arc::clone(credentials));
        Pipeline::new(http, config, destination, observer, credentials).map(Arc::new)
    };
    match config.otlp_endpoint.clone().map(Destination::Collector) {
        Some(collector) if config.otlp_only => Ok((to(collector)?, None)),
        Some(collector) => Ok((to(Destination::Server)?, Some(to(collector)?))),
        None => Ok((to(Destination::Server)?, None)),
    }
}

impl Client {
    /// A client that writes what happens in the background to the log. Must be called within a Tokio runtime.
    pub fn new(config: Config) -> Result<Self, Error> {
        Self::with_observer(config, Arc::new(LogObserver), Knowledge::default())
    }

    /// A client that tells `observer` what happens in the background, and starts with `knowledge`. Must be called within a Tokio
    /// runtime, on which its background tasks run.
    pub fn with_observer(
        config: Config,
        observer: Arc<dyn Observer>,
        knowledge: Knowledge,
    ) -> Result<Self, Error> {
        let config = Arc::new(config);
        let http = Arc::new(Http::new(&config)?);
        let registry = Arc::new(Registry::default());
        let states = Arc::new(States::default());
        knowledge.agents.into_iter().for_each(|agent| registry.remember(agent));
        states.restore(knowledge.states);
        let credentials = Arc::new(Credentials::new(Arc::clone(&http), Arc::clone(&registry)));
        let (pipeline, exporter) = pipelines(&config, &http, &observer, &credentials)?;
        let reports = Arc::new(Reports::new(Arc::clone(&http), Arc::clone(&observer)));
        let local = Arc::new(Local::default());
        let key_ring = Arc::new(KeyRing::default());
        let stop = CancellationToken::new();
        let mut tasks = Vec::new();
        if let Some(every) = config.flush_interval {
            let patience = config.shutdown_timeout;
            for pipeline in [Some(&pipeline), exporter.as_ref()].into_iter().flatten() {
                let traces = outbox::run(Arc::clone(pipeline), every, patience, stop.clone());
                tasks.push(config.tasks.spawn(traces));
            }
            let decisions = outbox::run(Arc::clone(&reports), every, patience, stop.clone());
            tasks.push(config.tasks.spawn(decisions));
        }
        let bypass_windows = config
            .report_bypasses
            .then(|| Arc::new(Bypasses::new(Arc::clone(&http), &config.language)));
        if let Some(windows) = &bypass_windows {
            tasks.push(config.tasks.spawn(Arc::clone(windows).run(stop.clone())));
        }
        if config.local_decisions {
            let refresher = Refresher {
                http: Arc::clone(&http),
                registry: Arc::clone(&registry),
                states: Arc::clone(&states),
                key_ring: Arc::clone(&key_ring),
                observer: Arc::clone(&observer),
                local: Arc::clone(&local),
                interval: config.bundle_interval,
                timeout: config.timeout,
                work_thread: config.work_threads.questions.clone(),
                organization: None,
                stop: stop.clone(),
            };
            tasks.push(config.tasks.spawn(refresher.run()));
        }
        if let Some(poll_interval) = config.poll_interval {
            let poll_now = Arc::new(Notify::new());
            let channel = Channel {
                http: Arc::clone(&http),
                registry: Arc::clone(&registry),
                states: Arc::clone(&states),
                observer: Arc::clone(&observer),
                poll_now: Arc::clone(&poll_now),
                refused: AtomicBool::new(false),
                stop: stop.clone(),
            };
            tasks.push(config.tasks.spawn(channel.run()));
            let control = Arc::new(Control {
                http: Arc::clone(&http),
                registry: Arc::clone(&registry),
                states: Arc::clone(&states),
                observer: Arc::clone(&observer),
                poll_interval,
                heartbeat_interval: config.heartbeat_interval,
                poll_now,
                stop: stop.clone(),
            });
            tasks.push(config.tasks.spawn(control.run()));
        }
        Ok(Self {
            inner: Arc::new(Inner {
                config,
                http,
                observer,
                registry,
                states,
                pipeline,
                credentials,
                exporter,
                local,
                local_decisions: AtomicU64::new(0),
                reports,
                breakers: Breakers::default(),
                key_ring,
                bypasses: AtomicU64::new(0),
                bypass_windows,
                closed: AtomicBool::new(false),
                closing: CancellationToken::new(),
                tasks: Mutex::new(tasks),
                stop: stop.clone(),
                _stop_when_dropped: stop.drop_guard(),
            }),
        })
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Sends what is waiting, within the configured time, and ends the background tasks. Every later call but [`Client::flush`] is
    /// refused, and whoever waits for a person is told so at once. A second shutdown does nothing.
    pub async fn shutdown(&self) -> FlushReport {
        let mut report = FlushReport::default();
        if !self.inner.closed.swap(true, Ordering::AcqRel) {
            self.inner.closing.cancel();
            let patience = self.inner.config.shutdown_timeout;
            let drain = async {
                if let Some(windows) = &self.inner.bypass_windows {
                    windows.drain().await;
                }
            };
            let flush = tokio::time::timeout(patience, self.flush());
            if let (Ok(last), ()) = tokio::join!(flush, drain) {
                report = last;
            }
            let reason = "the server could not be reached before the shutdown";
            for pipeline in self.pipelines() {
                pipeline.give_up(reason).await;
            }
            self.inner.reports.queue().abandon(reason);
        }
        self.inner.stop.cancel();
        let tasks =
            std::mem::take(&mut *self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let deadline = Instant::now() + JOIN_PATIENCE;
        for task in tasks {
            let end = task.abort_handle();
            // An error inside is a task that panicked or was cancelled: it has ended either way.
            if timeout_at(deadline, task).await.is_err() {
                end.abort();
            }
        }
        report
    }

    /// Whether the client was shut down.
    pub fn is_closed(&self) -> bool {
        self.inner.closed.load(Ordering::Acquire)
    }

    /// What this client knows of its agents. Does not wait: `None` if it is being changed at this moment, which in a forked process may
    /// be forever.
    pub fn try_knowledge(&self) -> Option<Knowledge> {
        let agents = self.inner.registry.try_all()?;
        let states = self.inner.states.try_all()?;
        Some(Knowledge { agents, states })
    }

    pub(crate) fn ensure_open(&self) -> Result<(), Error> {
        if self.is_closed() { Err(Error::Closed) } else { Ok(()) }
    }

    /// Returns once the client is shut down.
    pub(crate) async fn until_closed(&self) {
        self.inner.closing.cancelled().await;
    }

    /// The registered agent that a caller means.
    pub(crate) fn find_agent(
        &self,
        agent_id: &str,
        environment: Option<&str>,
    ) -> Option<Arc<RegisteredAgent>> {
        let environment = environment.unwrap_or(&self.inner.config.environment);
        self.inner.registry.find(agent_id, environment)
    }

    /// How the server knows the agent that a caller means: by its own id if it was registered here, or an answer told it, and by the
    /// caller's name otherwise.
    pub(crate) fn key_of(&self, agent_id: &str, environment: Option<&str>) -> String {
        if let Some(agent) = self.find_agent(agent_id, environment) {
            return agent.id.clone();
        }
        let environment = environment.unwrap_or(&self.inner.config.environment);
        let guest = self.inner.registry.guest(agent_id, environment);
        guest.map_or_else(|| agent_id.to_owned(), |guest| guest.id)
    }

    pub(crate) fn http(&self) -> &Http {
        &self.inner.http
    }

    pub(crate) fn observer(&self) -> &dyn Observer {
        &*self.inner.observer
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    pub(crate) fn states(&self) -> &States {
        &self.inner.states
    }

    pub(crate) fn pipeline(&self) -> &Pipeline {
        &self.inner.pipeline
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.inner.credentials
    }

    pub(crate) fn exporter(&self) -> Option<&Pipeline> {
        self.inner.exporter.as_deref()
    }

    pub(crate) fn pipelines(&self) -> impl Iterator<Item = &Pipeline> {
        std::iter::once(self.pipeline()).chain(self.exporter())
    }

    pub(crate) fn local(&self) -> &Local {
        &self.inner.local
    }

    pub(crate) fn local_decisions(&self) -> &AtomicU64 {
        &self.inner.local_decisions
    }

    pub(crate) fn reports(&self) -> &Reports {
        &self.inner.reports
    }

    pub(crate) fn breakers(&self) -> &Breakers {
        &self.inner.breakers
    }

    pub(crate) fn key_ring(&self) -> &KeyRing {
        &self.inner.key_ring
    }

    pub(crate) fn bypass_windows(&self) -> Option<&Bypasses> {
        self.inner.bypass_windows.as_deref()
    }

    pub(crate) fn bypasses(&self) -> &AtomicU64 {
        &self.inner.bypasses
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.inner.config.base_url.as_str())
            .field("environment", &self.inner.config.environment)
            .finish_non_exhaustive()
    }
}
