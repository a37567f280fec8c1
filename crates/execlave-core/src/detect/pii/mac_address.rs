//! # What it finds
//! Hardware addresses: `00:1A:2B:3C:4D:5E`, `00-1A-2B-3C-4D-5E`.
//!
//! # How it is checked
//! Six pairs of hexadecimal digits with the same separator between all of them.
//!
//! # What it leaves alone
//! Longer or shorter rows of pairs, such as certificate fingerprints and times; all zeros and all ones.
//!
//! # References
//! IEEE 802, section 8 (EUI-48 and its notation).

use std::ops::Range;

use crate::detect::candidates::detector::{Detector, Hit, Reads};
use crate::detect::candidates::number::Number;
use crate::detect::source::{Source, is_alnum, is_wide};

pub(super) const DETECTOR: Detector =
    Detector { reads: &[Reads::Colon(colon), Reads::ShortNumber(number), Reads::Word(word)] };

const LENGTH: usize = 17;

fn colon(source: Source<'_>, colon: usize) -> Option<Hit> {
    address(source, colon.checked_sub(2)?)
}

fn number(number: &Number<'_>) -> Option<Hit> {
    hyphens(number.source, number.range(1))
}

fn word(source: Source<'_>, word: Range<usize>) -> Option<Hit> {
    hyphens(source, word)
}

/// One pair of several with hyphens: the address starts where the whole identifier does.
fn hyphens(source: Source<'_>, pair: Range<usize>) -> Option<Hit> {
    let hyphen = source.before(pair.start) == b'-' || source.at(pair.end) == b'-';
    (pair.len() == 2 && hyphen).then_some(())?;
    address(source, source.run_start(pair.start, pair.start.saturating_sub(LENGTH), is_wide))
}

fn address(source: Source<'_>, start: usize) -> Option<Hit> {
    let end = start.saturating_add(LENGTH);
    let text = source.slice(start..end);
    let separator = *text.get(2)?;
    let pairs = text.split(|byte| *byte == separator);
    let hexadecimal = |pair: &[u8]| pair.len() == 2 && pair.iter().all(u8::is_ascii_hexdigit);
    let fits = matches!(separator, b':' | b'-')
        && text.len() == LENGTH
        && pairs.clone().count() == 6
        && pairs.clone().all(hexadecimal)
        && !pairs.clone().all(|pair| pair == b"00")
        && !pairs.clone().all(|pair| pair.eq_ignore_ascii_case(b"ff"));
    let (front, next) = (source.before(start), source.at(end));
    let goes_on = next == b':' && source.at(end.saturating_add(1)).is_ascii_hexdigit();
    let joined = |byte: u8| is_alnum(byte) || matches!(byte, b'-' | b'_');
    let alone = !(joined(front) || front == b':' || joined(next) || goes_on);
    (fits && alone).then(|| Hit::likely(start..end, 0.8))
}
