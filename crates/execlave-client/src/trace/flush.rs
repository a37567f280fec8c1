//! Sends what waits, in batches, and accounts for every trace: sent, refused, waiting, or lost.
//!
//! A batch is put together once and stays as it is until somebody has taken it. With a spool it is on the disk before it is sent; without
//! one, and where the disk is full, it waits in memory. A flush that is cancelled leaves it where it was.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use execlave_api::traces::TraceBody;
use tokio::time::Instant;

use super::batch::Batch;
use super::deliver::{Destination, Outcome};
use super::prepare::{Ready, Waiting, prepare};
use super::spool::Spool;
use crate::config::{Config, InvalidSetting};
use crate::credentials::Credentials;
use crate::http::Http;
use crate::observer::Observer;
use crate::outbox::{Outbox, Queue};

/// Most bytes of traces that wait in memory for one destination.
const CAPACITY_BYTES: usize = 64 << 20;
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

/// Buffer and sender of one client, for one destination.
pub(crate) struct Pipeline {
    pub(super) http: Arc<Http>,
    pub(super) config: Arc<Config>,
    pub(super) destination: Destination,
    observer: Arc<dyn Observer>,
    pub(super) credentials: Arc<Credentials>,
    queue: Queue<Waiting>,
    spool: Option<Spool>,
    /// A batch that was put together and is not on the disk.
    held: Mutex<Option<Batch>>,
    /// A prepared trace that did not fit into the last batch and begins the next one.
    next: Mutex<Option<Ready>>,
    /// When the server wants to be asked again.
    not_before: Mutex<Option<Instant>>,
}

impl Pipeline {
    pub(crate) fn new(
        http: Arc<Http>,
        config: Arc<Config>,
        destination: Destination,
        observer: Arc<dyn Observer>,
        credentials: Arc<Credentials>,
    ) -> Result<Self, InvalidSetting> {
        let told = Arc::clone(&observer);
        let queue =
            Queue::new(CAPACITY_BYTES, move |count, reason| told.traces_lost(count, reason));
        let open =
            |folder: &Path| Spool::open(folder, &destination.name(&config), config.spool_bytes);
        let spool = config.spool_dir.as_deref().map(open).transpose()?;
        let (held, next, not_before) = (Mutex::new(None), Mutex::new(None), Mutex::new(None));
        Ok(Self {
            http,
            config,
            destination,
            observer,
            credentials,
            queue,
            spool,
            held,
            next,
            not_before,
        })
    }

    pub(crate) fn push(&self, trace: TraceBody) {
        let level = self.queue.buffer.push(Waiting::new(trace));
        if level.count >= self.config.batch_size || level.bytes >= BATCH_BYTES {
            self.queue.full_batch.notify_one();
        }
    }

    /// How many traces wait, wherever.
    pub(crate) fn waiting(&self) -> usize {
        let held = lock(&self.held).as_ref().map_or(0, Batch::len)
            + usize::from(lock(&self.next).is_some());
        self.queue.buffer.len() + held + self.spool.as_ref().map_or(0, Spool::len)
    }

    /// Sends what was waiting when it was called. Stops at the first batch that nobody takes.
    pub(crate) async fn flush(&self) -> FlushReport {
        let mut report = FlushReport::default();
        let _one_at_a_time = self.queue.sending.lock().await;
        self.queue.count_dropped();
        let mut left = self.queue.buffer.len();
        self.save(&mut left, &mut report);
        // More may be put aside meanwhile; it is not waited for.
        let mut due = self.waiting();
        while due > 0
            && let Some(batch) = self.next_batch(&mut left, &mut report)
        {
            due = due.saturating_sub(batch.len());
            let outcome = self.deliver(&batch).await;
            if let Outcome::Undelivered { again } = outcome {
                *lock(&self.not_before) = again;
                self.keep(&batch);
                // What could not be sent is still safe from the end of the process.
                self.save(&mut left, &mut report);
                report.undelivered += self.waiting();
                return report;
            }
            match outcome {
                Outcome::Taken { sent, rejected } => {
                    report.sent += sent;
                    report.rejected.extend(rejected);
                }
                Outcome::Lost(reason) => {
                    report.undelivered += batch.len();
                    self.queue.lose(batch.len(), &reason);
                }
                Outcome::Undelivered { .. } => {}
            }
            *lock(&self.not_before) = None;
            self.settle(&batch);
        }
        report
    }

    /// Moves what waits in memory to the disk, as far as there is room.
    fn save(&self, left: &mut usize, report: &mut FlushReport) {
        let Some(spool) = &self.spool else { return };
        loop {
            let mut held = lock(&self.held);
            if held.is_none() {
                *held = self.put_together(left, report);
            }
            let Some(batch) = held.as_ref() else { return };
            if let Err(error) = spool.append(batch) {
                tracing::warn!(%error, "traces stay in memory");
                return;
            }
            *held = None;
        }
    }

    /// The batch to send next: from the disk first, since what lies there is older.
    fn next_batch(&self, left: &mut usize, report: &mut FlushReport) -> Option<Batch> {
        while let Some(oldest) = self.spool.as_ref().and_then(Spool::oldest) {
            match oldest {
                Ok(batch) => return Some(batch),
                Err(traces) => self.queue.lose(traces, "their place on the disk cannot be read"),
            }
        }
        let mut held = lock(&self.held);
        if held.is_none() {
            *held = self.put_together(left, report);
        }
        held.clone()
    }

    /// Notes that a batch may have arrived.
    fn keep(&self, batch: &Batch) {
        if let Some(spool) = &self.spool {
            spool.mark_sent(batch.id);
        }
        if let Some(held) = lock(&self.held).as_mut().filter(|held| held.id == batch.id) {
            held.was_sent = true;
        }
    }

    /// Forgets a batch.
    fn settle(&self, batch: &Batch) {
        if let Some(spool) = &self.spool {
            spool.settle(batch.id);
        }
        lock(&self.held).take_if(|held| held.id == batch.id);
    }

    /// Takes and prepares traces until the batch is full by count or by bytes; `None` if nothing is left.
    fn put_together(&self, left: &mut usize, report: &mut FlushReport) -> Option<Batch> {
        let limit = self.config.batch_size.clamp(1, BATCH_LIMIT);
        let mut ready: Vec<Ready> = lock(&self.next).take().into_iter().collect();
        let mut bytes: usize = ready.iter().map(|trace| trace.json.len()).sum();
        while *left > 0 && ready.len() < limit {
            let Some(waiting) = self.queue.buffer.take(1).pop() else {
                *left = 0;
                break;
            };
            *left -= 1;
            match prepare(waiting.into_trace(), &self.config, &self.destination) {
                Ok(trace) if bytes > 0 && bytes + trace.json.len() > BATCH_BYTES => {
                    *lock(&self.next) = Some(trace);
                    break;
                }
                Ok(trace) => {
                    bytes += trace.json.len();
                    ready.push(trace);
                }
                Err(trace_id) => report.rejected.push(RejectedTrace {
                    trace_id,
                    code: "UNSERIALIZABLE".to_owned(),
                    message: "the trace cannot be written as JSON".to_owned(),
                }),
            }
        }
        (!ready.is_empty()).then(|| Batch::of(ready))
    }

    fn tell_refused(&self, report: &FlushReport) {
        if !report.rejected.is_empty() {
            self.observer.traces_rejected(&report.rejected);
        }
    }

    /// Gives up on what only memory holds; what is on the disk waits for the next process.
    pub(crate) fn give_up(&self, reason: &str) {
        let mut report = FlushReport::default();
        self.save(&mut self.queue.buffer.len(), &mut report);
        if let Some(spool) = &self.spool {
            spool.close();
        }
        let refused = report.rejected.len();
        let held = lock(&self.held).take().map_or(0, |batch| batch.len())
            + usize::from(lock(&self.next).take().is_some());
        if held + refused > 0 {
            self.queue.lose(held + refused, reason);
        }
        self.queue.abandon(reason);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Outbox for Pipeline {
    type Item = Waiting;

    fn queue(&self) -> &Queue<Waiting> {
        &self.queue
    }

    async fn send_all(&self) -> bool {
        if lock(&self.not_before).is_some_and(|moment| Instant::now() < moment) {
            self.put_aside();
            return false;
        }
        let report = self.flush().await;
        self.tell_refused(&report);
        report.undelivered == 0
    }

    fn put_aside(&self) -> bool {
        if self.spool.is_none() {
            return false;
        }
        let mut report = FlushReport::default();
        self.save(&mut self.queue.buffer.len(), &mut report);
        self.tell_refused(&report);
        lock(&self.held).is_none()
    }

    fn give_up(&self, reason: &str) {
        Pipeline::give_up(self, reason);
    }
}
