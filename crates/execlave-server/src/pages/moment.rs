//! A point in time as a page shows it: how long ago, with the exact moment behind it.
//!
//! The words are the same as in `assets/execlave.js`, which keeps them true while the page is open.

use execlave_core::time::Timestamp;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// What the `time` macro of `components/ui.html` prints.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    /// RFC 3339, for machines.
    pub(crate) iso: String,
    /// Date and time in words, UTC.
    pub(crate) absolute: String,
    /// Seen from the moment the page was made: `12 min ago`, `in 4 min`.
    pub(crate) relative: String,
}

impl Moment {
    /// `at` as seen from `now`.
    pub(crate) fn new(at: Timestamp, now: Timestamp) -> Self {
        let absolute = absolute(at);
        let distance = now.as_millis().saturating_sub(at.as_millis());
        let relative = relative(distance).unwrap_or_else(|| absolute.clone());
        Self { iso: at.to_string(), absolute, relative }
    }
}

/// `24 Nov 2026, 01:42:07 UTC`.
fn absolute(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.as_millis())
        .map_or_else(|_| at.to_string(), |at| at.strftime("%-d %b %Y, %H:%M:%S UTC").to_string())
}

/// None from a week on: there a date says more.
fn relative(distance: i64) -> Option<String> {
    let far = distance.saturating_abs().saturating_add(SECOND / 2);
    let words = match far {
        _ if far >= 7 * DAY => return None,
        _ if far < 5 * SECOND => return Some("just now".to_owned()),
        _ if far < MINUTE => format!("{} s", far / SECOND),
        _ if far < HOUR => format!("{} min", far / MINUTE),
        _ if far < DAY => format!("{} h", far / HOUR),
        _ => format!("{} d", far / DAY),
    };
    Some(if distance < 0 { format!("in {words}") } else { format!("{words} ago") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(distance: i64) -> String {
        let now = Timestamp::from_millis(1_795_484_527_000);
        Moment::new(now.minus_millis(distance), now).relative
    }

    #[test]
    fn distances_read_as_a_person_says_them() {
        let said: Vec<String> = [400, 12 * SECOND, 59 * MINUTE, -4 * MINUTE, 30 * HOUR, 8 * DAY]
            .into_iter()
            .map(seen)
            .collect();
        assert_eq!(
            said,
            [
                "just now",
                "12 s ago",
                "59 min ago",
                "in 4 min",
                "1 d ago",
                "16 Nov 2026, 01:42:07 UTC"
            ]
        );
    }
}
