//! Sends what waits, in batches, and accounts for every trace: sent, refused, waiting, or lost.
//!
//! A batch is put together once and stays as it is until somebody has taken it. With a spool it is on the disk before it is sent; without
//! one, and where the disk is full, it waits in memory. A flush that is cancelled leaves it where it was.
//!
//! A server that is away stops the flush. One that fails on a batch may do so because of the batch: the next one is tried as well, and if
//! that is taken, so are the others. What it has failed on comes after what is new, after growing pauses, and is split until the trace is
//! alone that it fails on; that one is given up in the end.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use execlave_api::traces::TraceBody;
use tokio::time::Instant;

use super::batch::Batch;
use super::deliver::{Destination, Outcome, jittered};
use super::history::History;
use super::prepare::Waiting;
use super::stock::{BATCH_BYTES, Stock};
use crate::compute::compute;
use crate::config::{Config, InvalidSetting};
use crate::credentials::Credentials;
use crate::http::Http;
use crate::observer::Observer;
use crate::outbox::{Outbox, Queue};

/// Most bytes of traces that wait in memory for one destination.
const CAPACITY_BYTES: usize = 64 << 20;
/// Attempts at a batch on which the server has not failed yet.
const ATTEMPTS: u32 = 3;
/// Batches in a row after which it is the server's fault.
const MOST_WHOLES: u32 = 2;
/// The same with halves, which fail with their whole: more than it takes to find one trace in a batch.
const MOST_FAILURES: u32 = 12;
/// The longest between two looks of the background task whether the server is back.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// What one flush did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlushReport {
    /// Traces that the server has stored.
    pub sent: usize,
    /// Traces that it refused; they are not sent again.
    pub rejected: Vec<RejectedTrace>,
    /// Traces that could not be delivered and wait for the next attempt.
    pub undelivered: usize,
    /// Decisions made in this process that the server knows of.
    pub decisions_reported: usize,
    /// Decisions made in this process that wait for the next flush.
    pub decisions_unreported: usize,
}

/// Why the server refused a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedTrace {
    /// The trace; empty where the server did not say which.
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
    stock: Arc<Stock>,
    /// When the server wants to be asked again.
    not_before: Mutex<Option<Instant>>,
    /// How often in a row the background task met a server that was away.
    setbacks: AtomicU32,
    /// When the server took something last.
    taken: Mutex<Option<Instant>>,
    rounds: AtomicU64,
}

/// How far a flush came.
#[derive(Default)]
struct Progress {
    report: FlushReport,
    /// Whether the server took nothing more.
    is_stuck: bool,
}

/// What follows from a failure of the server on a batch.
enum Consequence {
    Waits,
    Split,
    Lost,
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
        let stock = Arc::new(Stock::new(
            Arc::clone(&config),
            destination.clone(),
            credentials.registry(),
            queue,
        )?);
        Ok(Self {
            http,
            config,
            destination,
            observer,
            credentials,
            stock,
            not_before: Mutex::new(None),
            setbacks: AtomicU32::new(0),
            taken: Mutex::new(None),
            rounds: AtomicU64::new(0),
        })
    }

    pub(crate) fn push(&self, trace: TraceBody) {
        let level = self.stock.queue.buffer.push(Waiting::new(trace));
        if level.count >= self.config.batch_size || level.bytes >= BATCH_BYTES {
            self.stock.queue.full_batch.notify_one();
        }
    }

    /// How many traces wait, wherever.
    pub(crate) fn waiting(&self) -> usize {
        self.stock.len()
    }

    /// Sends what was waiting when it was called. Stops when the server takes nothing more.
    pub(crate) async fn flush(&self) -> FlushReport {
        self.send(true).await.report
    }

    /// Sends what waits: all of it, or what is due.
    async fn send(&self, all: bool) -> Progress {
        let _one_at_a_time = self.stock.queue.sending.lock().await;
        self.stock.queue.count_dropped();
        let round = self.rounds.fetch_add(1, Ordering::Relaxed) + 1;
        let mut progress = Progress::default();
        let mut left = self.save(self.stock.queue.buffer.len()).await;
        // More may be put aside meanwhile; it is not waited for.
        let mut due = self.waiting();
        let (mut failures, mut wholes) = (0, 0);
        while due > 0
            && let Some(batch) = self.next_batch(&mut left, round, all).await
        {
            due = due.saturating_sub(batch.len());
            let is_doubted = failures > 0 || batch.history.failures > 0;
            match self.deliver(&batch, if is_doubted { 1 } else { ATTEMPTS }).await {
                Outcome::Taken { sent, rejected } => {
                    progress.report.sent += sent;
                    progress.report.rejected.extend(rejected);
                    *lock(&self.taken) = Some(Instant::now());
                    *lock(&self.not_before) = None;
                    self.work(move |stock| stock.settle(&batch)).await;
                    (failures, wholes) = (0, 0);
                }
                Outcome::Failed(reason) => {
                    if let Consequence::Split = self.failed(&batch, round, &reason).await {
                        due += batch.len();
                    }
                    failures += 1;
                    wholes += u32::from(!batch.history.is_half());
                    progress.is_stuck = wholes >= MOST_WHOLES || failures >= MOST_FAILURES;
                }
                Outcome::Undelivered { again } => {
                    *lock(&self.not_before) = again;
                    self.work(move |stock| stock.keep(&batch, batch.history)).await;
                    progress.is_stuck = true;
                }
            }
            if progress.is_stuck {
                // What could not be sent is still safe from the end of the process.
                self.save(left).await;
                break;
            }
        }
        progress.report.rejected.extend(self.stock.take_refused());
        progress.report.undelivered =
            if progress.is_stuck { self.waiting() } else { self.stock.failed() };
        progress
    }

    /// Draws the consequence of a failure that may be the batch's own.
    async fn failed(&self, batch: &Batch, round: u64, reason: &str) -> Consequence {
        let (now, taken) = (Instant::now(), *lock(&self.taken));
        if batch.len() == 1 && batch.history.is_hopeless(now, taken) {
            let settled = batch.clone();
            self.work(move |stock| stock.settle(&settled)).await;
            self.stock
                .queue
                .lose(1, &format!("the server fails on them again and again: {reason}"));
            return Consequence::Lost;
        }
        let history = batch.history.failed(now, round);
        let batch = batch.clone();
        let split = self.work(move |stock| {
            stock.keep(&batch, history);
            history.is_suspicious() && stock.split(&batch, history)
        });
        if split.await == Some(true) { Consequence::Split } else { Consequence::Waits }
    }

    /// Moves what waits in memory to the disk, if there is one, as far as there is room; up to `left` of what is not in a batch. Returns
    /// how many of them are left.
    async fn save(&self, mut left: usize) -> usize {
        if !self.stock.has_spool() {
            return left;
        }
        loop {
            let saved = self.work(move |stock| {
                if !stock.save() {
                    return (left, false);
                }
                let (left, _) = stock.gather(left);
                (left, stock.save())
            });
            let Some((rest, had_room)) = saved.await else { return left };
            left = rest;
            if left == 0 || !had_room {
                return left;
            }
        }
    }

    /// The batch to send next, put together from up to `left` traces if need be. What the server has failed on comes last.
    async fn next_batch(&self, left: &mut usize, round: u64, all: bool) -> Option<Batch> {
        loop {
            let count = *left;
            let found = self.work(move |stock| {
                let fresh = stock.next(|history| history.failures == 0);
                if fresh.is_some() || !stock.has_room() {
                    return (count, false, fresh);
                }
                let (left, is_batch) = stock.gather(count);
                (left, is_batch || left > 0, None)
            });
            let (rest, is_more, fresh) = found.await?;
            *left = rest;
            if fresh.is_some() {
                return fresh;
            }
            if !is_more {
                break;
            }
        }
        let now = Instant::now();
        let is_wanted =
            move |history: History| history.tried_in != round && (all || history.is_due(now));
        self.work(move |stock| stock.next(is_wanted)).await?
    }

    /// Does something with the stock where it holds up nobody.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Stock) -> T + Send + 'static,
    ) -> Option<T> {
        let stock = Arc::clone(&self.stock);
        compute(self.config.work_threads.deliveries.as_ref(), move || work(&stock)).await
    }

    fn tell_refused(&self, rejected: &[RejectedTrace]) {
        if !rejected.is_empty() {
            self.observer.traces_rejected(rejected);
        }
    }

    /// Does not ask a server again at once that was away several times in a row.
    fn back_off(&self, is_stuck: bool) {
        if !is_stuck {
            return self.setbacks.store(0, Ordering::Relaxed);
        }
        let setbacks = self.setbacks.fetch_add(1, Ordering::Relaxed);
        if let Some(every) = self.config.flush_interval.filter(|_| setbacks > 0) {
            let pause = every.saturating_mul(2_u32.saturating_pow(setbacks)).min(LONGEST_PAUSE);
            let pause_ends = Some(Instant::now() + jittered(pause));
            let mut not_before = lock(&self.not_before);
            *not_before = (*not_before).max(pause_ends);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Outbox for Pipeline {
    type Item = Waiting;

    fn queue(&self) -> &Queue<Waiting> {
        &self.stock.queue
    }

    async fn send_all(&self) -> bool {
        if lock(&self.not_before).is_some_and(|moment| Instant::now() < moment) {
            self.put_aside().await;
            return false;
        }
        let progress = self.send(false).await;
        self.tell_refused(&progress.report.rejected);
        self.back_off(progress.is_stuck);
        !progress.is_stuck
    }

    async fn send_last(&self) {
        let report = self.flush().await;
        self.tell_refused(&report.rejected);
    }

    async fn put_aside(&self) -> bool {
        if !self.stock.has_spool() {
            return false;
        }
        let left = self.save(self.stock.queue.buffer.len()).await;
        self.tell_refused(&self.stock.take_refused());
        left == 0 && self.work(Stock::save).await == Some(true)
    }

    /// Gives up on what only memory holds; what is on the disk waits for the next process.
    async fn give_up(&self, reason: &str) {
        self.save(self.stock.queue.buffer.len()).await;
        let why = reason.to_owned();
        if self.work(move |stock| stock.give_up(&why)).await.is_none() {
            self.stock.give_up(reason);
        }
    }
}
