//! Tells the server afterwards what ran without a decision, so that its records have no hole where the outage was.
//!
//! Bypasses of one agent for one reason are counted together in a window. A window is closed by the next governed answer for that agent,
//! after a minute without a bypass, after a quarter of an hour, and at the end; only closed windows are sent. What the server cannot be
//! told waits, bounded; what is forgotten is counted and reported as well. Every window has an id, so that sending it twice does no harm.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use execlave_api::bypasses::{BypassReport, SdkInfo};
use execlave_api::paths;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::agents::to_body;
use crate::client::Client;
use crate::clock;
use crate::enforce::Bypass;
use crate::http::{Call, Http};
use crate::trace::jittered;

mod windows;

use self::windows::Windows;

/// How often closed windows are looked for.
const TICK: Duration = Duration::from_secs(10);
/// The longest between two attempts while the server takes nothing.
const LONGEST_BACKOFF: Duration = Duration::from_mins(5);
/// How long one report may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the end of a client waits for its last report.
const DRAIN: Duration = Duration::from_secs(3);

/// An action that goes ahead without a decision, as it is reported.
#[derive(Clone, Copy, Debug)]
pub struct Occurrence<'a> {
    /// The agent as the caller named it.
    pub agent_id: &'a str,
    /// Why nobody decided, as a word.
    pub reason: &'a str,
    /// What the caller was answered, as a word that begins with `fail_open_`.
    pub source: &'a str,
    /// What was met.
    pub message: &'a str,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Failed attempts in a row for this agent, if the attempt failed.
    pub consecutive_failures: Option<u32>,
}

impl<'a> From<&'a Bypass> for Occurrence<'a> {
    fn from(bypass: &'a Bypass) -> Self {
        Self {
            agent_id: &bypass.agent_id,
            reason: bypass.reason(),
            source: bypass.source.as_str(),
            message: &bypass.message,
            status: bypass.status,
            consecutive_failures: bypass.consecutive_failures,
        }
    }
}

impl Client {
    /// How many actions went ahead without a decision since this client was made.
    pub fn bypass_count(&self) -> u64 {
        self.bypasses().load(Ordering::Relaxed)
    }

    /// Counts an action that went ahead without a decision, and tells the server afterwards. What [`Client::enforce`] lets through is
    /// counted already; this is for whoever stands around it and could not even ask.
    pub fn report_bypass(&self, occurrence: &Occurrence<'_>) {
        self.bypasses().fetch_add(1, Ordering::Relaxed);
        if let Some(windows) = self.bypass_windows() {
            windows.add(occurrence);
        }
    }
}

/// The windows of one client and their way to the server.
pub(crate) struct Bypasses {
    http: Arc<Http>,
    sdk: SdkInfo,
    windows: Mutex<Windows>,
    sending: tokio::sync::Mutex<()>,
    drained: AtomicBool,
}

impl Bypasses {
    pub(crate) fn new(http: Arc<Http>, language: &str) -> Self {
        let sdk = SdkInfo {
            name: "execlave-sdk".to_owned(),
            language: language.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        Self {
            http,
            sdk,
            windows: Mutex::default(),
            sending: tokio::sync::Mutex::default(),
            drained: AtomicBool::new(false),
        }
    }

    /// Counts one.
    pub(crate) fn add(&self, bypass: &Occurrence<'_>) {
        self.lock().add(bypass, Instant::now());
    }

    /// Somebody decided about an action of this agent: its windows are over.
    pub(crate) fn governed(&self, agent_id: &str) {
        self.lock().close_of(agent_id);
    }

    /// Sends closed windows until stopped, and then the rest: of a client that was forgotten rather than shut down as well.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.report() => {}
        }
        self.drain().await;
    }

    /// Sends closed windows, without end.
    async fn report(&self) {
        let mut pause = TICK;
        loop {
            sleep(pause).await;
            self.lock().close_old(Instant::now());
            pause =
                if self.send().await { TICK } else { jittered((pause * 2).min(LONGEST_BACKOFF)) };
        }
    }

    /// Closes every window and tries to send them, for three seconds at most. What is left is lost, and the log says so. Does so once.
    pub(crate) async fn drain(&self) {
        if self.drained.swap(true, Ordering::AcqRel) {
            return;
        }
        self.lock().close_all();
        // Running out of time leaves the rest where it is, to be counted below.
        let _ = timeout(DRAIN, self.send()).await;
        let left = self.lock().bypasses();
        if left > 0 {
            tracing::error!(
                bypasses = left,
                "the server was not told of actions that ran without a decision"
            );
        }
    }

    /// Sends what is closed; whether nothing is left.
    async fn send(&self) -> bool {
        let _one_at_a_time = self.sending.lock().await;
        loop {
            let (windows, dropped) = {
                let windows = self.lock();
                (windows.oldest(), windows.dropped())
            };
            if windows.is_empty() && dropped.is_none() {
                return true;
            }
            let ids: Vec<String> = windows.iter().map(|window| window.window_id.clone()).collect();
            let drop_id = dropped.as_ref().map(|dropped| dropped.drop_id.clone());
            let sent_at = clock::now().to_string();
            let report = BypassReport { sdk: self.sdk.clone(), sent_at, windows, dropped };
            let Ok(body) = to_body(&report) else { return false };
            let reply = self.http.send(Call::post(paths::BYPASS_WINDOWS, body).timeout(PATIENCE));
            let is_settled = match reply.await {
                Ok(reply) if reply.is_success() => true,
                // A server that cannot read it never will.
                Ok(reply) if matches!(reply.status, 400 | 413 | 422) => {
                    tracing::error!(error = %reply.to_error(), "a report of bypasses is refused");
                    true
                }
                Ok(reply) => {
                    tracing::debug!(status = reply.status, "bypasses not reported");
                    false
                }
                Err(error) => {
                    tracing::debug!(%error, "bypasses not reported");
                    false
                }
            };
            if !is_settled {
                return false;
            }
            self.lock().settle(&ids, drop_id.as_deref());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Windows> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
