//! # What it finds
//! A user name and password inside a URL: the `user:pa55word` of `https://user:pa55word@example.com/`.
//!
//! # How it is checked
//! `://`, then at most 256 bytes without white space up to an `@`, with a colon and something behind it.
//!
//! # What it leaves alone
//! URLs without a password, and passwords that are placeholders (`<password>`, `${PASSWORD}`, `***`). Credentials of
//! databases and queues are reported as the secret `connection_string` instead.
//!
//! # References
//! RFC 3986 section 3.2.1 (user information).

use crate::detect::candidates::assignment::is_placeholder;
use crate::detect::candidates::detector::{Detector, Hit, Reads};
use crate::detect::source::Source;
use std::ops::Range;

pub(super) const DETECTOR: Detector = Detector { reads: &[Reads::Colon(look)] };

fn look(source: Source<'_>, colon: usize) -> Option<Hit> {
    user_and_password(source, colon).map(|range| Hit::proven(range, 0.9))
}

/// The credentials in the URL whose scheme ends at `colon`.
pub(crate) fn user_and_password(source: Source<'_>, colon: usize) -> Option<Range<usize>> {
    source.rest(colon).starts_with(b"://").then_some(())?;
    let start = colon.saturating_add(3);
    let end = source.run_end(start, 256, |byte| {
        byte.is_ascii_graphic()
            && !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\')
    });
    let at = source.slice(start..end).iter().rposition(|byte| *byte == b'@')?;
    let credentials = source.slice(start..start.saturating_add(at));
    let password = credentials.splitn(2, |byte| *byte == b':').nth(1)?;
    let host = source.at(start.saturating_add(at).saturating_add(1));
    let real = !password.is_empty()
        && !is_placeholder(password)
        && (host.is_ascii_alphanumeric() || host == b'[');
    real.then(|| start..start.saturating_add(at))
}
