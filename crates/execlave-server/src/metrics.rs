//! The numbers behind `/metrics`.
//!
//! The recorder is one per process, because the `metrics` macros write to a global; several servers in one process (tests) share it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::http::Method;
use execlave_core::decision::Outcome;
use execlave_store::webhooks::DeliveryStatus;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

const LATENCY_BUCKETS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0,
];

/// Starts recording; calling it again changes nothing.
pub(crate) fn install() {
    RECORDER.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), LATENCY_BUCKETS)
            .ok()?;
        let handle = builder.install_recorder().ok()?;
        metrics::describe_histogram!(
            "execlave_http_request_duration_seconds",
            "time to answer, by route and status"
        );
        metrics::describe_counter!("execlave_decisions_total", "decisions, by outcome");
        metrics::describe_histogram!(
            "execlave_enforce_duration_seconds",
            "time to a recorded decision"
        );
        metrics::describe_counter!("execlave_traces_total", "ingested traces, by result");
        metrics::describe_gauge!("execlave_writer_queue", "records that wait for the writer");
        metrics::describe_gauge!(
            "execlave_approval_waiters",
            "requests that are held until an approval is decided"
        );
        metrics::describe_gauge!(
            "execlave_channel_clients",
            "clients that listen on the control channel"
        );
        metrics::describe_counter!(
            "execlave_webhook_attempts_total",
            "tries to tell webhooks, by what became of the delivery"
        );
        Some(handle)
    });
}

/// The text that Prometheus reads.
pub(crate) fn render() -> String {
    let Some(Some(handle)) = RECORDER.get() else { return String::new() };
    handle.run_upkeep();
    handle.render()
}

pub(crate) fn request(method: &Method, route: &str, status: u16, elapsed: Duration) {
    // Anybody can invent methods; each would be a series of its own.
    let method = match method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => {
            known.to_owned()
        }
        _ => "other".to_owned(),
    };
    let labels = [("method", method), ("route", route.to_owned()), ("status", status.to_string())];
    metrics::histogram!("execlave_http_request_duration_seconds", &labels)
        .record(elapsed.as_secs_f64());
}

pub(crate) fn decision(outcome: Outcome, elapsed: Duration) {
    metrics::counter!("execlave_decisions_total", "outcome" => outcome.as_str()).increment(1);
    metrics::histogram!("execlave_enforce_duration_seconds").record(elapsed.as_secs_f64());
}

pub(crate) fn traces(accepted: usize, refused: usize) {
    metrics::counter!("execlave_traces_total", "result" => "accepted").increment(accepted as u64);
    metrics::counter!("execlave_traces_total", "result" => "refused").increment(refused as u64);
}

pub(crate) fn webhook_attempt(status: DeliveryStatus) {
    metrics::counter!("execlave_webhook_attempts_total", "status" => status.as_str()).increment(1);
}

pub(crate) fn writer_queue(waiting: usize) {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a queue of 2^52 records does not fit in memory"
    )]
    metrics::gauge!("execlave_writer_queue").set(waiting as f64);
}

/// Counts a client of the control channel, for as long as the value lives.
#[derive(Clone)]
pub(crate) struct ChannelClient {
    _counted: Arc<Counted>,
}

struct Counted(metrics::Gauge);

impl ChannelClient {
    pub(crate) fn new() -> Self {
        let clients = metrics::gauge!("execlave_channel_clients");
        clients.increment(1.0);
        Self { _counted: Arc::new(Counted(clients)) }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// Counts a request that is held until an approval is decided, for as long as the value lives.
pub(crate) struct ApprovalWaiter(metrics::Gauge);

impl ApprovalWaiter {
    pub(crate) fn new() -> Self {
        let waiters = metrics::gauge!("execlave_approval_waiters");
        waiters.increment(1.0);
        Self(waiters)
    }
}

impl Drop for ApprovalWaiter {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
