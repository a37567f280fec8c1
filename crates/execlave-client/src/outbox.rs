//! What waits to be sent, the account of what never will be, and the task that sends it: when a batch is full, at every interval, and
//! once more at the end.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::buffer::{Buffer, Waits};

/// Something that is handed in batch by batch.
pub(crate) trait Outbox: Send + Sync + 'static {
    /// What is sent.
    type Item: Waits + Send;

    /// What waits.
    fn queue(&self) -> &Queue<Self::Item>;

    /// Sends what waits; whether all of it found its way.
    fn send_all(&self) -> impl Future<Output = bool> + Send;

    /// Sends what waits for the last time, whatever was learnt of the server before.
    fn send_last(&self) -> impl Future<Output = ()> + Send {
        async {
            self.send_all().await;
        }
    }

    /// Moves what waits out of memory, to where it can wait longer; whether there was room for all of it.
    fn put_aside(&self) -> impl Future<Output = bool> + Send {
        std::future::ready(false)
    }

    /// Gives up on everything that waits and would not outlive the process.
    fn give_up(&self, reason: &str) -> impl Future<Output = ()> + Send {
        async { self.queue().abandon(reason) }
    }
}

/// Told how many were lost, and why.
type TellLost = dyn Fn(usize, &str) + Send + Sync;

/// What waits, bounded, and how much was lost.
pub(crate) struct Queue<T> {
    pub(crate) buffer: Buffer<T>,
    /// One send at a time: the order is kept, and an explicit flush waits for the background one.
    pub(crate) sending: tokio::sync::Mutex<()>,
    /// Rings when a batch is full.
    pub(crate) full_batch: Notify,
    lost: AtomicU64,
    abandoned: AtomicBool,
    tell_lost: Box<TellLost>,
}

impl<T: Waits> Queue<T> {
    /// An empty one for so many bytes; `tell_lost` learns of everything that will never be delivered, and why.
    pub(crate) fn new(
        capacity_bytes: usize,
        tell_lost: impl Fn(usize, &str) + Send + Sync + 'static,
    ) -> Self {
        Self {
            buffer: Buffer::new(capacity_bytes),
            sending: tokio::sync::Mutex::new(()),
            full_batch: Notify::new(),
            lost: AtomicU64::new(0),
            abandoned: AtomicBool::new(false),
            tell_lost: Box::new(tell_lost),
        }
    }

    /// How many will never be delivered.
    pub(crate) fn lost(&self) -> u64 {
        self.count_dropped();
        self.lost.load(Ordering::Relaxed)
    }

    /// Counts what will never be delivered, and says so.
    pub(crate) fn lose(&self, count: usize, reason: &str) {
        self.lost.fetch_add(count as u64, Ordering::Relaxed);
        (self.tell_lost)(count, reason);
    }

    /// Counts what did not fit.
    pub(crate) fn count_dropped(&self) {
        let dropped = self.buffer.take_dropped();
        if dropped > 0 {
            self.lose(dropped, "too many were waiting, or too large ones");
        }
    }

    /// Gives up on everything that waits, and on what a send that is cut short puts back later.
    pub(crate) fn abandon(&self, reason: &str) {
        self.abandoned.store(true, Ordering::Release);
        let waiting = self.buffer.take(usize::MAX).len();
        if waiting > 0 {
            self.lose(waiting, reason);
        }
    }

    /// Whether it was given up.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }
}

/// Sends until stopped; then once more, for as long as `patience` lasts.
pub(crate) async fn run(
    outbox: Arc<impl Outbox>,
    every: Duration,
    patience: Duration,
    stop: CancellationToken,
) {
    let mut failing = false;
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => break,
            () = sleep(every) => {}
            () = outbox.queue().full_batch.notified(), if !failing => {}
            // While nothing gets through, a full batch is the normal state and no reason to hurry.
            never = put_aside(&*outbox), if failing => match never {},
        }
        let everything = tokio::select! {
            everything = outbox.send_all() => everything,
            never = put_aside(&*outbox) => match never {},
            () = stop.cancelled() => break,
        };
        failing = !everything;
    }
    if !outbox.queue().is_abandoned() {
        // A timeout leaves the rest in the buffer, which is given up next.
        let _ = tokio::time::timeout(patience, outbox.send_last()).await;
    }
    outbox.give_up("the server could not be reached before the end").await;
}

/// Makes room in memory whenever a batch is full and cannot be sent at once, until there is nowhere to put it. Never ends by itself.
async fn put_aside(outbox: &impl Outbox) -> Infallible {
    loop {
        outbox.queue().full_batch.notified().await;
        if !outbox.put_aside().await {
            // Whoever looks next, after the interval or the delivery under way, finds the bell rung.
            outbox.queue().full_batch.notify_one();
            return std::future::pending().await;
        }
    }
}
