//! # What it finds
//! Telephone numbers of the North American plan in every usual writing: `(555) 123-4567`, `555-123-4567`,
//! `+1 555 123 4567`, `001-555-123-4567`, `5551234567`, with an extension (`x123`, `ext. 123`).
//!
//! # How it is checked
//! Three, three and four digits; the area code starts with 2 to 9. Parentheses, country code and extension belong to
//! the finding.
//!
//! # What it leaves alone
//! Ten digits without any separator that are called something else (`order`, `tracking`, `id`), sums of money, parts
//! of URLs, and anything that continues in digits.
//!
//! # References
//! ATIS/NANPA, North American Numbering Plan; ITU-T E.123 (notation).

use crate::detect::candidates::detector::{Detector, Hit, Reads, weigh};
use crate::detect::candidates::number::{Gap, Number};
use crate::detect::source::{Reach, Words};

use super::phone;

pub(super) const DETECTOR: Detector = Detector { reads: &[Reads::Number(look)] };

/// Words beside numbers that are not called.
static OTHERS: Words = Words::new(&[
    "order",
    "invoice",
    "tracking",
    "id",
    "ref",
    "reference",
    "account",
    "isbn",
    "serial",
    "sku",
    "ticket",
    "case",
    "timestamp",
    "seed",
    "number of",
    "size",
    "bytes",
    "total",
    "population",
    "version",
]);
const BEFORE: Reach = Reach { before: 24, after: 0 };

fn look(number: &Number<'_>) -> Option<Hit> {
    let (area, count) = plan(number, country_groups(number))?;
    if !number.starts_clean() || !phone::ends(number, count) {
        return None;
    }
    let leading = number.source.at(area);
    // Area codes start with 2 to 9; a number in three groups that is called one is masked all the same.
    if !(b'2'..=b'9').contains(&leading) {
        return (count >= 3 && phone::is_named(number, count))
            .then(|| Hit::likely(phone::whole(number, count), 0.55));
    }
    let bare = count == 1 && number.source.before(number.start()) != b'+';
    if !bare {
        return Some(Hit::likely(phone::whole(number, count), 0.85));
    }
    let named = phone::is_named(number, count);
    let other = !named && (number.is_quantity(count) || number.near(count, BEFORE, &OTHERS));
    Some(Hit::likely(phone::whole(number, count), weigh(0.5, named, other)))
}

/// Groups taken by a country code of its own: `1`, `+1`, `001`.
fn country_groups(number: &Number<'_>) -> usize {
    let first = number
        .groups()
        .first()
        .map_or(&[][..], |group| number.source.slice(group.start..group.end));
    usize::from(matches!(first, b"1" | b"001") && number.groups().len() > 1)
}

/// Where the area code starts and how many groups the number takes, when its digits fall into 3, 3 and 4.
fn plan(number: &Number<'_>, country: usize) -> Option<(usize, usize)> {
    let groups = number.groups().get(country..)?;
    let start = groups.first()?.start;
    let mut sum = 0usize;
    for (index, group) in groups.iter().enumerate() {
        if group.gap == Gap::Slash && sum != 3 {
            return None;
        }
        sum = sum.saturating_add(group.len());
        match sum {
            3 | 6 => {}
            10 => return Some((start, country.saturating_add(index).saturating_add(1))),
            // The country code and the number in one: only with a plus, or any long number would do.
            11 if number.source.before(start) == b'+' && number.source.at(start) == b'1' => {
                return Some((start.saturating_add(1), 1));
            }
            _ => return None,
        }
    }
    None
}
