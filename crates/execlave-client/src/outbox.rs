//! Sends what waits, in the background: when a batch is full, at every interval, and once more at the end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Something that is handed in batch by batch.
pub(crate) trait Outbox: Send + Sync + 'static {
    /// Sends what waits; whether all of it found its way.
    fn send_all(&self) -> impl Future<Output = bool> + Send;

    /// Rings when a batch is full.
    fn full_batch(&self) -> &Notify;

    /// Gives up on everything that waits, and on what a send that is cut short puts back later.
    fn abandon(&self, reason: &str);

    /// Whether it was given up.
    fn is_abandoned(&self) -> bool;
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
            // While nothing gets through, a full batch is the normal state and no reason to hurry.
            () = outbox.full_batch().notified(), if !failing => {}
        }
        let everything = tokio::select! {
            everything = outbox.send_all() => everything,
            () = stop.cancelled() => break,
        };
        failing = !everything;
    }
    if !outbox.is_abandoned() {
        // A timeout leaves the rest in the buffer, which is given up next.
        let _ = tokio::time::timeout(patience, outbox.send_all()).await;
    }
    outbox.abandon("the server could not be reached before the end");
}
