//! # What it finds
//! United Kingdom national insurance numbers: `AB123456C`, `AB 12 34 56 C`.
//!
//! # How it is checked
//! Two letters that are used as a prefix, six digits, and a letter from A to D.
//!
//! # What it leaves alone
//! The prefixes that were never allocated (`BG`, `GB`, `NK`, `KN`, `TN`, `NT`, `ZZ`, and D, F, I, Q, U, V among the letters),
//! which specimens such as `QQ123456C` use.
//!
//! # References
//! HMRC, National Insurance Manual NIM39110.

use std::ops::Range;

use crate::detect::candidates::detector::{Detector, Hit, Reads};
use crate::detect::candidates::number::{Gap, Number};
use crate::detect::source::{Source, is_alnum};

pub(super) const DETECTOR: Detector =
    Detector { reads: &[Reads::Word(word), Reads::Number(spaced)] };

const FIRST: &[u8] = b"ABCEGHJKLMNOPRSTWXYZ";
const SECOND: &[u8] = b"ABCEGHJKLMNPRSTWXYZ";
const UNUSED: [&[u8]; 7] = [b"BG", b"GB", b"NK", b"KN", b"TN", b"NT", b"ZZ"];

fn is_prefix(prefix: &[u8]) -> bool {
    let [first, second] = prefix else { return false };
    FIRST.contains(first) && SECOND.contains(second) && !UNUSED.contains(&prefix)
}

fn word(source: Source<'_>, word: Range<usize>) -> Option<Hit> {
    let text = source.slice(word.clone());
    let (prefix, rest) = text.split_at_checked(2)?;
    let (digits, suffix) = rest.split_at_checked(6)?;
    let fits = is_prefix(prefix)
        && digits.iter().all(u8::is_ascii_digit)
        && matches!(suffix, [b'A'..=b'D'])
        && source.before(word.start) != b'_';
    fits.then(|| Hit::likely(word, 0.8))
}

fn spaced(number: &Number<'_>) -> Option<Hit> {
    let source = number.source;
    let count = if number.is_grouped(&[2, 2, 2], &[Gap::Space, Gap::Hyphen]) {
        3
    } else {
        number.groups_of(6).filter(|count| *count == 1)?
    };
    let gap = number.start().saturating_sub(1);
    let start = gap.saturating_sub(2);
    let end = number.end_of(count);
    let last = end.saturating_add(1);
    let fits = matches!(source.at(gap), b' ' | b'-')
        && source.at(end) == source.at(gap)
        && is_prefix(source.slice(start..gap))
        && !is_alnum(source.before(start))
        && matches!(source.at(last), b'A'..=b'D')
        && !is_alnum(source.at(last.saturating_add(1)));
    fits.then(|| Hit::likely(start..last.saturating_add(1), 0.8))
}
