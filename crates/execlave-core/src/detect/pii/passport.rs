//! # What it finds
//! Passport numbers beside a word for them: `passport no. 912345678`, `Reisepass C01X00T47`.
//!
//! # How it is checked
//! Six to nine letters and digits, at most three letters in front or four digits among them, with a word for passport nearby.
//! Passport numbers carry no check digit of their own outside the machine-readable zone.
//!
//! # What it leaves alone
//! The same numbers without such a word.
//!
//! # References
//! ICAO Doc 9303, part 3 (nine characters, letters and digits).

use std::ops::Range;

use crate::detect::candidates::detector::{Detector, Hit, Reads, weigh};
use crate::detect::candidates::number::Number;
use crate::detect::source::{Reach, Source, Words};

pub(super) const DETECTOR: Detector =
    Detector { reads: &[Reads::Number(digits), Reads::Word(word)] };

static NAMES: Words = Words::new(&[
    "passport",
    "passport number",
    "passport no",
    "reisepass",
    "passeport",
    "pasaporte",
    "passaporto",
    "passaporte",
    "paspoort",
    "paszport",
    "pasaport",
    "паспорт",
    "护照",
    "旅券",
]);
const REACH: Reach = Reach { before: 32, after: 16 };

fn digits(number: &Number<'_>) -> Option<Hit> {
    let count =
        number.groups_of(9).or_else(|| number.groups_of(8)).or_else(|| number.groups_of(7))?;
    (count == 1 && number.stands_alone(1)).then_some(())?;
    named(number.source, number.range(1))
}

fn word(source: Source<'_>, word: Range<usize>) -> Option<Hit> {
    let text = source.slice(word.clone());
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    ((6..=9).contains(&text.len()) && digits >= 4).then_some(())?;
    named(source, word)
}

fn named(source: Source<'_>, range: Range<usize>) -> Option<Hit> {
    source.near(&range, REACH, &NAMES).then(|| Hit::likely(range, weigh(0.4, true, false)))
}
