//! Limits on spending over time.
//!
//! The words and amounts; the counters themselves are asked with [`super::BudgetCheck`].

use serde::{Deserialize, Serialize};

use crate::words::words;

/// Whose spending is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum BudgetScope {
    /// One agent's.
    Agent,
    /// One user's, named by the metadata `userId`.
    User,
    /// One session's, named by the metadata `sessionId`.
    Session,
    /// The whole organisation's.
    Org,
}

words!(BudgetScope, "scope", Agent = "agent", User = "user", Session = "session", Org = "org",);

/// The length of time a budget covers: calendar periods in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum BudgetWindow {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A calendar month.
    Month,
}

words!(BudgetWindow, "window", Minute = "minute", Hour = "hour", Day = "day", Month = "month",);

/// US dollars to billionths, rounded; `None` if negative, not a number, or beyond 9.2 billion dollars.
pub fn usd_to_nanos(usd: f64) -> Option<i64> {
    let nanos = (usd * 1e9).round();
    #[expect(clippy::cast_possible_truncation, reason = "the range was just checked")]
    let whole = (0.0..9.2e18).contains(&nanos).then_some(nanos as i64);
    whole
}

/// Billionths of a US dollar as people write them: `1,250.50 USD`.
pub(super) fn usd(nanos: i64) -> String {
    let whole = nanos.checked_div(1_000_000_000).unwrap_or(0).to_string();
    let fraction = nanos.checked_rem(1_000_000_000).unwrap_or(0);
    let mut text = String::new();
    for (place, digit) in whole.chars().enumerate() {
        let left = whole.len().saturating_sub(place);
        if place > 0 && left.is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    let digits = format!("{fraction:09}");
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() { format!("{text} USD") } else { format!("{text}.{digits:0<2} USD") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_become_whole_nanos() {
        assert_eq!(usd_to_nanos(0.1 + 0.2), usd_to_nanos(0.3));
        assert_eq!(usd_to_nanos(0.0), Some(0));
        assert_eq!(usd_to_nanos(-0.0), Some(0));
        for bad in [-0.01, f64::NAN, f64::INFINITY, 1e10] {
            assert_eq!(usd_to_nanos(bad), None, "{bad}");
        }
        assert_eq!(usd(1_500_000_000), "1.50 USD");
        assert_eq!(usd(2_000_000_000), "2 USD");
        assert_eq!(usd(1_234_567_000_000_000), "1,234,567 USD");
        assert_eq!(usd(1), "0.000000001 USD");
    }
}
