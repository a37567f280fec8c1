//! Moments as milliseconds since 1970, RFC 3339 on the wire.
//!
//! An integer sorts alike in both databases and costs nothing to compare. The clock itself lives in the
//! server; this crate is only ever told what time it is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in UTC with millisecond precision, between the years -9999 and 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Text or a number that is not a moment this type can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an RFC 3339 time such as `2026-11-24T01:42:00.000Z`")]
pub struct InvalidTimestamp(String);

impl Timestamp {
    /// The moment that many milliseconds after 1970, held within the supported years.
    pub fn from_millis(millis: i64) -> Self {
        Self(
            millis.clamp(
                jiff::Timestamp::MIN.as_millisecond(),
                jiff::Timestamp::MAX.as_millisecond(),
            ),
        )
    }

    /// Milliseconds since 1970.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// Later by that many milliseconds, saturating.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// Earlier by that many milliseconds, saturating.
    #[must_use]
    pub fn minus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_sub(millis))
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` is later.
    pub fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment =
            jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        write!(f, "{moment:.3}")
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        text.parse::<jiff::Timestamp>()
            .map(|moment| Self(moment.as_millisecond()))
            .map_err(|_| InvalidTimestamp(text.chars().take(64).collect()))
    }
}

impl TryFrom<i64> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(millis: i64) -> Result<Self, InvalidTimestamp> {
        jiff::Timestamp::from_millisecond(millis)
            .map(|moment| Self(moment.as_millisecond()))
            .map_err(|_| InvalidTimestamp(millis.to_string()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_with_exactly_milliseconds_and_z() {
        let moment: Timestamp = "2026-11-24T02:42:00+01:00".parse().unwrap();
        assert_eq!(moment.to_string(), "2026-11-24T01:42:00.000Z");
        assert_eq!(moment.plus_millis(7).to_string(), "2026-11-24T01:42:00.007Z");
        assert_eq!(moment.plus_millis(7).millis_since(moment), 7);
    }

    #[test]
    fn extremes_saturate_and_still_print() {
        let end = Timestamp::from_millis(i64::MAX);
        assert_eq!(end.plus_millis(i64::MAX), end);
        assert!(end.to_string().ends_with('Z'));
        assert!(Timestamp::from_millis(i64::MIN).minus_millis(1).to_string().ends_with('Z'));
        assert!(Timestamp::try_from(i64::MAX).is_err());
    }

    #[test]
    fn text_without_an_offset_is_refused() {
        assert!("2026-11-24T01:42:00".parse::<Timestamp>().is_err());
        assert!("yesterday".parse::<Timestamp>().is_err());
    }
}
