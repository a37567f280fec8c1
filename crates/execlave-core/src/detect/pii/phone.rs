//! # What it finds
//! Telephone numbers outside the North American plan: `+44 20 7946 0958`, `0033 1 42 68 53 00`, `(022) 0793-176`,
//! `06 12 34 56 78`, and shorter local numbers beside a word for them (`call 785 8949`).
//!
//! # How it is checked
//! With `+` or `00`: an assigned country code, and as many digits as that country uses. Without: a trunk zero or an
//! area code in parentheses and nine to eleven digits in evenly separated groups. Anything else needs a word such as
//! `phone`, `call`, `fax` or `mobile` beside it.
//!
//! # What it leaves alone
//! Dates, sums of money, parts of URLs, versions, and numbers without separators that nothing calls a telephone number.
//!
//! # References
//! ITU-T E.164 (numbers and country codes), E.123 (notation).

use std::ops::Range;

use crate::detect::candidates::detector::{Detector, Hit, Reads, weigh};
use crate::detect::candidates::number::{Gap, Group, Number};
use crate::detect::source::{Reach, Source, Words};

pub(super) const DETECTOR: Detector = Detector { reads: &[Reads::Number(look)] };

/// Words in front of telephone numbers.
static CONTEXT: Words = Words::new(&[
    "phone",
    "phone number",
    "telephone",
    "tel",
    "mobile",
    "cell",
    "cellphone",
    "fax",
    "call",
    "call me",
    "calling",
    "called",
    "dial",
    "ring",
    "reach",
    "contact",
    "answering",
    "whatsapp",
    "sms",
    "text me",
    "hotline",
    "landline",
    "telefon",
    "handy",
    "téléphone",
    "teléfono",
    "telefono",
    "telefone",
    "móvil",
    "celular",
    "numer telefonu",
    "телефон",
    "电话",
    "電話",
    "手机",
]);
const BEFORE: Reach = Reach { before: 28, after: 0 };

/// Words behind them.
static LABELS: Words =
    Words::new(&["office", "fax", "mobile", "cell", "home", "work", "phone", "tel", "direct"]);
const AFTER: Reach = Reach { before: 0, after: 14 };

/// Country code, fewest and most digits behind it. Other assigned codes use six to twelve.
const COUNTRIES: &[(&str, usize, usize)] = &[
    ("7", 10, 10),
    ("20", 8, 10),
    ("27", 9, 9),
    ("30", 10, 10),
    ("31", 9, 9),
    ("32", 8, 9),
    ("33", 9, 9),
    ("34", 9, 9),
    ("36", 8, 9),
    ("39", 6, 11),
    ("40", 9, 9),
    ("41", 9, 9),
    ("43", 7, 13),
    ("44", 9, 10),
    ("45", 8, 8),
    ("46", 7, 10),
    ("47", 8, 8),
    ("48", 9, 9),
    ("49", 6, 11),
    ("51", 8, 9),
    ("52", 10, 11),
    ("53", 6, 8),
    ("54", 10, 11),
    ("55", 10, 11),
    ("56", 9, 9),
    ("57", 8, 10),
    ("58", 10, 10),
    ("60", 7, 10),
    ("61", 9, 9),
    ("62", 7, 12),
    ("63", 8, 10),
    ("64", 8, 10),
    ("65", 8, 8),
    ("66", 8, 9),
    ("81", 9, 10),
    ("82", 8, 10),
    ("84", 8, 10),
    ("86", 10, 11),
    ("90", 10, 10),
    ("91", 10, 10),
    ("92", 9, 10),
    ("93", 9, 9),
    ("94", 9, 9),
    ("95", 7, 10),
    ("98", 10, 10),
];

/// Assigned country codes of three digits, from and to.
const REGIONS: &[(u64, u64)] = &[
    (211, 213),
    (216, 216),
    (218, 218),
    (220, 258),
    (260, 269),
    (290, 291),
    (297, 299),
    (350, 359),
    (370, 378),
    (380, 383),
    (385, 387),
    (389, 389),
    (420, 421),
    (423, 423),
    (500, 509),
    (590, 599),
    (670, 670),
    (672, 692),
    (850, 850),
    (852, 853),
    (855, 856),
    (880, 880),
    (886, 886),
    (960, 968),
    (970, 977),
    (992, 996),
    (998, 998),
];

fn look(number: &Number<'_>) -> Option<Hit> {
    let (count, base) =
        international(number).or_else(|| national(number)).or_else(|| local(number))?;
    if !number.starts_clean() || !ends(number, count) {
        return None;
    }
    let named = base < 0.5 && is_named(number, count);
    Some(Hit::likely(whole(number, count), weigh(base, named, false)))
}

fn international(number: &Number<'_>) -> Option<(usize, f32)> {
    let digits = number.values(number.groups().len());
    let digits = digits.as_slice();
    let plus = number.source.before(number.start()) == b'+';
    let (digits, prefix, base) = match digits {
        [0, 0, rest @ ..] if number.groups().len() > 1 => (rest, 2usize, 0.6),
        rest if plus => (rest, 0, 0.9),
        _ => return None,
    };
    let (code, fewest, most) = country(digits)?;
    // A trunk zero in parentheses, as in `+44 (0)20`, is written but not dialled.
    let trunk = number.groups().iter().any(|group| {
        group.gap == Gap::Open && group.len() == 1 && number.source.at(group.start) == b'0'
    });
    let before = prefix.saturating_add(code).saturating_add(usize::from(trunk));
    let fits = fewest.saturating_add(before)..=most.saturating_add(before);
    longest(number, &fits, false, |_| true).map(|count| (count, base))
}

/// The length of the country code, with the fewest and most digits behind it.
fn country(digits: &[u8]) -> Option<(usize, usize, usize)> {
    let starts = |code: &str| {
        digits.len() >= code.len()
            && code.bytes().zip(digits).all(|(code, digit)| code & 0x0f == *digit)
    };
    let known = COUNTRIES.iter().find(|(code, ..)| starts(code));
    let region = digits.get(..3).unwrap_or_default();
    let region = region
        .iter()
        .fold(0, |value: u64, digit| value.saturating_mul(10).saturating_add(u64::from(*digit)));
    known.map(|(code, fewest, most)| (code.len(), *fewest, *most)).or_else(|| {
        REGIONS.iter().any(|(from, to)| (*from..=*to).contains(&region)).then_some((3, 6, 12))
    })
}

/// A trunk zero, or an area code in parentheses, and evenly separated groups.
fn national(number: &Number<'_>) -> Option<(usize, f32)> {
    let first = number.groups().first()?;
    let second = number.groups().get(1)?;
    let zero = number.source.at(first.start) == b'0'
        && number.source.at(first.start.saturating_add(1)) != b'0';
    let area = (2..=5).contains(&first.len());
    let enclosed = second.gap == Gap::Close && number.source.before(first.start) == b'(';
    if !area || number.is_quantity(1) {
        return None;
    }
    if enclosed {
        let count = longest(number, &(8..=11), true, |count| count >= 3 || zero)?;
        return Some((count, 0.5));
    }
    if !zero || second.gap == Gap::Open {
        return None;
    }
    longest(number, &(9..=12), true, |count| count > 3 || number.digits_in(count) > 9)
        .map(|count| (count, 0.55))
}

/// Whatever has the size of a telephone number; only a word beside it makes it one.
fn local(number: &Number<'_>) -> Option<(usize, f32)> {
    if number.is_quantity(1) {
        return None;
    }
    let count = longest(number, &(6..=13), true, |count| count > 1 || number.digits_in(count) > 6)?;
    Some((count, 0.15))
}

/// The most groups whose digits add up to a number in `digits`, none of which looks like a date.
fn longest(
    number: &Number<'_>,
    digits: &std::ops::RangeInclusive<usize>,
    evenly: bool,
    such: impl Fn(usize) -> bool,
) -> Option<usize> {
    let mut sum = 0usize;
    let mut longest = None;
    let mut inner = None;
    for (index, group) in number.groups().iter().enumerate() {
        sum = sum.saturating_add(group.len());
        // Behind the area code all separators are the same.
        let even = match (index, group.gap) {
            (0 | 1, _) | (_, Gap::Close) => true,
            (_, Gap::Slash) => false,
            (_, gap) => !evenly || *inner.get_or_insert(gap) == gap,
        };
        if !even || sum > *digits.end() || (index > 0 && group.len() > 8) {
            break;
        }
        let count = index.saturating_add(1);
        if digits.contains(&sum) && such(count) && !is_date(number, count) && ends(number, count) {
            longest = Some(count);
        }
    }
    longest
}

/// Year, month and day in any order.
fn is_date(number: &Number<'_>, count: usize) -> bool {
    let [first, second, third, ..] = number.groups() else { return false };
    let value = |group: &Group| {
        let digits = number.source.slice(group.start..group.end);
        digits.iter().fold(0u32, |value, byte| {
            value.saturating_mul(10).saturating_add(u32::from(byte & 0x0f))
        })
    };
    let is_year = |group: &Group| group.len() == 4 && (1900..2100).contains(&value(group));
    let is_day = |group: &Group| group.len() <= 2 && (1..=31).contains(&value(group));
    let dated =
        (is_year(first) || is_year(third)) && is_day(second) && (is_day(first) || is_day(third));
    count >= 3 && (second.gap == Gap::Slash || dated)
}

/// Whether a word beside the number calls it a telephone number.
pub(super) fn is_named(number: &Number<'_>, count: usize) -> bool {
    number.near(count, BEFORE, &CONTEXT) || number.near(count, AFTER, &LABELS)
}

/// Whether the number ends here, or goes on with an extension only.
pub(super) fn ends(number: &Number<'_>, count: usize) -> bool {
    number.ends_clean(count) || extension(number.source, number.end_of(count)).is_some()
}

/// The number with its plus, its opening parenthesis and its extension.
pub(super) fn whole(number: &Number<'_>, count: usize) -> Range<usize> {
    let Range { mut start, end } = number.range(count);
    let source = number.source;
    let take = |start: &mut usize, byte: u8| {
        if source.before(*start) == byte {
            *start = start.saturating_sub(1);
        }
    };
    take(&mut start, b'+');
    if source.slice(start..end).contains(&b')') {
        take(&mut start, b'(');
        take(&mut start, b'+');
    }
    start..extension(source, end).unwrap_or(end)
}

/// Where an extension ends: `x123`, ` ext. 123`.
fn extension(source: Source<'_>, end: usize) -> Option<usize> {
    let rest = source.slice(end..end.saturating_add(16));
    let mark = [&b" extension "[..], b" ext. ", b" ext ", b" x", b"x", b"X"];
    let mark = mark.iter().find(|mark| rest.starts_with(mark))?;
    let digits = end.saturating_add(mark.len());
    let digits_end = source.run_end(digits, 7, |byte| byte.is_ascii_digit());
    let whole = !source.at(digits_end).is_ascii_alphanumeric();
    ((1..=6).contains(&digits_end.saturating_sub(digits)) && whole).then_some(digits_end)
}
