//! # What it finds
//! E-mail addresses: `jane.doe+news@mail.example.co.uk`.
//!
//! # How it is checked
//! The part in front of the `@` is at most 64 bytes of ASCII letters, digits and `. _ % + - '`. The host is at most
//! 253 bytes of labels, Latin letters with accents among them, and ends in a dot and two to twenty-four letters.
//!
//! # What it leaves alone
//! `user@localhost`, `@handle`, package versions (`react@18.2.0`), image names (`icon@2x.png`), and the remotes of
//! version control (`git@host:team/project`), which are addresses of machines.
//!
//! # References
//! RFC 5321 section 4.5.3.1 (lengths), RFC 1035 section 2.3.1 (labels).

use crate::detect::candidates::detector::{Detector, Hit, Reads};
use crate::detect::source::Source;

pub(super) const DETECTOR: Detector = Detector { reads: &[Reads::At(look)] };

/// Endings of file names that follow an `@` in the names of scaled images and bundles.
const FILES: [&[u8]; 9] =
    [b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"css", b"json", b"js"];

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'')
}

/// Letters of the Latin blocks up to U+024F are two bytes from 0xC3 to 0xC9 on.
fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | 0xc3..=0xc9 | 0x80..=0xbf)
}

fn look(source: Source<'_>, at: usize) -> Option<Hit> {
    let mut start = source.run_start(at, at.saturating_sub(65), is_local);
    while start < at && matches!(source.at(start), b'.' | b'-' | b'\'' | b'%') {
        start = start.saturating_add(1);
    }
    let local = source.slice(start..at);
    if local.is_empty() || local.len() > 64 || local.ends_with(b"'") {
        return None;
    }
    let host_start = at.saturating_add(1);
    let host_end = source.run_end(host_start, 253, is_host);
    let length = host_length(source.slice(host_start..host_end))?;
    let end = host_start.saturating_add(length);
    if local == b"git" && source.at(end) == b':' {
        return None;
    }
    Some(Hit::likely(start..end, 0.95))
}

/// The longest beginning of `host` that is a host with a top-level domain of letters.
fn host_length(host: &[u8]) -> Option<usize> {
    let mut length = 0usize;
    let mut longest = None;
    for (index, label) in host.split(|byte| *byte == b'.').enumerate() {
        let letters = label.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let tail = label.get(letters..).unwrap_or_default();
        // Behind the letters something else may follow that is not the address: a hyphen, another script.
        let ends = tail.first().is_none_or(|byte| *byte == b'-' || !byte.is_ascii());
        let name = label.get(..letters).unwrap_or_default();
        if index > 0 && ends && (2..=24).contains(&letters) && !FILES.contains(&name) {
            longest = Some(length.saturating_add(letters));
        }
        let whole = !label.is_empty() && !label.starts_with(b"-");
        if !whole {
            break;
        }
        length = length.saturating_add(label.len()).saturating_add(1);
    }
    longest
}
