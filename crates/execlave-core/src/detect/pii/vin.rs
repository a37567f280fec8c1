//! # What it finds
//! Vehicle identification numbers: `1HGCM82633A004352`.
//!
//! # How it is checked
//! Seventeen digits and capital letters without I, O and Q, with the check digit at the ninth place that North America
//! prescribes. Elsewhere that digit is free, so there a word such as `VIN` must be near.
//!
//! # What it leaves alone
//! Seventeen characters with lower case letters, or without letters, or with neither check digit nor such a word.
//!
//! # References
//! ISO 3779 (content), 49 CFR 565.15 (check digit).

use std::ops::Range;

use crate::detect::candidates::detector::{Detector, Hit, Reads, weigh};
use crate::detect::source::{Reach, Source, Words};

pub(super) const DETECTOR: Detector = Detector { reads: &[Reads::Word(look)] };

static NAMES: Words =
    Words::new(&["vin", "vehicle", "chassis", "vehicle identification number", "car"]);
const REACH: Reach = Reach { before: 40, after: 16 };
const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];

fn look(source: Source<'_>, word: Range<usize>) -> Option<Hit> {
    let text = source.slice(word.clone());
    let used =
        |byte: &u8| byte.is_ascii_digit() || (byte.is_ascii_uppercase() && !b"IOQ".contains(byte));
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let front = source.before(word.start);
    if text.len() != 17
        || !text.iter().all(used)
        || digits < 5
        || matches!(front, b'_' | b'/' | b'=' | b'-')
    {
        return None;
    }
    let sum: u32 =
        text.iter().zip(WEIGHTS).map(|(byte, weight)| value(*byte).saturating_mul(weight)).sum();
    let check = match sum % 11 {
        10 => b'X',
        digit => b'0'.saturating_add(u8::try_from(digit).unwrap_or(0)),
    };
    let named = source.near(&word, REACH, &NAMES);
    if text.get(8) == Some(&check) {
        // One in eleven other texts of this form fits; North American numbers start with 1 to 5 and end in digits.
        let american = matches!(text.first(), Some(b'1'..=b'5'))
            && text.iter().rev().take(4).all(u8::is_ascii_digit);
        return Some(Hit::proven(word, weigh(if american { 0.6 } else { 0.4 }, named, false)));
    }
    named.then(|| Hit::likely(word, weigh(0.2, true, false)))
}

/// The value that ISO 3779 gives a character.
fn value(character: u8) -> u32 {
    match character {
        b'0'..=b'9' => u32::from(character & 0x0f),
        b'A' | b'J' => 1,
        b'B' | b'K' | b'S' => 2,
        b'C' | b'L' | b'T' => 3,
        b'D' | b'M' | b'U' => 4,
        b'E' | b'N' | b'V' => 5,
        b'F' | b'W' => 6,
        b'G' | b'P' | b'X' => 7,
        b'H' | b'Y' => 8,
        b'R' | b'Z' => 9,
        _ => 0,
    }
}
