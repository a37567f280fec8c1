//! What waits for delivery: bounded by number and by size, and counting what does not fit.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most things of a kind that wait at the same time; one more drops the oldest.
pub(crate) const CAPACITY: usize = 10_000;

/// Something that waits.
pub(crate) trait Waits {
    /// How many bytes it holds on to, about.
    fn bytes(&self) -> usize;
}

/// How much waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) count: usize,
    pub(crate) bytes: usize,
}

/// The queue.
#[derive(Debug)]
pub(crate) struct Buffer<T> {
    queue: Mutex<Queue<T>>,
    /// Most bytes that wait at the same time.
    capacity_bytes: usize,
}

#[derive(Debug)]
struct Queue<T> {
    waiting: VecDeque<T>,
    bytes: usize,
    dropped: u64,
}

/// A batch that is being sent. What is in it when it is dropped, as by a cancelled call, goes back to the buffer.
#[derive(Debug)]
pub(crate) struct InFlight<'a, T: Waits, R: Into<T>> {
    pub(crate) buffer: &'a Buffer<T>,
    pub(crate) batch: Vec<R>,
}

impl<T: Waits, R: Into<T>> Drop for InFlight<'_, T, R> {
    fn drop(&mut self) {
        self.buffer.put_back(self.batch.drain(..).map(Into::into));
    }
}

impl<T: Waits> Buffer<T> {
    /// An empty one for so many bytes.
    pub(crate) fn new(capacity_bytes: usize) -> Self {
        let queue = Queue { waiting: VecDeque::new(), bytes: 0, dropped: 0 };
        Self { queue: Mutex::new(queue), capacity_bytes }
    }

    /// Adds one, for which the oldest make room; returns how much waits. What can never fit is dropped itself.
    pub(crate) fn push(&self, one: T) -> Level {
        let mut queue = self.lock();
        if one.bytes() > self.capacity_bytes {
            queue.dropped += 1;
            return queue.level();
        }
        while !queue.fits(&one, self.capacity_bytes) && queue.pop().is_some() {
            queue.dropped += 1;
        }
        queue.bytes += one.bytes();
        queue.waiting.push_back(one);
        queue.level()
    }

    /// Takes up to `count` of the oldest.
    pub(crate) fn take(&self, count: usize) -> Vec<T> {
        self.take_batch(count, usize::MAX)
    }

    /// Takes up to `count` of the oldest and up to `bytes` of them, but at least one if one is waiting.
    pub(crate) fn take_batch(&self, count: usize, bytes: usize) -> Vec<T> {
        let mut queue = self.lock();
        let mut taken = Vec::with_capacity(count.min(queue.waiting.len()));
        let mut size = 0_usize;
        while taken.len() < count {
            let Some(next) = queue.waiting.front() else { break };
            size = size.saturating_add(next.bytes());
            if size > bytes && !taken.is_empty() {
                break;
            }
            taken.extend(queue.pop());
        }
        taken
    }

    /// Puts things back in front, as many as fit; the oldest are dropped first.
    pub(crate) fn put_back(&self, things: impl DoubleEndedIterator<Item = T>) {
        let mut queue = self.lock();
        for thing in things.rev() {
            if queue.fits(&thing, self.capacity_bytes) {
                queue.bytes += thing.bytes();
                queue.waiting.push_front(thing);
            } else {
                queue.dropped += 1;
            }
        }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// How many were dropped since the last time this was asked.
    pub(crate) fn take_dropped(&self) -> usize {
        usize::try_from(std::mem::take(&mut self.lock().dropped)).unwrap_or(usize::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Waits> Queue<T> {
    fn fits(&self, one: &T, capacity_bytes: usize) -> bool {
        self.waiting.len() < CAPACITY && self.bytes + one.bytes() <= capacity_bytes
    }

    fn level(&self) -> Level {
        Level { count: self.waiting.len(), bytes: self.bytes }
    }

    fn pop(&mut self) -> Option<T> {
        let oldest = self.waiting.pop_front()?;
        self.bytes -= oldest.bytes();
        Some(oldest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPACITY_BYTES: usize = 1 << 20;

    fn buffer() -> Buffer<Parcel> {
        Buffer::new(CAPACITY_BYTES)
    }

    /// Something with a number, and a size.
    #[derive(Debug, PartialEq)]
    struct Parcel(usize, usize);

    impl Waits for Parcel {
        fn bytes(&self) -> usize {
            self.1
        }
    }

    fn ids(parcels: &[Parcel]) -> Vec<usize> {
        parcels.iter().map(|parcel| parcel.0).collect()
    }

    #[test]
    fn the_oldest_is_dropped_and_counted() {
        let buffer = buffer();
        for id in 0..CAPACITY + 3 {
            buffer.push(Parcel(id, 1));
        }
        assert_eq!(buffer.len(), CAPACITY);
        assert_eq!(buffer.take_dropped(), 3);
        assert_eq!(buffer.take_dropped(), 0);
        assert_eq!(ids(&buffer.take(2)), [3, 4]);
    }

    #[test]
    fn what_is_put_back_keeps_its_order() {
        let buffer = buffer();
        (0..4).for_each(|id| {
            buffer.push(Parcel(id, 1));
        });
        let batch = buffer.take(2);
        drop(InFlight::<Parcel, Parcel> { buffer: &buffer, batch });
        assert_eq!(ids(&buffer.take(9)), [0, 1, 2, 3]);
    }

    #[test]
    fn bytes_are_bounded_in_the_buffer_and_in_a_batch() {
        let buffer = buffer();
        for id in 0..3 {
            buffer.push(Parcel(id, CAPACITY_BYTES / 2));
        }
        assert_eq!((buffer.len(), buffer.take_dropped()), (2, 1));
        assert_eq!(ids(&buffer.take_batch(9, 10)), [1]);
        assert_eq!(ids(&buffer.take_batch(9, CAPACITY_BYTES)), [2]);
        buffer.push(Parcel(4, CAPACITY_BYTES));
        assert_eq!((buffer.len(), buffer.take_dropped()), (1, 0));
        let level = buffer.push(Parcel(5, CAPACITY_BYTES + 1));
        assert_eq!(level, Level { count: 1, bytes: CAPACITY_BYTES });
        assert_eq!(buffer.take_dropped(), 1, "what never fits costs nobody else the place");
        buffer.put_back([Parcel(3, 1)].into_iter());
        assert_eq!((ids(&buffer.take(9)), buffer.take_dropped()), (vec![4], 1));
    }
}
