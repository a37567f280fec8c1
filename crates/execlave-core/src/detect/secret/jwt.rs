//! # What it finds
//! Signed JSON web tokens: `eyJhbGciOi….eyJzdWIiOi….c2lnbmF0dXJl`.
//!
//! # How it is checked
//! Three parts of base64url, the first two of which start like a JSON object, each of eight characters or more.
//!
//! # What it leaves alone
//! Base64 that is not followed by two more parts.
//!
//! # References
//! RFC 7519 section 3, RFC 7515 section 7.1.

use crate::detect::candidates::detector::{Detector, Hit, Reads};
use crate::detect::source::{Source, is_wide};

pub(super) const DETECTOR: Detector = Detector { reads: &[Reads::Prefix("eyJ", look)] };

/// The longest part; claims are seldom a tenth of it.
const LONGEST: usize = 8192;

fn look(source: Source<'_>, start: usize) -> Option<Hit> {
    let header = part(source, start, b"eyJ")?;
    let claims = part(source, dot(source, header)?, b"eyJ")?;
    let end = part(source, dot(source, claims)?, b"")?;
    Some(Hit::proven(start..end, 0.95))
}

fn part(source: Source<'_>, start: usize, prefix: &[u8]) -> Option<usize> {
    source.rest(start).starts_with(prefix).then_some(())?;
    let body = start.saturating_add(prefix.len());
    let end = source.run_end(body, LONGEST, is_wide);
    (end.saturating_sub(body) >= 8).then_some(end)
}

fn dot(source: Source<'_>, end: usize) -> Option<usize> {
    (source.at(end) == b'.').then(|| end.saturating_add(1))
}
