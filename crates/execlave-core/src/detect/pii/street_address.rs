//! # What it finds
//! A house number and a street: `1600 Pennsylvania Avenue`, `221B Baker St., Apt 4`, `12 rue de la Paix`, `P.O. Box 1234`.
//!
//! # How it is checked
//! One to six digits, one to four words with capitals, and a word for a street, in English behind the name or in six other
//! languages in front of it. Words with other uses (`Way`, `Place`, `Court`) need a unit, a city or a word such as
//! `address` beside them.
//!
//! # What it leaves alone
//! Streets without a number, numbers without a street, years in front of a street (`the 2008 Wall Street crash`).
//!
//! # References
//! USPS Publication 28, appendix C (street suffixes).

use crate::detect::candidates::detector::{Detector, Hit, Reads, weigh};
use crate::detect::candidates::number::Number;
use crate::detect::source::{Reach, Source, Words};

pub(super) const DETECTOR: Detector = Detector { reads: &[Reads::ShortNumber(look)] };

const SUFFIXES: &[&str] = &[
    "street",
    "st",
    "avenue",
    "ave",
    "road",
    "rd",
    "boulevard",
    "blvd",
    "lane",
    "ln",
    "parkway",
    "pkwy",
    "highway",
    "hwy",
    "terrace",
    "ter",
    "crescent",
];
/// Streets, and many other things.
const AMBIGUOUS: &[&str] = &[
    "drive", "dr", "court", "ct", "way", "place", "pl", "square", "sq", "circle", "cir", "trail",
    "close", "grove", "gardens", "row", "loop", "alley", "walk", "plaza", "hill", "mews",
];
/// In front of the name, in small or capital letters.
const PREFIXES: &[&str] = &[
    "rue",
    "avenue",
    "boulevard",
    "chemin",
    "via",
    "viale",
    "piazza",
    "calle",
    "avenida",
    "rua",
    "ulica",
    "ul.",
];
const UNITS: &[&str] = &["apt", "apartment", "suite", "ste", "unit", "floor", "flat", "room"];
static NAMES: Words = Words::new(&[
    "address",
    "live at",
    "lives at",
    "living at",
    "live",
    "lives",
    "reside",
    "resides",
    "ship to",
    "shipping",
    "deliver",
    "delivery",
    "mail to",
    "located at",
    "home",
    "billing",
    "residence",
    "send to",
]);
const REACH: Reach = Reach { before: 40, after: 0 };

fn look(number: &Number<'_>) -> Option<Hit> {
    let first = number.groups().first()?;
    let source = number.source;
    // What follows a house number is a name with a capital or one of a few words; most numbers end here.
    let next = source.at(first.end.saturating_add(1));
    let name = source.at(first.end) == b' '
        && (is_capital(next) || next.is_ascii_digit() || b"rabcvpu".contains(&next));
    if !name && source.before(first.start) != b' ' {
        return None;
    }
    if first.len() > 6 || number.is_quantity(1) || !number.starts_clean() {
        return None;
    }
    if let Some(start) = post_box(source, first.start) {
        return number.ends_clean(1).then(|| Hit::likely(start..first.end, 0.8));
    }
    if !name {
        return None;
    }
    let (end, ambiguous) = street(source, first.end.saturating_add(1))?;
    let year = first.len() == 4 && matches!(number.values(1).value(0..4), 1900..=2099);
    let (end, unit) = unit(source, end);
    let city = source.rest(end).starts_with(b", ")
        && source.at(end.saturating_add(2)).is_ascii_uppercase();
    let range = first.start..end;
    let named = unit || city || source.near(&range, REACH, &NAMES);
    let base = if ambiguous || year { 0.3 } else { 0.6 };
    Some(Hit::likely(range, weigh(base, named, false)))
}

/// `P.O. Box` in front of a number: where it starts.
fn post_box(source: Source<'_>, start: usize) -> Option<usize> {
    matches!(source.head(start), [.., b'x' | b'X' | b'h', b' ']).then_some(())?;
    [&b"P.O. Box "[..], b"PO Box ", b"P.O.Box ", b"Postfach "].iter().find_map(|form| {
        let from = start.checked_sub(form.len())?;
        source.slice(from..start).eq_ignore_ascii_case(form).then_some(from)
    })
}

/// Where a street that starts at `from` ends, and whether its last word has other uses.
fn street(source: Source<'_>, from: usize) -> Option<(usize, bool)> {
    let mut start = from;
    let mut prefixed = false;
    for index in 0..5 {
        let end = word_end(source, start);
        let word = source.slice(start..end);
        let is = |list: &[&str]| list.iter().any(|listed| word_is(word, listed));
        if index == 0 && is(PREFIXES) && word.first().is_some_and(u8::is_ascii_lowercase) {
            prefixed = true;
        } else if prefixed && is_capital(source.at(start)) {
            return Some((end, false));
        } else if prefixed && index < 4 && word.len() <= 3 && !word.is_empty() {
            // An article: `rue de la Paix`.
        } else if index > 0 && is_capital(source.at(start)) && (is(SUFFIXES) || is(AMBIGUOUS)) {
            let ambiguous = !is(SUFFIXES);
            let more = source.at(end) == b' ' && is_street_word(source, end.saturating_add(1));
            if !more {
                let dot = source.at(end) == b'.' && word.len() <= 4;
                return Some((end.saturating_add(usize::from(dot)), ambiguous));
            }
        } else if !is_capital(source.at(start)) && !is_ordinal(word) {
            return None;
        }
        let dot = usize::from(source.at(end) == b'.');
        let gap = end.saturating_add(dot);
        if word.is_empty() || source.at(gap) != b' ' {
            return None;
        }
        start = gap.saturating_add(1);
    }
    None
}

fn is_street_word(source: Source<'_>, start: usize) -> bool {
    let word = source.slice(start..word_end(source, start));
    is_capital(source.at(start)) && SUFFIXES.iter().any(|listed| word_is(word, listed))
}

fn word_is(word: &[u8], listed: &str) -> bool {
    word.eq_ignore_ascii_case(listed.as_bytes())
}

fn word_end(source: Source<'_>, start: usize) -> usize {
    source.run_end(start, 24, |byte| {
        // Letters of the Latin, Greek and Cyrillic blocks; not the punctuation of other scripts.
        byte.is_ascii_alphanumeric() || matches!(byte, b'\'' | b'-' | 0xc3..=0xd4 | 0x80..=0xbf)
    })
}

fn is_capital(byte: u8) -> bool {
    byte.is_ascii_uppercase() || !byte.is_ascii()
}

/// `42nd`, `5th`.
fn is_ordinal(word: &[u8]) -> bool {
    word.first().is_some_and(u8::is_ascii_digit)
        && [&b"st"[..], b"nd", b"rd", b"th"].iter().any(|ending| word.ends_with(ending))
}

/// Where an apartment or suite behind a street ends, and whether there is one.
fn unit(source: Source<'_>, end: usize) -> (usize, bool) {
    let start = source.run_end(end, 2, |byte| matches!(byte, b',' | b' '));
    let word_end = source.run_end(start, 12, |byte| byte.is_ascii_alphabetic());
    let word = source.slice(start..word_end);
    let sign = source.at(start) == b'#';
    if start == end || !(sign || UNITS.iter().any(|unit| word_is(word, unit))) {
        return (end, false);
    }
    let from = source.run_end(word_end, 3, |byte| matches!(byte, b'.' | b' ' | b'#'));
    let to = source.run_end(from, 6, |byte| byte.is_ascii_alphanumeric());
    if to > from { (to, true) } else { (end, false) }
}
