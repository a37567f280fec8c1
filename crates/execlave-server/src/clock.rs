//! The one place that asks the machine for the time and for randomness.
//!
//! Everything else takes `now` and ids as values, so that a test can stand still, move an hour ahead, and see what happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use execlave_core::time::Timestamp;
use uuid::Uuid;

/// Tells the time and makes ids. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
    /// The first 60 bits of the latest id: milliseconds, then a counter of 12 bits.
    latest_id: Arc<AtomicU64>,
}

#[derive(Clone, Debug)]
enum Source {
    System,
    Settable(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::of(Source::System)
    }

    /// A clock that stands still until it is advanced.
    pub fn settable(start: Timestamp) -> Self {
        Self::of(Source::Settable(Arc::new(AtomicI64::new(start.as_millis()))))
    }

    fn of(source: Source) -> Self {
        Self { source, latest_id: Arc::default() }
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        match &self.source {
            Source::System => system_now(),
            Source::Settable(millis) => Timestamp::from_millis(millis.load(Ordering::SeqCst)),
        }
    }

    /// Moves a settable clock ahead; the system's clock moves by itself.
    pub fn advance_millis(&self, by: i64) {
        if let Source::Settable(millis) = &self.source {
            millis.fetch_add(by, Ordering::SeqCst);
        }
    }

    /// A new UUIDv7 of the current time, as any id type. Of two ids of one process the later one is the greater, also within a
    /// millisecond, so that lists have one order.
    pub fn new_id<T: From<Uuid>>(&self) -> T {
        let least = u64::try_from(self.now().as_millis()).unwrap_or_default() << COUNTER_BITS;
        let next = |latest: u64| latest.saturating_add(1).max(least);
        let latest = self
            .latest_id
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |latest| Some(next(latest)));
        let id = next(latest.unwrap_or_default());
        let mut rest: [u8; 10] = random_bytes();
        [rest[0], rest[1]] = [(id >> 8).to_le_bytes()[0], id.to_le_bytes()[0]];
        uuid::Builder::from_unix_timestamp_millis(id >> COUNTER_BITS, &rest).into_uuid().into()
    }
}

const COUNTER_BITS: u32 = 12;

#[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else is sent to")]
fn system_now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

/// Bytes nobody can guess.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has a random source");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_made_in_order() {
        let clock = Clock::settable(Timestamp::from_millis(1_790_000_000_000));
        let mut ids: Vec<Uuid> = (0..10_000).map(|_| clock.new_id()).collect();
        clock.advance_millis(1_000);
        ids.push(clock.new_id());
        assert!(ids.is_sorted_by(|earlier, later| earlier < later));
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
        let time = ids[0].get_timestamp().map(|time| time.to_unix().0);
        assert_eq!(time, Some(1_790_000_000));
    }
}
