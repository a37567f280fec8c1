//! What is not delivered yet, wherever it is: as the application finished it, being prepared, in a batch in memory, or on the disk.
//!
//! Nothing here waits for the network. It is slow all the same, because it scrubs, scans and writes to disk, so it runs where no question
//! waits, a little at a time. Whoever waits for it may be cancelled at any moment: the place of every trace is known under one lock.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::batch::Batch;
use super::deliver::Destination;
use super::flush::RejectedTrace;
use super::history::History;
use super::prepare::{Ready, Waiting, prepare};
use super::spool::Spool;
use crate::agents::Registry;
use crate::config::{Config, InvalidSetting};
use crate::outbox::Queue;

/// Bytes in one request, well under what the server takes.
pub(super) const BATCH_BYTES: usize = 4 << 20;
/// Most traces that the server takes in one request.
const BATCH_LIMIT: usize = 1_000;
/// Most bytes of batches in memory; what is not in a batch yet waits in the buffer.
const LINE_BYTES: usize = 32 << 20;
/// Traces are prepared for so long at a time, and others have their turn.
const SLICE: Duration = Duration::from_millis(5);

/// The stock of one destination.
pub(super) struct Stock {
    config: Arc<Config>,
    destination: Destination,
    registry: Arc<Registry>,
    pub(super) queue: Queue<Waiting>,
    spool: Option<Spool>,
    hand: Mutex<Hand>,
    /// One at a time takes from the buffer.
    taking: Mutex<()>,
}

/// What left the buffer and is not on the disk.
#[derive(Default)]
struct Hand {
    /// Traces that are being prepared at this moment.
    preparing: usize,
    /// Prepared ones that will make a batch.
    ready: Vec<Ready>,
    ready_bytes: usize,
    /// Batches, oldest first.
    line: Vec<Batch>,
    /// What cannot be written as JSON.
    refused: Vec<RejectedTrace>,
}

impl Stock {
    pub(super) fn new(
        config: Arc<Config>,
        destination: Destination,
        registry: Arc<Registry>,
        queue: Queue<Waiting>,
    ) -> Result<Self, InvalidSetting> {
        let open =
            |folder: &Path| Spool::open(folder, &destination.name(&config), config.spool_bytes);
        let spool = config.spool_dir.as_deref().map(open).transpose()?;
        let (hand, taking) = (Mutex::default(), Mutex::new(()));
        Ok(Self { config, destination, registry, queue, spool, hand, taking })
    }

    /// How many traces wait, wherever.
    pub(super) fn len(&self) -> usize {
        let hand = self.lock();
        let line: usize = hand.line.iter().map(Batch::len).sum();
        let spooled = self.spool.as_ref().map_or(0, Spool::len);
        self.queue.buffer.len() + hand.preparing + hand.ready.len() + line + spooled
    }

    /// How many traces the server has failed on.
    pub(super) fn failed(&self) -> usize {
        let hand = self.lock();
        let failed = hand.line.iter().filter(|batch| batch.history.failures > 0);
        failed.map(Batch::len).sum::<usize>() + self.spool.as_ref().map_or(0, Spool::failed)
    }

    /// Whether there is a disk to move things to.
    pub(super) fn has_spool(&self) -> bool {
        self.spool.is_some()
    }

    /// What was refused before it was sent, once.
    pub(super) fn take_refused(&self) -> Vec<RejectedTrace> {
        std::mem::take(&mut self.lock().refused)
    }

    /// Takes and prepares up to `left` traces, for a moment; says how many are left, and whether a batch was put together. It is full by
    /// count or by bytes, or it is the last.
    pub(super) fn gather(&self, mut left: usize) -> (usize, bool) {
        let _one_at_a_time = self.taking.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = self.config.batch_size.clamp(1, BATCH_LIMIT);
        let begun = Instant::now();
        loop {
            let waiting = {
                let mut hand = self.lock();
                let next = if left > 0 && hand.ready.len() < limit {
                    self.queue.buffer.take(1).pop()
                } else {
                    None
                };
                let Some(next) = next else {
                    let is_full = hand.ready.len() >= limit;
                    return (if is_full { left } else { 0 }, hand.bundle());
                };
                hand.preparing += 1;
                next
            };
            left -= 1;
            let trace = waiting.into_trace();
            let prepared = prepare(trace, &self.config, &self.destination, &self.registry);
            let mut hand = self.lock();
            hand.preparing -= 1;
            match prepared {
                Ok(trace) => {
                    let too_large = hand.ready_bytes + trace.json.len() > BATCH_BYTES;
                    let is_batch = too_large && hand.bundle();
                    hand.ready_bytes += trace.json.len();
                    hand.ready.push(trace);
                    if is_batch {
                        return (left, true);
                    }
                }
                Err(trace_id) => hand.refused.push(RejectedTrace {
                    trace_id,
                    code: "UNSERIALIZABLE".to_owned(),
                    message: "the trace cannot be written as JSON".to_owned(),
                }),
            }
            if left > 0 && begun.elapsed() >= SLICE {
                return (left, false);
            }
        }
    }

    /// Whether there is room for another batch in memory.
    pub(super) fn has_room(&self) -> bool {
        self.lock().line.iter().map(|batch| batch.json.len()).sum::<usize>() < LINE_BYTES
    }

    /// Moves batches to the disk; whether there was room for all of them.
    pub(super) fn save(&self) -> bool {
        let Some(spool) = &self.spool else { return false };
        spool.restore();
        let mut hand = self.lock();
        while let Some(batch) = hand.line.first() {
            if let Err(error) = spool.append(batch) {
                tracing::warn!(%error, "traces stay in memory");
                return false;
            }
            hand.line.remove(0);
        }
        true
    }

    /// The batch to send next among those that are `wanted`: the one with the fewest failures, from the disk first, since what lies there
    /// is older.
    pub(super) fn next(&self, wanted: impl Fn(History) -> bool) -> Option<Batch> {
        let spooled = loop {
            match self.spool.as_ref().and_then(|spool| spool.next(&wanted)) {
                Some(Ok(batch)) => break Some(batch),
                Some(Err(traces)) => {
                    self.queue.lose(traces, "their place on the disk cannot be read");
                }
                None => break None,
            }
        };
        let hand = self.lock();
        let held = hand.line.iter().filter(|batch| wanted(batch.history));
        let held = held.min_by_key(|batch| batch.history.failures);
        match (spooled, held) {
            (Some(spooled), Some(held)) if held.history.failures < spooled.history.failures => {
                Some(held.clone())
            }
            (Some(spooled), _) => Some(spooled),
            (None, held) => held.cloned(),
        }
    }

    /// Notes that a batch was sent and not taken.
    pub(super) fn keep(&self, batch: &Batch, history: History) {
        if let Some(spool) = &self.spool {
            spool.mark_sent(batch.id, history);
        }
        if let Some(held) = self.lock().line.iter_mut().find(|held| held.id == batch.id) {
            (held.was_sent, held.history) = (true, history);
        }
    }

    /// Puts two halves where a batch was; `false` if that cannot be done.
    pub(super) fn split(&self, batch: &Batch, history: History) -> bool {
        let batch = Batch { history, ..batch.clone() };
        let Some(halves) = batch.halves() else { return false };
        let mut hand = self.lock();
        if let Some(place) = hand.line.iter().position(|held| held.id == batch.id) {
            hand.line.splice(place..=place, halves);
            return true;
        }
        let split = self.spool.as_ref().map(|spool| spool.split(batch.id, &halves));
        split.is_some_and(|split| {
            split.inspect_err(|error| tracing::debug!(%error, "a batch stays whole")).is_ok()
        })
    }

    /// Forgets a batch.
    pub(super) fn settle(&self, batch: &Batch) {
        if let Some(spool) = &self.spool {
            spool.settle(batch.id);
        }
        self.lock().line.retain(|held| held.id != batch.id);
    }

    /// Gives up on what only memory holds; what is on the disk waits for the next process. With a disk, everything was moved there before.
    pub(super) fn give_up(&self, reason: &str) {
        let _nothing_under_way = self.taking.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = self.spool.as_ref().map_or(0, Spool::close);
        if gone > 0 {
            self.queue.lose(gone, "their file was removed");
        }
        let hand = std::mem::take(&mut *self.lock());
        let line: usize = hand.line.iter().map(Batch::len).sum();
        let held = hand.preparing + hand.ready.len() + line + hand.refused.len();
        if held > 0 {
            self.queue.lose(held, reason);
        }
        self.queue.abandon(reason);
    }

    fn lock(&self) -> MutexGuard<'_, Hand> {
        self.hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hand {
    /// Makes a batch of what is ready; whether there was anything.
    fn bundle(&mut self) -> bool {
        let ready = std::mem::take(&mut self.ready);
        self.ready_bytes = 0;
        let is_any = !ready.is_empty();
        self.line.extend(is_any.then(|| Batch::of(ready)));
        is_any
    }
}
