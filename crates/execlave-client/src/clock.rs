//! The application's clock and random source.
//!
//! The SDK runs inside somebody's process and has nobody to be handed the time by: this is the one place that asks.

use std::time::{SystemTime, UNIX_EPOCH};

use execlave_core::time::Timestamp;
use uuid::Uuid;

/// The wall clock, to the millisecond.
pub(crate) fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the SDK's only look at the wall clock")]
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}

/// A new UUIDv7.
pub(crate) fn new_id() -> Uuid {
    let millis = u64::try_from(now().as_millis()).unwrap_or_default();
    let mut rest = [0; 10];
    if getrandom::fill(&mut rest).is_err() {
        rest.iter_mut().zip(random().to_le_bytes()).for_each(|(place, byte)| *place = byte);
    }
    uuid::Builder::from_unix_timestamp_millis(millis, &rest).into_uuid()
}

/// Eight random bytes; a counter mixed with the clock if the system has no random source to offer.
pub(crate) fn random() -> u64 {
    getrandom::u64().unwrap_or_else(|_| now().as_millis().unsigned_abs().rotate_left(24))
}
