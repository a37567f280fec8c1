//! # What it finds
//! Payment card numbers of every large network, in any grouping: `4111 1111 1111 1111`, `3782-822463-10005`.
//!
//! # How it is checked
//! 13 to 19 digits whose first digits belong to a network that issues numbers of that length, and whose Luhn sum
//! is right.
//!
//! # What it leaves alone
//! Long numbers that fail either check, rows of numbers that only together would pass, decimals, parts of identifiers, and numbers of 13 digits that are called
//! barcodes (`EAN`, `ISBN`), one in ten of which would fit.
//!
//! # References
//! ISO/IEC 7812-1 (structure and check digit); the networks' published ranges.

use crate::detect::candidates::detector::{Detector, Hit, Reads, weigh};
use crate::detect::candidates::number::{Gap, Number};
use crate::detect::checksum::luhn;
use crate::detect::source::{Reach, Words};

pub(super) const DETECTOR: Detector = Detector { reads: &[Reads::Number(look)] };

/// The first digits (six of them, from and to) and the lengths issued under them.
const RANGES: &[(u64, u64, &[usize])] = &[
    (220_000, 220_499, &[16, 17, 18, 19]),             // Mir
    (222_100, 272_099, &[16]),                         // Mastercard
    (300_000, 305_999, &[14, 16, 19]),                 // Diners Club
    (309_500, 309_599, &[14, 16, 19]),                 // Diners Club
    (340_000, 349_999, &[15]),                         // American Express
    (352_800, 358_999, &[16, 17, 18, 19]),             // JCB
    (360_000, 369_999, &[14, 16, 19]),                 // Diners Club
    (370_000, 379_999, &[15]),                         // American Express
    (380_000, 399_999, &[14, 16, 19]),                 // Diners Club
    (400_000, 499_999, &[13, 16, 19]),                 // Visa
    (500_000, 509_999, &[13, 14, 15, 16, 17, 18, 19]), // Maestro, Elo, Verve, RuPay
    (510_000, 559_999, &[16]),                         // Mastercard
    (560_000, 599_999, &[13, 14, 15, 16, 17, 18, 19]), // Maestro, Bancontact
    (600_000, 699_999, &[13, 14, 15, 16, 17, 18, 19]), // Discover, UnionPay, Maestro, RuPay, Hipercard
    (810_000, 828_999, &[16, 17, 18, 19]),             // UnionPay, RuPay
    (979_200, 979_289, &[16]),                         // Troy
];

/// The commonest length first: one number in ten beside a card fits its check digit too.
const LENGTHS: [usize; 7] = [16, 15, 14, 19, 18, 17, 13];

static NAMES: Words =
    Words::new(&["card", "cc", "visa", "mastercard", "amex", "pan", "debit", "credit"]);
static OTHERS: Words = Words::new(&[
    "ean",
    "gtin",
    "upc",
    "isbn",
    "barcode",
    "imei",
    "tracking",
    "order",
    "invoice",
    "serial",
    "timestamp",
]);
const REACH: Reach = Reach { before: 32, after: 0 };

fn look(number: &Number<'_>) -> Option<Hit> {
    if number.digits < 13 || !number.starts_clean() {
        return None;
    }
    LENGTHS.iter().find_map(|length| {
        let count = number.groups_of(*length)?;
        let gaps = number.groups().iter().take(count).skip(1);
        let plain =
            gaps.clone().all(|group| matches!(group.gap, Gap::Space | Gap::Hyphen | Gap::Dot));
        let digits = number.values(count);
        let issued = issued(digits.value(0..6), *length);
        if !plain || !issued || !luhn(digits.as_slice()) || !number.ends_clean(count) {
            return None;
        }
        let named = number.near(count, REACH, &NAMES);
        let usual = is_usual(number, count);
        let alone = matches!(length, 15 | 16) && is_isolated(number, count);
        if !(usual || named || alone) {
            return None;
        }
        let base = if *length == 13 || !usual { 0.7 } else { 0.95 };
        let other = !named && (count == 1) && number.near(count, REACH, &OTHERS);
        Some(Hit::proven(number.range(count), weigh(base, named, other)))
    })
}

fn issued(prefix: u64, length: usize) -> bool {
    RANGES
        .iter()
        .any(|(from, to, lengths)| (*from..=*to).contains(&prefix) && lengths.contains(&length))
}

/// The groupings that cards and their forms are printed with.
const USUAL: &[&[usize]] = &[
    &[4, 4, 4, 4],
    &[4, 6, 5],
    &[4, 6, 4],
    &[4, 4, 4, 4, 3],
    &[4, 4, 4, 1],
    &[6, 13],
    &[8, 8],
    &[4, 4, 4, 4, 2],
    &[4, 4, 4, 4, 1],
];

fn is_usual(number: &Number<'_>, count: usize) -> bool {
    let groups = number.groups().get(..count).unwrap_or_default();
    count == 1
        || USUAL.iter().any(|usual| {
            usual.len() == count
                && groups.iter().zip(*usual).all(|(group, length)| group.len() == *length)
        })
}

/// In a table of numbers, one row in a few hundred fits by chance: an unusual grouping stands without neighbours.
fn is_isolated(number: &Number<'_>, count: usize) -> bool {
    let source = number.source;
    let front = source.before(number.start());
    let before = matches!(front, b' ' | b'-' | b'.')
        && source.before(number.start().saturating_sub(1)).is_ascii_digit();
    !before && number.groups().len() == count
}
