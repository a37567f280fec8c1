//! The trace quota, as far as it is known to be used up: kept for a short while, so that a client that fails closed need not ask again to
//! learn the same.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::Error;

/// The one resource whose limit is kept: others are none of a question's business.
const RESOURCE: &str = "maxTracesPerMonth";
/// How long it is kept.
const KEPT: Duration = Duration::from_mins(1);

/// What the server said last, and when.
#[derive(Debug, Default)]
pub(super) struct Quota(Mutex<Option<(Instant, Error)>>);

impl Quota {
    /// Keeps what a 402 said, if it was about traces.
    pub(super) fn learn(&self, error: Error) {
        if matches!(&error, Error::PlanLimit { resource, .. } if resource == RESOURCE) {
            *self.lock() = Some((Instant::now(), error));
        }
    }

    /// What it said, while that counts.
    pub(super) fn exhausted(&self) -> Option<Error> {
        let mut kept = self.lock();
        if kept.as_ref().is_some_and(|(at, _)| at.elapsed() >= KEPT) {
            *kept = None;
        }
        kept.as_ref().map(|(_, error)| error.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Instant, Error)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(resource: &str) -> Error {
        let (resource, refusal) = (resource.to_owned(), Box::default());
        Error::PlanLimit { resource, current: 5, max: 5, refusal }
    }

    #[tokio::test(start_paused = true)]
    async fn a_used_up_quota_of_traces_is_kept_for_a_minute() {
        let quota = Quota::default();
        quota.learn(limit("agents"));
        assert!(quota.exhausted().is_none());
        quota.learn(limit(RESOURCE));
        tokio::time::advance(Duration::from_millis(59_999)).await;
        assert!(matches!(quota.exhausted(), Some(Error::PlanLimit { max: 5, .. })));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(quota.exhausted().is_none());
    }
}
