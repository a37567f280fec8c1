//! A sliding window as a handful of counts.
//!
//! The window is cut into sixty slices and each slice remembers how many actions it saw. A slice counts for as long as any part of it is
//! inside the window, so the answer is never too low: no window of the full length, wherever it begins, ever holds more actions than the
//! limit. It may be too high by what happened in one slice, which means that room comes back up to a sixtieth of the window late: one
//! second for a minute, one minute for an hour. An exact log would need a row per action; this needs one row per counter.

use execlave_core::time::Timestamp;
use serde::{Deserialize, Serialize};

const SLICES: i64 = 60;

/// The counts, oldest slice first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SlidingWindow {
    slices: Vec<(i64, u64)>,
}

impl SlidingWindow {
    /// How many actions the window of `length_ms` that ends at `now` holds. What another node's clock has put after `now` counts.
    pub fn count(&self, now: Timestamp, length_ms: i64) -> u64 {
        let begins = now.as_millis().saturating_sub(length_ms);
        let slice = slice_ms(length_ms);
        let inside = self.slices.iter().filter(|(start, _)| start.saturating_add(slice) > begins);
        inside.fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Counts one more action.
    pub fn add(&mut self, now: Timestamp, length_ms: i64) {
        let slice = slice_ms(length_ms);
        let start = now.as_millis().div_euclid(slice).saturating_mul(slice);
        match self.slices.binary_search_by_key(&start, |(start, _)| *start) {
            Ok(place) => self.slices[place].1 = self.slices[place].1.saturating_add(1),
            Err(place) => self.slices.insert(place, (start, 1)),
        }
        let begins = now.as_millis().saturating_sub(length_ms);
        // A node whose clock is behind may still ask about what is just outside: one length more is kept.
        let kept = begins.saturating_sub(length_ms);
        self.slices.retain(|(start, _)| start.saturating_add(slice) > kept);
    }
}

fn slice_ms(length_ms: i64) -> i64 {
    (length_ms / SLICES).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: i64 = 60_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000 + millis)
    }

    #[test]
    fn room_comes_back_at_most_a_slice_late() {
        let mut window = SlidingWindow::default();
        window.add(at(0), MINUTE);
        window.add(at(500), MINUTE);
        assert_eq!(window.count(at(59_999), MINUTE), 2);
        assert_eq!(window.count(at(60_999), MINUTE), 2, "a slice counts whole");
        assert_eq!(window.count(at(61_000), MINUTE), 0);
        assert_eq!(window.count(at(-5_000), MINUTE), 2, "a clock behind sees what was ahead");
    }

    proptest! {
        /// Whoever asks before adding never gets more than the limit into any window, whatever the pace.
        #[test]
        fn no_window_holds_more_than_the_limit(
            limit in 1_u64..20,
            gaps in proptest::collection::vec(0_i64..4_000, 1..400),
        ) {
            let mut window = SlidingWindow::default();
            let mut admitted: Vec<i64> = Vec::new();
            let mut now = 0;
            for gap in gaps {
                now += gap;
                if window.count(at(now), MINUTE) < limit {
                    window.add(at(now), MINUTE);
                    admitted.push(now);
                }
                let exact = admitted.iter().filter(|time| **time > now - MINUTE).count() as u64;
                prop_assert!(exact <= limit);
                prop_assert!(window.count(at(now), MINUTE) >= exact, "never too low");
                let late = admitted.iter().filter(|time| **time > now - MINUTE - 1_000).count() as u64;
                prop_assert!(window.count(at(now), MINUTE) <= late, "too high by a slice at most");
            }
            prop_assert!(window.slices.len() <= 122);
        }
    }
}
