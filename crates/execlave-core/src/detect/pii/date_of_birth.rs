//! # What it finds
//! Dates that are called somebody's birthday: `born on 12/15/1995`, `DOB: 1990-01-02`, `geboren am 3. März 1985`,
//! `date of birth March 12, 1985`.
//!
//! # How it is checked
//! A day and month that exist and a year from 1900 to 2099, in any usual order, with a word for birth beside it.
//!
//! # What it leaves alone
//! Every other date.
//!
//! # References
//! ISO 8601 (year first).

use std::ops::Range;

use crate::detect::candidates::detector::{Detector, Hit, Reads, weigh};
use crate::detect::candidates::number::{Digits, Gap, Number};
use crate::detect::source::{Reach, Source, Words};

pub(super) const DETECTOR: Detector = Detector { reads: &[Reads::ShortNumber(look)] };

static NAMES: Words = Words::new(&[
    "dob",
    "d.o.b",
    "date of birth",
    "birth date",
    "birthdate",
    "birthday",
    "born",
    "born on",
    "birth",
    "bday",
    "geboren",
    "geburtsdatum",
    "geb",
    "date de naissance",
    "né le",
    "née le",
    "naissance",
    "fecha de nacimiento",
    "nacido",
    "nacida",
    "nacimiento",
    "data de nascimento",
    "nascimento",
    "data di nascita",
    "nato il",
    "nata il",
    "geboortedatum",
    "data urodzenia",
    "urodzony",
    "urodzona",
    "född",
    "født",
    "doğum tarihi",
    "дата рождения",
    "出生日期",
    "生年月日",
]);
const REACH: Reach = Reach { before: 40, after: 0 };

const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "jan",
    "feb",
    "mar",
    "apr",
    "jun",
    "jul",
    "aug",
    "sep",
    "sept",
    "oct",
    "nov",
    "dec",
    "januar",
    "februar",
    "märz",
    "mai",
    "juni",
    "juli",
    "oktober",
    "dezember",
    "janvier",
    "février",
    "mars",
    "avril",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];

fn look(number: &Number<'_>) -> Option<Hit> {
    let range = in_digits(number).or_else(|| in_words(number))?;
    let named = number.source.near(&range, REACH, &NAMES);
    named.then(|| Hit::likely(range, weigh(0.4, true, false)))
}

fn in_digits(number: &Number<'_>) -> Option<Range<usize>> {
    let [first, second, third] = number.groups().get(..3)? else { return None };
    let gaps = [Gap::Hyphen, Gap::Slash, Gap::Dot, Gap::Space];
    if second.gap != third.gap || !gaps.contains(&second.gap) || !number.starts_clean() {
        return None;
    }
    let digits = number.values(3);
    let end =
        |group: &crate::detect::candidates::number::Group| group.end.saturating_sub(group.start);
    let (one, two, all) =
        (end(first), end(first).saturating_add(end(second)), digits.as_slice().len());
    let (one, two, three) = (digits.value(0..one), digits.value(one..two), digits.value(two..all));
    let exists = match (first.len(), second.len(), third.len()) {
        (4, 1 | 2, 1 | 2) => is_year(one) && is_day(two, three),
        (1 | 2, 1 | 2, 4) => is_year(three) && (is_day(one, two) || is_day(two, one)),
        (1 | 2, 1 | 2, 2) => second.gap != Gap::Space && (is_day(one, two) || is_day(two, one)),
        _ => false,
    };
    exists.then(|| number.range(3))
}

/// A year at the end, behind the name of a month.
fn in_words(number: &Number<'_>) -> Option<Range<usize>> {
    let year = number.groups().first()?;
    if year.len() != 4 || !is_year(number.values(1).value(0..4)) {
        return None;
    }
    let source = number.source;
    let month_end = source.run_start(year.start, year.start.saturating_sub(8), |byte| {
        matches!(byte, b' ' | b',' | b'.') || byte.is_ascii_digit()
    });
    let day_behind = source.slice(month_end..year.start).iter().any(u8::is_ascii_digit);
    let month_end_word = source.run_start(month_end, month_end.saturating_sub(4), |byte| {
        matches!(byte, b's' | b't' | b'n' | b'd' | b'r' | b'h')
    });
    let (month, end) = month_before(source, month_end).or_else(|| {
        // `March 12th, 1985`
        let digits = source.run_start(month_end_word, month_end_word.saturating_sub(2), |byte| {
            byte.is_ascii_digit()
        });
        let space = source.run_start(digits, digits.saturating_sub(1), |byte| byte == b' ');
        (digits < month_end_word).then(|| month_before(source, space)).flatten()
    })?;
    let before = source.run_start(month, month.saturating_sub(8), |byte| {
        matches!(byte, b' ' | b'.' | b't' | b'h' | b's' | b'n' | b'd' | b'r' | b'o' | b'f' | b'e')
            || byte.is_ascii_digit()
    });
    let day = source.slice(before..month).iter().position(u8::is_ascii_digit);
    let start = match day {
        Some(offset) => before.saturating_add(offset),
        None if day_behind || end < month_end => month,
        None => return None,
    };
    Some(start..year.end)
}

/// The month whose name ends at `end`.
fn month_before(source: Source<'_>, end: usize) -> Option<(usize, usize)> {
    let start = source.run_start(end, end.saturating_sub(12), |byte| {
        byte.is_ascii_alphabetic() || !byte.is_ascii()
    });
    let word = source.slice(start..end);
    MONTHS.iter().any(|month| month.as_bytes().eq_ignore_ascii_case(word)).then_some((start, end))
}

fn is_year(year: u64) -> bool {
    (1900..2100).contains(&year)
}

fn is_day(month: u64, day: u64) -> bool {
    (1..=12).contains(&month) && (1..=31).contains(&day)
}

/// Whether six digits at a place are a date, year of two digits first; used by national numbers.
pub(super) fn is_short_date(digits: &Digits, at: usize) -> bool {
    let month = at.saturating_add(2);
    let day = at.saturating_add(4);
    is_day(digits.value(month..day), digits.value(day..day.saturating_add(2)))
}
