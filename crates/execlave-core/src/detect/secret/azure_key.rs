//! # What it finds
//! Azure storage and service bus keys (`AccountKey=…==`), shared access signatures (`sig=…` of a URL with `sv=`),
//! and client secrets of Entra ID (`abc8Q~…`).
//!
//! # How it is checked
//! 88 or 44 characters of base64 behind the key's name; a base64 signature of 32 bytes among the parameters of a signature; 34
//! characters or more behind the mark `Q~` at its fixed place.
//!
//! # What it leaves alone
//! Base64 without such a name or mark.
//!
//! # References
//! Microsoft Learn, "Manage storage account access keys", "Grant limited access with shared access signatures".

use std::ops::Range;

use crate::detect::candidates::assignment::Assignment;
use crate::detect::candidates::detector::{Detector, Hit, Reads};
use crate::detect::source::Source;

pub(super) const DETECTOR: Detector =
    Detector { reads: &[Reads::Assignment(named), Reads::Word(client_secret)] };

fn named(assignment: &Assignment<'_>) -> Option<Hit> {
    let value = assignment.value;
    let base_64 =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'%');
    if !value.iter().all(base_64) {
        return None;
    }
    let key = matches!(value.len(), 44 | 88)
        && value.ends_with(b"=")
        && assignment.is_named(&["accountkey", "sharedaccesskey", "storagekey"]);
    let start = assignment.range.start;
    let query = assignment.source.slice(start.saturating_sub(256)..start.saturating_add(256));
    let signature = (43..=60).contains(&value.len())
        && assignment.is_named(&["sig"])
        && query.windows(3).any(|window| window == b"sv=")
        && query.windows(3).any(|window| window == b"se=");
    (key || signature).then(|| Hit::proven(assignment.range.clone(), 0.95))
}

/// Three characters, a digit, `Q~`, and 31 to 34 more.
fn client_secret(source: Source<'_>, word: Range<usize>) -> Option<Hit> {
    let mark = word.end;
    (source.at(mark) == b'~' && source.before(mark) == b'Q').then_some(())?;
    let such = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'~' | b'.' | b'-');
    let start = mark.checked_sub(5)?;
    let end = source.run_end(mark.saturating_add(1), 40, such);
    let front = !source.before(start).is_ascii_alphanumeric();
    let length = end.saturating_sub(mark.saturating_add(1));
    let digit = source.at(mark.saturating_sub(2)).is_ascii_digit();
    (front && digit && (31..=34).contains(&length)).then(|| Hit::proven(start..end, 0.95))
}
