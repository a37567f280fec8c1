//! The traces that wait for delivery: bounded, and counting what does not fit.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use execlave_api::traces::TraceBody;

/// Most traces that wait at the same time; one more drops the oldest.
pub(super) const CAPACITY: usize = 10_000;

/// A trace on its way.
#[derive(Debug)]
pub(super) enum Waiting {
    /// As the application finished it.
    Fresh(Box<TraceBody>),
    /// Scrubbed, scanned and written as JSON; sent before, without success.
    Ready(Ready),
}

/// A trace as it goes out.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    pub(super) trace_id: String,
    pub(super) json: String,
}

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    dropped: u64,
}

impl Buffer {
    /// Adds a trace; returns how many wait.
    pub(super) fn push(&self, trace: TraceBody) -> usize {
        let mut queue = self.lock();
        if queue.waiting.len() >= CAPACITY {
            queue.waiting.pop_front();
            queue.dropped += 1;
        }
        queue.waiting.push_back(Waiting::Fresh(Box::new(trace)));
        queue.waiting.len()
    }

    /// Takes up to `count` of the oldest.
    pub(super) fn take(&self, count: usize) -> Vec<Waiting> {
        let mut queue = self.lock();
        let count = count.min(queue.waiting.len());
        queue.waiting.drain(..count).collect()
    }

    /// Puts traces back in front, as many as fit; the oldest are dropped first.
    pub(super) fn put_back(&self, traces: impl DoubleEndedIterator<Item = Waiting>) {
        let mut queue = self.lock();
        for trace in traces.rev() {
            if queue.waiting.len() >= CAPACITY {
                queue.dropped += 1;
            } else {
                queue.waiting.push_front(trace);
            }
        }
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// How many were dropped since the last time this was asked.
    pub(super) fn take_dropped(&self) -> u64 {
        std::mem::take(&mut self.lock().dropped)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(id: usize) -> TraceBody {
        TraceBody { trace_id: id.to_string(), ..TraceBody::default() }
    }

    fn id(trace: &Waiting) -> &str {
        match trace {
            Waiting::Fresh(body) => &body.trace_id,
            Waiting::Ready(ready) => &ready.trace_id,
        }
    }

    fn ids(waiting: &[Waiting]) -> Vec<&str> {
        waiting.iter().map(id).collect()
    }

    #[test]
    fn the_oldest_is_dropped_and_counted() {
        let buffer = Buffer::default();
        for id in 0..CAPACITY + 3 {
            buffer.push(trace(id));
        }
        assert_eq!(buffer.len(), CAPACITY);
        assert_eq!(buffer.take_dropped(), 3);
        assert_eq!(buffer.take_dropped(), 0);
        assert_eq!(ids(&buffer.take(2)), ["3", "4"]);
    }

    #[test]
    fn what_is_put_back_keeps_its_order() {
        let buffer = Buffer::default();
        (0..4).for_each(|id| {
            buffer.push(trace(id));
        });
        let taken = buffer.take(2);
        buffer.put_back(taken.into_iter());
        assert_eq!(ids(&buffer.take(9)), ["0", "1", "2", "3"]);
    }
}
