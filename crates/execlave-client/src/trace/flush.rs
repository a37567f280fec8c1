//! Sends what waits, in batches, and accounts for every trace: sent, refused, waiting, or lost.
//!
//! What may succeed later goes back to the front of the buffer; what the server refuses is reported and not sent again. Traces in
//! flight belong to a guard, so that a cancelled flush puts them back instead of dropping them.

use std::sync::Arc;
use std::time::Duration;

use execlave_api::paths;
use execlave_api::traces::TraceBody;
use serde_json::Value;
use tokio::time::sleep;

use super::otlp;
use super::prepare::{Ready, Waiting, prepare};
use super::stamp::{self, stamp};
use crate::buffer::InFlight;
use crate::config::Config;
use crate::credentials::Credentials;
use crate::http::{Call, Http, Reply};
use crate::observer::Observer;
use crate::outbox::{Outbox, Queue};

const ATTEMPTS: u32 = 3;
/// Pause after the first failed attempt; doubled after the second.
const BACKOFF: Duration = Duration::from_secs(1);
/// A server that wants to be left alone for longer is asked again by the next flush.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Bytes in one request, well under what the server takes.
const BATCH_BYTES: usize = 4 << 20;
/// Most traces that the server takes in one request.
const BATCH_LIMIT: usize = 1_000;

/// What one flush did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlushReport {
    /// Traces that the server has stored.
    pub sent: usize,
    /// Traces that it refused; they are not sent again.
    pub rejected: Vec<RejectedTrace>,
    /// Traces that could not be delivered; they are tried again by the next flush, unless the plan's limit is used up.
    pub undelivered: usize,
    /// Decisions made in this process that the server knows of.
    pub decisions_reported: usize,
    /// Decisions made in this process that wait for the next flush.
    pub decisions_unreported: usize,
}

/// Why the server refused a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedTrace {
    /// The trace.
    pub trace_id: String,
    /// The server's error code.
    pub code: String,
    /// The server's sentence.
    pub message: String,
}

/// Buffer and sender of one client.
pub(crate) struct Pipeline {
    http: Arc<Http>,
    config: Arc<Config>,
    observer: Arc<dyn Observer>,
    credentials: Arc<Credentials>,
    queue: Queue<Waiting>,
}

/// What became of one batch.
enum Outcome {
    Taken {
        sent: usize,
        rejected: Vec<RejectedTrace>,
    },
    /// Nobody took it; the next flush may have more luck.
    Undelivered,
    /// Nobody will ever take it.
    Lost(String),
}

impl Pipeline {
    pub(crate) fn new(
        http: Arc<Http>,
        config: Arc<Config>,
        observer: Arc<dyn Observer>,
        credentials: Arc<Credentials>,
    ) -> Self {
        let told = Arc::clone(&observer);
        let queue = Queue::new(move |count, reason| told.traces_lost(count, reason));
        Self { http, config, observer, credentials, queue }
    }

    pub(crate) fn push(&self, trace: TraceBody) {
        if self.queue.buffer.push(Waiting::Fresh(Box::new(trace))) >= self.config.batch_size {
            self.queue.full_batch.notify_one();
        }
    }

    /// Sends what was waiting when it was called. Stops at the first batch that nobody takes.
    pub(crate) async fn flush(&self) -> FlushReport {
        let mut report = FlushReport::default();
        let _one_at_a_time = self.queue.sending.lock().await;
        self.queue.count_dropped();
        let mut left = self.queue.buffer.len();
        while left > 0 {
            let (mut batch, taken) = self.next_batch(left, &mut report);
            left = left.saturating_sub(taken);
            if batch.batch.is_empty() {
                continue;
            }
            let count = batch.batch.len();
            match self.deliver(&batch.batch).await {
                Outcome::Taken { sent, mut rejected } => {
                    // What was refused for its credential goes back, and out again without one.
                    batch.batch = stamp::unproved(&batch.batch, &mut rejected);
                    if !batch.batch.is_empty() {
                        self.credentials.forget();
                        left += batch.batch.len();
                    }
                    report.sent += sent;
                    report.rejected.extend(rejected);
                }
                Outcome::Lost(reason) => {
                    batch.batch.clear();
                    report.undelivered += count;
                    self.queue.lose(count, &reason);
                }
                Outcome::Undelivered => {
                    report.undelivered += count + left;
                    break;
                }
            }
        }
        report
    }

    /// Takes and prepares traces until the batch is full by count or by bytes. Returns how many left the buffer for good.
    fn next_batch(
        &self,
        most: usize,
        report: &mut FlushReport,
    ) -> (InFlight<'_, Waiting, Ready>, usize) {
        let mut batch = InFlight { buffer: &self.queue.buffer, batch: Vec::new() };
        let mut bytes = 0;
        let mut taken = 0;
        let limit = self.config.batch_size.clamp(1, BATCH_LIMIT);
        while taken < most && batch.batch.len() < limit {
            let Some(trace) = self.queue.buffer.take(1).pop() else {
                taken = most;
                break;
            };
            let ready = match trace {
                Waiting::Ready(ready) => Ok(ready),
                Waiting::Fresh(body) => prepare(*body, &self.config),
            };
            taken += 1;
            match ready {
                Ok(ready) if bytes > 0 && bytes + ready.json.len() > BATCH_BYTES => {
                    self.queue.buffer.put_back(std::iter::once(Waiting::Ready(ready)));
                    taken -= 1;
                    break;
                }
                Ok(ready) => {
                    bytes += ready.json.len();
                    batch.batch.push(ready);
                }
                Err(trace_id) => report.rejected.push(RejectedTrace {
                    trace_id,
                    code: "UNSERIALIZABLE".to_owned(),
                    message: "the trace cannot be written as JSON".to_owned(),
                }),
            }
        }
        (batch, taken)
    }

    /// The traces as JSON, one after the other.
    async fn written(&self, traces: &[Ready]) -> String {
        if self.config.stamp_identity && self.config.otlp_endpoint.is_none() {
            return stamp(&self.credentials, traces).await.join(",");
        }
        traces.iter().map(|trace| trace.json.as_str()).collect::<Vec<_>>().join(",")
    }

    async fn deliver(&self, traces: &[Ready]) -> Outcome {
        let joined = self.written(traces).await;
        let call = || match &self.config.otlp_endpoint {
            None => Call::post(paths::INGEST, format!("{{\"traces\":[{joined}]}}").into_bytes()),
            Some(endpoint) => {
                let body = otlp::envelope(&self.config, &joined).into_bytes();
                Call::post(format!("{endpoint}/v1/traces"), body).elsewhere()
            }
        };
        let mut attempt = 1;
        loop {
            let reply = self.http.send(call()).await;
            let pause = match &reply {
                Ok(reply) if reply.is_success() && self.config.otlp_endpoint.is_some() => {
                    let rejected = otlp::rejections(reply.json().as_ref());
                    let sent = traces.len().saturating_sub(rejected.len());
                    return Outcome::Taken { sent, rejected };
                }
                Ok(reply) if reply.is_success() => {
                    if let Some(outcome) = taken(traces, reply) {
                        return outcome;
                    }
                    None
                }
                Ok(reply) if reply.status == 402 => {
                    return Outcome::Lost(format!(
                        "the plan's limit is used up: {}",
                        reply.to_error()
                    ));
                }
                Ok(reply) if is_final(reply.status) => return refused(traces, reply),
                Ok(reply) => reply.retry_after,
                Err(error) => {
                    tracing::debug!(%error, attempt, "traces not delivered");
                    None
                }
            };
            let pause = pause.unwrap_or(BACKOFF * attempt);
            if attempt == ATTEMPTS || pause > LONGEST_PAUSE {
                return match reply {
                    // A batch that makes the server fail again and again must not hold up those behind it.
                    Ok(reply) if reply.status == 500 => {
                        Outcome::Lost(format!("the server failed on them: {}", reply.to_error()))
                    }
                    _ => Outcome::Undelivered,
                };
            }
            sleep(pause).await;
            attempt += 1;
        }
    }
}

impl Outbox for Pipeline {
    type Item = Waiting;

    fn queue(&self) -> &Queue<Waiting> {
        &self.queue
    }

    async fn send_all(&self) -> bool {
        let report = self.flush().await;
        if !report.rejected.is_empty() {
            self.observer.traces_rejected(&report.rejected);
        }
        report.undelivered == 0
    }
}

/// Whether asking again is useless.
pub(crate) fn is_final(status: u16) -> bool {
    (300..500).contains(&status) && !matches!(status, 408 | 429)
}

/// Reads a receipt; `None` if it is none.
fn taken(traces: &[Ready], reply: &Reply) -> Option<Outcome> {
    let body = reply.json()?;
    let accepted = body.get("accepted").and_then(Value::as_u64)?;
    let rejected = rejections(&body);
    let sent = usize::try_from(accepted).unwrap_or(usize::MAX).min(traces.len());
    Some(Outcome::Taken { sent, rejected })
}

/// Reads a refusal of the whole batch: each trace by its own reason where the server gives one.
fn refused(traces: &[Ready], reply: &Reply) -> Outcome {
    let mut rejected = reply.json().as_ref().map(rejections).unwrap_or_default();
    if rejected.is_empty() {
        let refusal = reply.refusal();
        let code = refusal.code.unwrap_or_else(|| format!("HTTP_{}", refusal.status));
        rejected.extend(traces.iter().map(|trace| RejectedTrace {
            trace_id: trace.trace_id.clone(),
            code: code.clone(),
            message: refusal.message.clone(),
        }));
    }
    Outcome::Taken { sent: 0, rejected }
}

fn rejections(body: &Value) -> Vec<RejectedTrace> {
    let text = |error: &Value, names: [&str; 2]| {
        let found = names.iter().find_map(|name| error.get(*name)).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    let errors = body.get("errors").and_then(Value::as_array);
    errors
        .into_iter()
        .flatten()
        .map(|error| RejectedTrace {
            trace_id: text(error, ["traceId", "trace_id"]),
            code: text(error, ["code", "code"]),
            message: text(error, ["error", "message"]),
        })
        .collect()
}
