//! Numbers with letters in them.

use std::ops::Range;

use crate::detect::candidates::detector::{Hit, weigh};
use crate::detect::candidates::number::{Digits, Number};
use crate::detect::checksum::{base_36, weighted};
use crate::detect::pii::date_of_birth::is_short_date;
use crate::detect::source::{Reach, Source, Words, is_alnum};

/// The weights of Chinese numbers (GB 11643, ISO/IEC 7064 MOD 11-2).
pub(super) const CHINESE: [u8; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

const REACH: Reach = Reach { before: 32, after: 12 };

static SPANISH: Words = Words::new(&["dni", "nie", "nif"]);
static SINGAPOREAN: Words = Words::new(&["nric", "fin"]);
static INDIAN: Words = Words::new(&["pan", "pan card", "pan number", "permanent account"]);

pub(super) fn look(source: Source<'_>, word: Range<usize>) -> Option<Hit> {
    let text = source.slice(word.clone());
    let front = source.before(word.start);
    if matches!(front, b'_' | b'/' | b'=' | b'#') || source.at(word.end) == b'_' {
        return None;
    }
    let hit = |base: f32, named: bool| Some(Hit::proven(word.clone(), weigh(base, named, false)));
    let named = |names: &Words| source.near(&word, REACH, names);
    match text.len() {
        9 if spanish(text) => hit(0.6, named(&SPANISH)),
        9 if singaporean(text) => hit(0.6, named(&SINGAPOREAN)),
        10 if indian(text) => hit(0.2, named(&INDIAN)),
        11 => finnish_at(source, word.start),
        16 if italian(text) => hit(0.9, false),
        18 if mexican(text) => hit(0.9, false),
        18 if chinese(text) => hit(0.9, false),
        _ => None,
    }
}

/// Eight digits, or X, Y or Z and seven, and the letter of the remainder modulo 23.
fn spanish(text: &[u8]) -> bool {
    let Some((letter, number)) = text.split_last() else { return false };
    let mut digits = [0u8; 8];
    digits.iter_mut().zip(number).for_each(|(digit, byte)| *digit = *byte);
    digits[0] = match digits[0] {
        b'X' => b'0',
        b'Y' => b'1',
        b'Z' => b'2',
        other => other,
    };
    let Some(digits) = Digits::of(&digits) else { return false };
    let remainder = usize::try_from(digits.value(0..8) % 23).unwrap_or(0);
    b"TRWAGMYFPDXBNJZSQVHLCKE".get(remainder) == Some(letter)
}

/// A letter of the series, seven digits, and a letter that depends on both.
fn singaporean(text: &[u8]) -> bool {
    let [series, number @ .., letter] = text else { return false };
    let Some(digits) = Digits::of(number) else { return false };
    let sum = weighted(digits.as_slice(), &[2, 7, 6, 5, 4, 3, 2]);
    let (offset, letters): (u32, &[u8]) = match series {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        b'M' => (3, b"KLJNPQRTUWX"),
        _ => return false,
    };
    let mut place = usize::try_from(sum.saturating_add(offset) % 11).unwrap_or(0);
    if *series == b'M' {
        place = 10usize.saturating_sub(place);
    }
    letters.get(place) == Some(letter)
}

/// Five letters, the fourth for the kind of holder, four digits and a letter.
fn indian(text: &[u8]) -> bool {
    let Some((letters, rest)) = text.split_at_checked(5) else { return false };
    let Some((digits, last)) = rest.split_at_checked(4) else { return false };
    letters.iter().chain(last).all(u8::is_ascii_uppercase)
        && digits.iter().all(u8::is_ascii_digit)
        && letters.get(3).is_some_and(|kind| b"ABCFGHJLPT".contains(kind))
}

/// The value of a character at an odd place of a codice fiscale, for 0–9 and for A–Z; 0–9 and A–J are alike.
const ODD: [u32; 26] =
    [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

fn italian(text: &[u8]) -> bool {
    let form = b"LLLLLLDDLDDLDDDL";
    let shaped = text.iter().zip(form).all(|(byte, kind)| match kind {
        b'D' => byte.is_ascii_digit() || b"LMNPQRSTUV".contains(&byte.to_ascii_uppercase()),
        _ => byte.is_ascii_alphabetic(),
    });
    let Some((check, body)) = text.split_last() else { return false };
    let letter = |byte: u8| {
        let value = base_36(byte);
        if value > 9 { value.saturating_sub(10) } else { value }
    };
    let sum: u32 = body
        .iter()
        .enumerate()
        .map(|(index, byte)| {
            let value = letter(*byte);
            if index % 2 == 0 {
                usize::try_from(value).ok().and_then(|value| ODD.get(value)).copied().unwrap_or(0)
            } else {
                value
            }
        })
        .sum();
    shaped && letter(*check) == sum % 26
}

/// Four letters, a date, sex, state, three consonants, a digit or letter, and a check digit.
fn mexican(text: &[u8]) -> bool {
    let form = b"LLLLDDDDDDSLLLLLAD";
    let shaped = text.iter().zip(form).all(|(byte, kind)| match kind {
        b'D' => byte.is_ascii_digit(),
        b'S' => matches!(byte, b'H' | b'M' | b'X'),
        b'A' => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
        _ => byte.is_ascii_uppercase(),
    });
    // The alphabet has an Ñ behind the N, which moves the letters behind it up by one.
    let value = |byte: u8| base_36(byte).saturating_add(u32::from(byte > b'N'));
    let weights = (2u32..=18).rev();
    let sum: u32 =
        text.iter().zip(weights).map(|(byte, weight)| value(*byte).saturating_mul(weight)).sum();
    let check = 10u32.saturating_sub(sum % 10) % 10;
    shaped && text.last().is_some_and(|last| base_36(*last) == check)
}

/// Seventeen digits with a date, and X for a check digit of ten.
fn chinese(text: &[u8]) -> bool {
    let Some((b'X' | b'x', number)) = text.split_last() else { return false };
    let Some(digits) = Digits::of(number) else { return false };
    matches!(digits.value(6..8), 19 | 20)
        && is_short_date(&digits, 8)
        && 12u32.saturating_sub(weighted(digits.as_slice(), &CHINESE) % 11) % 11 == 10
}

/// Day, month and year, a sign for the century, three digits, and the character of the remainder modulo 31.
pub(super) fn finnish(number: &Number<'_>) -> Option<Hit> {
    finnish_at(number.source, number.start())
}

fn finnish_at(source: Source<'_>, start: usize) -> Option<Hit> {
    let end = start.saturating_add(11);
    let (date, rest) = source.slice(start..end).split_at_checked(6)?;
    let [century, tail @ .., check] = rest else { return None };
    let mut digits = [0u8; 9];
    digits.iter_mut().zip(date.iter().chain(tail)).for_each(|(digit, byte)| *digit = *byte);
    let digits = Digits::of(&digits)?;
    let remainder = usize::try_from(digits.value(0..9) % 31).unwrap_or(31);
    let fits = matches!(century, b'-' | b'+' | b'A'..=b'F' | b'U'..=b'Y')
        && matches!(digits.value(0..2), 1..=31)
        && matches!(digits.value(2..4), 1..=12)
        && b"0123456789ABCDEFHJKLMNPRSTUVWXY".get(remainder) == Some(check)
        && !is_alnum(source.before(start))
        && !matches!(source.before(start), b'-' | b'_' | b'/')
        && !is_alnum(source.at(end));
    fits.then(|| Hit::proven(start..end, 0.8))
}
