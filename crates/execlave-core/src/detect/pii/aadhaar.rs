//! # What it finds
//! Indian Aadhaar numbers: `2345 6789 0124`; without spaces beside a word for them.
//!
//! # How it is checked
//! Twelve digits that start with 2 to 9 and whose Verhoeff check digit is right.
//!
//! # What it leaves alone
//! Twelve digits in one block that nothing calls an Aadhaar number, and parts of longer numbers.
//!
//! # References
//! UIDAI, "Aadhaar numbering scheme"; J. Verhoeff, "Error Detecting Decimal Codes" (1969).

use crate::detect::candidates::detector::{Detector, Hit, Reads, weigh};
use crate::detect::candidates::number::{Gap, Number};
use crate::detect::checksum::verhoeff;
use crate::detect::source::{Reach, Words};

pub(super) const DETECTOR: Detector = Detector { reads: &[Reads::Number(look)] };

static NAMES: Words = Words::new(&["aadhaar", "aadhar", "adhaar", "adhar", "uidai", "uid", "आधार"]);
const REACH: Reach = Reach { before: 32, after: 12 };

fn look(number: &Number<'_>) -> Option<Hit> {
    let grouped = number.is_grouped(&[4, 4, 4], &[Gap::Space, Gap::Hyphen]);
    let count = if grouped { 3 } else { number.groups_of(12).filter(|count| *count == 1)? };
    let next = number.groups().get(count).is_some_and(|group| group.gap == Gap::Space);
    let digits = number.values(count);
    let fits = digits.value(0..1) >= 2
        && verhoeff(digits.as_slice())
        && number.stands_alone(count)
        && !next;
    if !fits {
        return None;
    }
    let base = if grouped { 0.6 } else { 0.2 };
    Some(Hit::proven(number.range(count), weigh(base, number.near(count, REACH, &NAMES), false)))
}
