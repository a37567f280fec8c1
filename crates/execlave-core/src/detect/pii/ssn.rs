//! # What it finds
//! United States social security numbers: `123-45-6789`; with spaces or without separators beside a word for them.
//!
//! # How it is checked
//! Three, two and four digits. Areas 000, 666 and 900 to 999, group 00 and serial 0000 were never issued.
//!
//! # What it leaves alone
//! Nine digits on their own without a word such as `SSN`, and anything that continues in digits, letters or hyphens.
//!
//! # References
//! Social Security Administration, "Social Security Number Randomization" (2011).

use crate::detect::candidates::detector::{Detector, Hit, Reads, weigh};
use crate::detect::candidates::number::{Gap, Number};
use crate::detect::source::{Reach, Words};

pub(super) const DETECTOR: Detector = Detector { reads: &[Reads::Number(look)] };

static NAMES: Words = Words::new(&[
    "ssn",
    "social security",
    "social security number",
    "ss number",
    "soc sec",
    "tax id",
    "taxpayer",
]);
const REACH: Reach = Reach { before: 40, after: 24 };

fn look(number: &Number<'_>) -> Option<Hit> {
    let (count, base) = match number.groups() {
        [only, ..] if only.len() == 9 => (1, 0.2),
        _ if number.is_grouped(&[3, 2, 4], &[Gap::Hyphen]) => (3, 0.85),
        _ if number.is_grouped(&[3, 2, 4], &[Gap::Space, Gap::Dot]) => (3, 0.3),
        _ => return None,
    };
    let digits = number.values(count);
    let issued = !matches!(digits.value(0..3), 0 | 666 | 900..)
        && digits.value(3..5) != 0
        && digits.value(5..9) != 0;
    if !issued || !number.stands_alone(count) {
        return None;
    }
    let named = base > 0.8 || number.near(count, REACH, &NAMES);
    Some(Hit::likely(number.range(count), weigh(base, named, false)))
}
