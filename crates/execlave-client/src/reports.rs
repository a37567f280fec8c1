//! What was decided in this process, on its way to the server's records.
//!
//! A report is handed over by the caller in a moment; the digest of the action is computed on the sending side. What the server cannot be
//! told yet waits, bounded; it knows every decision by its id, so that sending one twice does no harm.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use execlave_api::decisions::{DecisionReceipt, LocalDecision, Problem};
use execlave_api::enforce::Violation;
use execlave_api::paths;
use execlave_core::decision::Decision;
use execlave_core::request::Action;
use execlave_core::time::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::buffer::{InFlight, Waits};
use crate::http::{Call, Http};
use crate::observer::Observer;
use crate::outbox::{Outbox, Queue};
use crate::trace::is_final;

/// Most reports in one request; the server takes 1,000.
const BATCH: usize = 500;
/// Most bytes behind one request, well under what the server takes even if every character needs an escape.
const BATCH_BYTES: usize = 1 << 20;
/// Reports that wait when the background task does not wait for its interval.
const FULL: usize = 100;
/// Bytes of an action that are kept until the report is sent; of a larger one the digest is computed at once.
const KEPT: usize = 4 << 10;
/// Most bytes of reports that wait at the same time.
const CAPACITY_BYTES: usize = 32 << 20;
/// About how much a violation holds on to, with its message and excerpt.
const VIOLATION: usize = 512;
/// A batch that makes the server fail so often in a row is given up: it must not hold up those behind it.
const FAILURES: u32 = 3;

/// One decision made here.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) id: Uuid,
    /// The agent's id on the server.
    pub(crate) agent_id: Arc<str>,
    pub(crate) about: About,
    pub(crate) decision: Decision,
    /// The set of policies it was made with.
    pub(crate) bundle_version: Arc<str>,
    pub(crate) duration_us: i64,
    pub(crate) evaluated_at: Timestamp,
}

/// What was decided about, as far as the record needs it.
#[derive(Debug)]
pub(crate) struct About {
    environment: Option<String>,
    digest: Digest,
    input: Option<String>,
    bytes: usize,
}

#[derive(Debug)]
enum Digest {
    Known(String),
    Of(Arc<Action>),
}

/// What one flush did.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    pub(crate) delivered: usize,
    pub(crate) left: usize,
}

/// Buffer and sender of one client.
pub(crate) struct Reports {
    http: Arc<Http>,
    queue: Queue<Report>,
    /// How often in a row the server failed.
    failures: AtomicU32,
}

/// What became of one batch.
enum Outcome {
    /// The server has these, and refused the others.
    Taken {
        delivered: usize,
        refused: usize,
        reason: String,
    },
    Undelivered,
    Lost(String),
}

impl About {
    /// Of an action of so many bytes; its input is kept if the organisation keeps inputs.
    pub(crate) fn new(action: &Arc<Action>, bytes: usize, keep_input: bool) -> Self {
        let is_small = bytes <= KEPT;
        let input = keep_input.then(|| action.input.clone());
        Self {
            environment: action.environment.clone(),
            digest: if is_small {
                Digest::Of(Arc::clone(action))
            } else {
                Digest::Known(action.digest().to_string())
            },
            bytes: input.as_ref().map_or(0, String::len) + if is_small { bytes } else { 0 },
            input,
        }
    }
}

impl Waits for Report {
    fn bytes(&self) -> usize {
        let decision = &self.decision;
        let fired = decision.violations.len() + decision.warnings.len() + decision.problems.len();
        self.about.bytes + fired * VIOLATION
    }
}

impl Report {
    fn to_wire(&self) -> LocalDecision {
        LocalDecision {
            id: self.id.to_string(),
            agent_id: self.agent_id.to_string(),
            environment: self.about.environment.clone(),
            action_digest: match &self.about.digest {
                Digest::Known(digest) => digest.clone(),
                Digest::Of(action) => action.digest().to_string(),
            },
            outcome: self.decision.outcome.as_str().to_owned(),
            violations: Violation::list(self.decision.violations.iter().cloned()),
            warnings: Violation::list(self.decision.warnings.iter().cloned()),
            problems: self.decision.problems.iter().cloned().map(Problem::from).collect(),
            tier_overrides: self.decision.tier_overrides.iter().map(ToString::to_string).collect(),
            bundle_version: self.bundle_version.to_string(),
            duration_us: self.duration_us,
            evaluated_at: self.evaluated_at.to_string(),
            input: self.about.input.clone(),
        }
    }
}

impl Reports {
    pub(crate) fn new(http: Arc<Http>, observer: Arc<dyn Observer>) -> Self {
        let queue =
            Queue::new(CAPACITY_BYTES, move |count, reason| observer.decisions_lost(count, reason));
        Self { http, queue, failures: AtomicU32::new(0) }
    }

    /// Takes a report; when too many wait, the oldest is dropped and counted.
    pub(crate) fn push(&self, report: Report) {
        if self.queue.is_abandoned() {
            return self.queue.lose(1, "it was made while the client was shut down");
        }
        if self.queue.buffer.push(report).count >= FULL {
            self.queue.full_batch.notify_one();
        }
    }

    /// Sends what was waiting when it was called. Stops at the first batch that nobody takes.
    pub(crate) async fn flush(&self) -> Delivery {
        let mut delivery = Delivery::default();
        let _one_at_a_time = self.queue.sending.lock().await;
        self.queue.count_dropped();
        let mut left = self.queue.buffer.len();
        while left > 0 {
            let batch = self.queue.buffer.take_batch(left.min(BATCH), BATCH_BYTES);
            let mut batch = InFlight { buffer: &self.queue.buffer, batch };
            if batch.batch.is_empty() {
                break;
            }
            left = left.saturating_sub(batch.batch.len());
            match self.deliver(&batch.batch).await {
                Outcome::Taken { delivered, refused, reason } => {
                    batch.batch.clear();
                    delivery.delivered += delivered;
                    if refused > 0 {
                        self.queue.lose(refused, &reason);
                    }
                }
                Outcome::Lost(reason) => {
                    let count = batch.batch.len();
                    batch.batch.clear();
                    self.queue.lose(count, &reason);
                }
                Outcome::Undelivered => {
                    delivery.left = batch.batch.len() + left;
                    break;
                }
            }
        }
        delivery
    }

    async fn deliver(&self, reports: &[Report]) -> Outcome {
        let decisions: Vec<LocalDecision> = reports.iter().map(Report::to_wire).collect();
        let body = json!({ "decisions": decisions }).to_string().into_bytes();
        let reply = match self.http.send(Call::post(paths::INGEST_DECISIONS, body)).await {
            Ok(reply) => reply,
            Err(error) => {
                tracing::debug!(%error, "decisions not reported");
                return Outcome::Undelivered;
            }
        };
        if reply.status != 500 {
            self.failures.store(0, Ordering::Relaxed);
        } else if self.failures.fetch_add(1, Ordering::Relaxed) + 1 == FAILURES {
            self.failures.store(0, Ordering::Relaxed);
            return Outcome::Lost(format!("the server failed on them: {}", reply.to_error()));
        }
        if is_final(reply.status) {
            return Outcome::Lost(format!("the server refuses them: {}", reply.to_error()));
        }
        let receipt = reply.json().filter(|_| reply.is_success());
        match receipt.and_then(|body| serde_json::from_value::<DecisionReceipt>(body).ok()) {
            Some(receipt) => Outcome::Taken {
                delivered: receipt.accepted + receipt.duplicates,
                refused: receipt.failed,
                reason: receipt.errors.first().map_or_else(String::new, |error| {
                    format!("the server refuses them: {}: {}", error.code, error.error)
                }),
            },
            None => Outcome::Undelivered,
        }
    }
}

impl Outbox for Reports {
    type Item = Report;

    fn queue(&self) -> &Queue<Report> {
        &self.queue
    }

    async fn send_all(&self) -> bool {
        self.flush().await.left == 0
    }
}
