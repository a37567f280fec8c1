//! The application's clock and random source.
//!
//! The SDK runs inside somebody's process and has nobody to be handed the time by: this is the one place that asks.

use std::time::{SystemTime, UNIX_EPOCH};

use execlave_core::time::Timestamp;

/// The wall clock, to the millisecond.
pub(crate) fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the SDK's only look at the wall clock")]
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}

/// Eight random bytes; a counter mixed with the clock if the system has no random source to offer.
pub(crate) fn random() -> u64 {
    getrandom::u64().unwrap_or_else(|_| now().as_millis().unsigned_abs().rotate_left(24))
}
