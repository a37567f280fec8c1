//! What was decided in this process, on its way to the server's records.
//!
//! A report is handed over by the caller in a moment; the digest of the action is computed on the sending side. What the server cannot be
//! told yet waits, bounded; it knows every decision by its id, so that sending one twice does no harm.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use execlave_api::decisions::{DecisionReceipt, LocalDecision, Problem};
use execlave_api::enforce::Violation;
use execlave_api::paths;
use execlave_core::decision::Decision;
use execlave_core::request::Action;
use execlave_core::time::Timestamp;
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use crate::buffer::{InFlight, Waits};
use crate::http::{Call, Http};
use crate::observer::Observer;
use crate::outbox::{Outbox, Queue};
use crate::trace::{History, is_failure, is_final};

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
/// How many fewer reports are sent together after each failure of the server on them, as a power of two: soon, each is sent alone.
const FEWER: u32 = 3;
/// Batches in a row on which the server fails before it counts as away.
const MOST_FAILURES: u32 = 2;

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
    /// How often the server has failed on it.
    pub(crate) history: History,
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
    /// When the server took something last.
    taken: Mutex<Option<Instant>>,
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
    /// The server is there, and fails: on these reports, or on all.
    Failed(String),
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
        Self { http, queue, taken: Mutex::new(None) }
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
        let (mut successes, mut failures) = (0, 0);
        while left > 0 {
            let batch = self.take_alike(left, successes);
            let mut batch = InFlight { buffer: &self.queue.buffer, batch };
            if batch.batch.is_empty() {
                break;
            }
            left = left.saturating_sub(batch.batch.len());
            match self.deliver(&batch.batch).await {
                Outcome::Taken { delivered, refused, reason } => {
                    batch.batch.clear();
                    *self.taken() = Some(Instant::now());
                    (successes, failures) = (successes + 1, 0);
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
                Outcome::Failed(reason) => {
                    delivery.left += self.wait_behind(batch.batch.drain(..), &reason);
                    (successes, failures) = (0, failures + 1);
                    if failures == MOST_FAILURES {
                        delivery.left += left;
                        break;
                    }
                }
                Outcome::Undelivered => {
                    delivery.left += batch.batch.len() + left;
                    break;
                }
            }
        }
        delivery
    }

    /// Takes the oldest reports on which the server has failed equally often: the more often, the fewer, unless they get through.
    fn take_alike(&self, left: usize, successes: u32) -> Vec<Report> {
        let mut batch = self.queue.buffer.take_batch(left.min(BATCH), BATCH_BYTES);
        let failures = batch.first().map_or(0, |first| first.history.failures);
        let fewer = BATCH.checked_shr(FEWER * failures).unwrap_or(0).max(1);
        let most = fewer.saturating_mul(2_usize.saturating_pow(successes));
        let alike = batch.iter().take(most).take_while(|one| one.history.failures == failures);
        let others = batch.split_off(alike.count());
        self.queue.buffer.put_back(others.into_iter());
        batch
    }

    /// Puts reports behind all others, but for one that is hopeless; says how many wait there.
    fn wait_behind(&self, reports: impl ExactSizeIterator<Item = Report>, reason: &str) -> usize {
        let (now, taken, is_alone) = (Instant::now(), *self.taken(), reports.len() == 1);
        let mut waiting = 0;
        for mut report in reports {
            if is_alone && report.history.is_hopeless(now, taken) {
                let reason = format!("the server fails on them again and again: {reason}");
                self.queue.lose(1, &reason);
                continue;
            }
            report.history = report.history.failed(now, 0);
            self.queue.buffer.push(report);
            waiting += 1;
        }
        waiting
    }

    fn taken(&self) -> MutexGuard<'_, Option<Instant>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
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
        if is_failure(reply.status) {
            return Outcome::Failed(reply.to_error().to_string());
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
