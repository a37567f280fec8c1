//! # What it finds
//! United Kingdom health service numbers beside a word for them: `NHS number 943 476 5919`.
//!
//! # How it is checked
//! Ten digits whose last is the check digit modulo 11, with `NHS` nearby. Without that word one telephone number in
//! eleven would fit.
//!
//! # What it leaves alone
//! Ten digits that nothing calls a health service number.
//!
//! # References
//! NHS Data Model and Dictionary, "NHS Number".

use crate::detect::candidates::detector::{Detector, Hit, Reads, weigh};
use crate::detect::candidates::number::Number;
use crate::detect::checksum::weighted;
use crate::detect::source::{Reach, Words};

pub(super) const DETECTOR: Detector = Detector { reads: &[Reads::Number(look)] };

static NAMES: Words = Words::new(&[
    "nhs",
    "nhs number",
    "nhs no",
    "national health service",
    "health service number",
]);
const REACH: Reach = Reach { before: 40, after: 12 };

fn look(number: &Number<'_>) -> Option<Hit> {
    let count = number.groups_of(10)?;
    if !matches!(count, 1 | 3) || !number.stands_alone(count) {
        return None;
    }
    let digits = number.values(count);
    let sum = weighted(digits.as_slice(), &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    let fits = sum.is_multiple_of(11) && number.near(count, REACH, &NAMES);
    fits.then(|| Hit::proven(number.range(count), weigh(0.5, true, false)))
}
