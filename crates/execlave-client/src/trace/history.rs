//! What happened to a batch, or to a report of a decision, so far, and what follows from it.

use std::time::Duration;

use tokio::time::Instant;

use super::deliver::jittered;

/// Failures after which a batch is split, to find the trace that the server fails on.
const SPLIT_AFTER: u32 = 2;
/// A single trace is given up after so many failures …
const HOPELESS_AFTER: u32 = 10;
/// … over so long.
const HOPELESS_TIME: Duration = Duration::from_hours(1);
/// Pause after the first failure; doubled after each.
const PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// The failures of the server on a batch: answers that say that the server fails on it, rather than that it is away.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct History {
    pub(crate) failures: u32,
    first: Option<Instant>,
    last: Option<Instant>,
    again: Option<Instant>,
    /// The flush that tried it last.
    pub(super) tried_in: u64,
}

impl History {
    /// With one failure more, in this flush.
    pub(crate) fn failed(self, now: Instant, round: u64) -> Self {
        let failures = self.failures.saturating_add(1);
        let again = Some(now + jittered(pause_after(failures)));
        let first = self.first.or(Some(now));
        Self { failures, first, last: Some(now), again, tried_in: round }
    }

    /// Of a half: as bad as the whole, and not tried yet.
    pub(super) fn of_half(self) -> Self {
        Self { again: None, tried_in: 0, ..self }
    }

    /// Whether it is a half that was not tried yet.
    pub(super) fn is_half(self) -> bool {
        self.failures > 0 && self.tried_in == 0
    }

    /// Whether the background task should try it.
    pub(super) fn is_due(self, now: Instant) -> bool {
        self.again.is_none_or(|again| now >= again)
    }

    /// Whether to look in which half the fault is.
    pub(super) fn is_suspicious(self) -> bool {
        self.failures >= SPLIT_AFTER
    }

    /// Whether a single trace is given up at this failure. Only if the server has taken others since the one before: an outage is no
    /// trace's fault, however long it lasts.
    pub(crate) fn is_hopeless(self, now: Instant, taken: Option<Instant>) -> bool {
        let is_old = self.first.is_some_and(|first| now - first >= HOPELESS_TIME);
        self.failures + 1 >= HOPELESS_AFTER && is_old && taken > self.last
    }
}

/// The pause after so many failures in a row.
pub(super) fn pause_after(failures: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
    PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_given_up_after_many_failures_over_long_while_others_passed() {
        let began = Instant::now();
        let minutes = |count: u64| began + Duration::from_mins(count);
        let mut history = History::default();
        for minute in 0..9 {
            assert!(!history.is_hopeless(minutes(minute), Some(minutes(minute))), "too few");
            history = history.failed(minutes(minute), minute);
        }
        assert!(!history.is_hopeless(minutes(59), Some(minutes(58))), "too early");
        assert!(!history.is_hopeless(minutes(60), None), "nothing passed");
        assert!(!history.is_hopeless(minutes(60), Some(minutes(7))), "nothing passed since");
        assert!(history.is_hopeless(minutes(60), Some(minutes(59))));
    }

    #[test]
    fn pauses_grow_up_to_five_minutes() {
        let seconds = [1, 2, 3, 6, 100].map(|failures| pause_after(failures).as_secs());
        assert_eq!(seconds, [10, 20, 40, 300, 300]);
        let now = Instant::now();
        let history = History::default().failed(now, 1);
        assert!(!history.is_due(now) && history.is_due(now + PAUSE * 5 / 4));
    }
}
