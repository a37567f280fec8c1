//! # What it finds
//! International bank account numbers: `DE89 3704 0044 0532 0130 00`, `GB29NWBK60161331926819`.
//!
//! # How it is checked
//! A country that issues them, exactly its length, and the remainder modulo 97. Groups of four may be separated by
//! spaces or hyphens; lower case is read as well.
//!
//! # What it leaves alone
//! Anything of another length or with a wrong check number.
//!
//! # References
//! ISO 13616-1, SWIFT IBAN registry (countries and lengths).

use std::ops::Range;

use crate::detect::candidates::detector::{Detector, Hit, Reads};
use crate::detect::checksum::remainder_97;
use crate::detect::source::{Source, is_alnum};

pub(super) const DETECTOR: Detector = Detector { reads: &[Reads::Word(look)] };

/// Each length with the countries that use it.
const LENGTHS: &[(usize, &str)] = &[
    (15, "NO"),
    (16, "BE"),
    (18, "DK FI FK FO GL NL SD"),
    (19, "MK SI"),
    (20, "AT BA EE KZ LT LU MN XK"),
    (21, "CH HR LI LV"),
    (22, "BG BH CR DE GB GE IE ME RS VA"),
    (23, "AE GI IL IQ OM SO TL"),
    (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
    (25, "LY PT ST"),
    (26, "IS TR"),
    (27, "BI DJ FR GR IT MC MR SM"),
    (28, "AL AZ BY CY DO GT HN HU LB NI PL SV"),
    (29, "BR EG PS QA UA"),
    (30, "JO KW MU YE"),
    (31, "MT SC"),
    (32, "LC"),
    (33, "RU"),
];

fn look(source: Source<'_>, word: Range<usize>) -> Option<Hit> {
    let head = source.slice(word.start..word.start.saturating_add(4));
    let [first, second, third, fourth] = head else { return None };
    let country = [first.to_ascii_uppercase(), second.to_ascii_uppercase()];
    let starts = country.iter().all(u8::is_ascii_uppercase)
        && third.is_ascii_digit()
        && fourth.is_ascii_digit()
        && source.before(word.start) != b'_';
    if !starts {
        return None;
    }
    let length = length(country)?;
    let end = end_of(source, word.start, length)?;
    let number = || source.slice(word.start..end).iter().copied().filter(|byte| is_alnum(*byte));
    let moved = number().skip(4).chain(number().take(4));
    (remainder_97(moved) == 1).then(|| Hit::proven(word.start..end, 0.95))
}

fn length(country: [u8; 2]) -> Option<usize> {
    let found = LENGTHS
        .iter()
        .find(|(_, countries)| countries.split(' ').any(|listed| listed.as_bytes() == country));
    found.map(|(length, _)| *length)
}

/// Where so many letters and digits end, with at most one separator between two groups.
fn end_of(source: Source<'_>, start: usize, length: usize) -> Option<usize> {
    let mut end = start;
    let mut count = 0usize;
    while count < length {
        let byte = source.at(end);
        if is_alnum(byte) {
            count = count.saturating_add(1);
        } else if !matches!(byte, b' ' | b'-')
            || !is_alnum(source.before(end))
            || !count.is_multiple_of(4)
        {
            return None;
        }
        end = end.saturating_add(1);
    }
    (!is_alnum(source.at(end)) && source.at(end) != b'_').then_some(end)
}
