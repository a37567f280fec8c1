//! # What it finds
//! Private keys in PEM form, from header to footer: `-----BEGIN RSA PRIVATE KEY-----`; a key that is cut off, by its header.
//!
//! # How it is checked
//! The header's label ends in `PRIVATE KEY` (or `PRIVATE KEY BLOCK`); the footer follows within 16 KiB.
//!
//! # What it leaves alone
//! Public keys and certificates.
//!
//! # References
//! RFC 7468 (textual encodings), RFC 9580 section 6.2 (`OpenPGP` armor).

use crate::detect::candidates::detector::{Detector, Hit, Reads};
use crate::detect::source::Source;

pub(super) const DETECTOR: Detector = Detector { reads: &[Reads::Dashes(look)] };

/// The longest key in text, between header and footer.
const LONGEST: usize = 16 * 1024;

fn look(source: Source<'_>, start: usize) -> Option<Hit> {
    source.rest(start).starts_with(b"-----BEGIN ").then_some(())?;
    let header_end = label_end(source, start.saturating_add(11))?;
    let body = source.slice(header_end..header_end.saturating_add(LONGEST));
    let footer = body.windows(9).position(|window| window == b"-----END ");
    let end = footer
        .and_then(|footer| label_end(source, header_end.saturating_add(footer).saturating_add(9)));
    Some(Hit::proven(start..end.unwrap_or(header_end), 1.0))
}

/// Where the dashes behind a private key's label end.
fn label_end(source: Source<'_>, start: usize) -> Option<usize> {
    let end = source.run_end(start, 60, |byte| {
        byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' '
    });
    let label = source.slice(start..end);
    let private = label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK");
    (private && source.rest(end).starts_with(b"-----")).then(|| end.saturating_add(5))
}
