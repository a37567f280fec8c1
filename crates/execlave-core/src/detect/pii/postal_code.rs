//! # What it finds
//! Postal codes that their surroundings name: `CA 94103` behind a city, `ZIP 02139-4307`, `postcode SW1A 1AA`.
//!
//! # How it is checked
//! United States: five digits or five and four, behind a state's abbreviation that follows a comma or a city, or beside a word
//! for a postal code. United Kingdom and Canada: their forms of letters and digits beside such a word.
//!
//! # What it leaves alone
//! Five digits on their own.
//!
//! # References
//! USPS Publication 28, appendix B (states); Royal Mail, PAF Programmers' Guide; Canada Post, Addressing Guidelines.

use std::ops::Range;

use crate::detect::candidates::detector::{Detector, Hit, Reads, weigh};
use crate::detect::candidates::number::{Gap, Number};
use crate::detect::source::{Reach, Source, Words, is_alnum};

pub(super) const DETECTOR: Detector =
    Detector { reads: &[Reads::ShortNumber(zip), Reads::Word(letters)] };

const STATES: &str = "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY \
                      NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY PR";
static NAMES: Words = Words::new(&[
    "zip",
    "zip code",
    "zipcode",
    "postal code",
    "postalcode",
    "postcode",
    "post code",
    "plz",
    "postleitzahl",
    "code postal",
    "código postal",
    "cap",
]);
const REACH: Reach = Reach { before: 20, after: 10 };

fn zip(number: &Number<'_>) -> Option<Hit> {
    let first = number.groups().first()?;
    if first.len() != 5 || number.is_quantity(1) {
        return None;
    }
    let long = number.is_grouped(&[5, 4], &[Gap::Hyphen]);
    let count = if long { 2 } else { 1 };
    if !number.stands_alone(count) {
        return None;
    }
    let state = follows_state(number.source, first.start);
    let named = state || number.near(count, REACH, &NAMES);
    named.then(|| Hit::likely(number.range(count), weigh(0.3, true, false)))
}

/// Whether a state stands in front, itself behind a comma or a word with a capital.
fn follows_state(source: Source<'_>, start: usize) -> bool {
    let Some(state) = start.checked_sub(3) else { return false };
    let name = source.slice(state..state.saturating_add(2));
    let known = STATES.split(' ').any(|listed| listed.as_bytes() == name);
    if !known || source.before(start) != b' ' || !matches!(source.before(state), b' ' | b',') {
        return false;
    }
    let gap =
        source.run_start(state, state.saturating_sub(3), |byte| matches!(byte, b' ' | b',' | b'.'));
    let comma = source.slice(gap..state).contains(&b',');
    let city = source.run_start(gap, gap.saturating_sub(24), |byte| byte.is_ascii_alphabetic());
    comma || (source.at(city).is_ascii_uppercase() && gap > city)
}

/// The half of a British or Canadian code that stands in front of the space.
fn letters(source: Source<'_>, word: Range<usize>) -> Option<Hit> {
    let text = source.slice(word.clone());
    if !(2..=7).contains(&text.len()) {
        return None;
    }
    let spaced = source.at(word.end) == b' ' && text.len() <= 4;
    let end = if spaced { word.end.saturating_add(4) } else { word.end };
    let outer = if spaced { text } else { text.get(..text.len().saturating_sub(3))? };
    let inner = source.slice(end.saturating_sub(3)..end);
    let british =
        ["A9", "A99", "AA9", "AA99", "A9A", "AA9A"].iter().any(|form| is_form(outer, form))
            && is_form(inner, "9AA");
    let canadian = is_form(outer, "A9A") && is_form(inner, "9A9");
    if !(british || canadian) || is_alnum(source.at(end)) {
        return None;
    }
    let range = word.start..end;
    let named = source.near(&range, REACH, &NAMES);
    named.then(|| Hit::likely(range, weigh(0.4, true, false)))
}

/// Capital letters where the form has `A`, digits where it has `9`.
fn is_form(text: &[u8], form: &str) -> bool {
    text.len() == form.len()
        && text.iter().zip(form.bytes()).all(|(byte, kind)| match kind {
            b'A' => byte.is_ascii_uppercase(),
            _ => byte.is_ascii_digit(),
        })
}
