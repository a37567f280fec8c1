//! # What it finds
//! United States driver licence numbers beside a word for them: `driver's license A1253258`, `DL no. 50473044`.
//!
//! # How it is checked
//! Six to seventeen letters and digits with at least five digits (every state's form has them, hyphens as in Florida
//! included), with a word for a driver licence nearby. States publish no check digit.
//!
//! # What it leaves alone
//! The same numbers without such a word, and licences of software.
//!
//! # References
//! AAMVA DL/ID Card Design Standard (length of the customer number).

use std::ops::Range;

use crate::detect::candidates::detector::{Detector, Hit, Reads, weigh};
use crate::detect::candidates::number::Number;
use crate::detect::source::{Reach, Source, Words};

pub(super) const DETECTOR: Detector =
    Detector { reads: &[Reads::Number(digits), Reads::Word(word)] };

static NAMES: Words = Words::new(&[
    "driver license",
    "drivers license",
    "driver's license",
    "driver’s license",
    "driver licence",
    "drivers licence",
    "driver's licence",
    "driver’s licence",
    "driving license",
    "driving licence",
    "dl number",
    "dl no",
    "dl#",
    "driver id",
    "license number dl",
    "permis de conduire",
    "licencia de conducir",
]);
const REACH: Reach = Reach { before: 40, after: 0 };

fn digits(number: &Number<'_>) -> Option<Hit> {
    let first = number.groups().first()?;
    let whole = (6..=14).contains(&first.len()) && number.stands_alone(1);
    whole.then(|| named(number.source, number.range(1))).flatten()
}

fn word(source: Source<'_>, word: Range<usize>) -> Option<Hit> {
    let end = source.run_end(word.start, 20, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let text = source.slice(word.start..end);
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    ((6..=17).contains(&text.len()) && digits >= 5 && !text.ends_with(b"-")).then_some(())?;
    named(source, word.start..end)
}

fn named(source: Source<'_>, range: Range<usize>) -> Option<Hit> {
    source.near(&range, REACH, &NAMES).then(|| Hit::likely(range, weigh(0.4, true, false)))
}
