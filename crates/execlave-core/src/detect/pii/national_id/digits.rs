//! Numbers of digits alone, one row each.

use crate::detect::candidates::detector::{Hit, weigh};
use crate::detect::candidates::number::{Digits, Gap, Number};
use crate::detect::checksum::{luhn, mod_11_10, weighted};
use crate::detect::pii::date_of_birth::is_short_date;
use crate::detect::source::{Reach, Words};

/// How one country writes a number.
struct Scheme {
    /// How many digits.
    digits: usize,
    /// Whether the check digits, and the date if it has one, are right.
    fits: fn(&Digits) -> bool,
    /// The grouping that is this number's own, and the confidence it gives.
    form: Option<(&'static [usize], &'static [Gap], f32)>,
    /// The confidence of any other grouping.
    plain: f32,
    /// What it is called.
    names: Words,
}

const REACH: Reach = Reach { before: 40, after: 16 };
const SPACE: Gap = Gap::Space;
const HYPHEN: Gap = Gap::Hyphen;
const DOT: Gap = Gap::Dot;
const START: Gap = Gap::Start;

static SCHEMES: &[Scheme] = &[
    // Canada, social insurance number.
    Scheme {
        digits: 9,
        fits: |number| luhn(number.as_slice()) && !matches!(number.value(0..1), 0 | 8),
        form: None,
        plain: 0.2,
        names: Words::new(&["sin", "social insurance", "social insurance number", "nas"]),
    },
    // Australia, tax file number.
    Scheme {
        digits: 9,
        fits: |number| {
            weighted(number.as_slice(), &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11)
        },
        form: None,
        plain: 0.2,
        names: Words::new(&["tfn", "tax file", "tax file number"]),
    },
    // The Netherlands, citizen service number: the last digit counts against the others.
    Scheme {
        digits: 9,
        fits: |number| {
            let sum = weighted(number.as_slice(), &[9, 8, 7, 6, 5, 4, 3, 2]);
            sum % 11 == u32::try_from(number.value(8..9)).unwrap_or(11)
        },
        form: None,
        plain: 0.2,
        names: Words::new(&["bsn", "burgerservicenummer", "sofinummer"]),
    },
    // The United States, individual taxpayer number: areas from 900, certain groups, no check digit.
    Scheme {
        digits: 9,
        fits: |number| {
            number.value(0..3) >= 900
                && matches!(number.value(3..5), 50..=65 | 70..=88 | 90..=92 | 94..=99)
        },
        form: None,
        plain: 0.2,
        names: Words::new(&["itin", "taxpayer", "tax id", "taxpayer identification"]),
    },
    // Australia, Medicare card.
    Scheme {
        digits: 10,
        fits: |number| {
            let sum = weighted(number.as_slice(), &[1, 3, 7, 9, 1, 3, 7, 9]) % 10;
            u64::from(sum) == number.value(8..9) && matches!(number.value(0..1), 2..=6)
        },
        form: None,
        plain: 0.2,
        names: Words::new(&["medicare", "medicare number", "medicare card"]),
    },
    // Sweden, personal number; Denmark writes alike, but has no check digit any more.
    Scheme {
        digits: 10,
        fits: |number| is_short_date(number, 0) && luhn(number.as_slice()),
        form: Some((&[6, 4], &[START, HYPHEN], 0.6)),
        plain: 0.2,
        names: Words::new(&["personnummer", "personal identity number", "swedish"]),
    },
    // Sweden with the century.
    Scheme {
        digits: 12,
        fits: |number| {
            let digits = number.as_slice().get(2..).unwrap_or_default();
            matches!(number.value(0..2), 19 | 20) && is_short_date(number, 2) && luhn(digits)
        },
        form: Some((&[8, 4], &[START, HYPHEN], 0.8)),
        plain: 0.3,
        names: Words::new(&["personnummer", "personal identity number", "swedish"]),
    },
    // Czechia and Slovakia, birth number: women's months are higher by fifty.
    Scheme {
        digits: 10,
        fits: |number| {
            matches!(number.value(2..4), 1..=12 | 51..=62)
                && matches!(number.value(4..6), 1..=31)
                && number.value(0..10).is_multiple_of(11)
        },
        form: Some((&[6, 4], &[START, Gap::Slash], 0.7)),
        plain: 0.2,
        names: Words::new(&["rodné číslo", "rodne cislo", "birth number"]),
    },
    // Brazil, taxpayer number.
    Scheme {
        digits: 11,
        fits: brazilian,
        form: Some((&[3, 3, 3, 2], &[START, DOT, DOT, HYPHEN], 0.85)),
        plain: 0.2,
        names: Words::new(&["cpf"]),
    },
    // Germany, tax identification number.
    Scheme {
        digits: 11,
        fits: |number| number.value(0..1) > 0 && mod_11_10(number.as_slice()),
        form: Some((&[2, 3, 3, 3], &[START, SPACE, SPACE, SPACE], 0.5)),
        plain: 0.2,
        names: Words::new(&[
            "steuer id",
            "steueridentifikationsnummer",
            "steuer idnr",
            "idnr",
            "tax id",
            "tin",
        ]),
    },
    // Poland, PESEL: the century is in the month.
    Scheme {
        digits: 11,
        fits: |number| {
            let month = number.value(2..4) % 20;
            let sum = weighted(number.as_slice(), &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
            (1..=12).contains(&month)
                && matches!(number.value(4..6), 1..=31)
                && sum.is_multiple_of(10)
        },
        form: None,
        plain: 0.3,
        names: Words::new(&["pesel"]),
    },
    // Norway, birth number: two check digits.
    Scheme {
        digits: 11,
        fits: |number| {
            let digits = number.as_slice();
            matches!(number.value(0..2), 1..=31)
                && matches!(number.value(2..4), 1..=12)
                && weighted(digits, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11)
                && weighted(digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
        },
        form: Some((&[6, 5], &[START, SPACE], 0.6)),
        plain: 0.5,
        names: Words::new(&["fødselsnummer", "personnummer", "fnr"]),
    },
    // Turkey, identity number: two check digits.
    Scheme {
        digits: 11,
        fits: turkish,
        form: None,
        plain: 0.3,
        names: Words::new(&["tc kimlik", "kimlik", "tckn", "t.c"]),
    },
    // Belgium, national register number.
    Scheme {
        digits: 11,
        fits: |number| {
            let (body, check) = (number.value(0..9), number.value(9..11));
            let since_2000 = body.saturating_add(2_000_000_000);
            let remainder = |body: u64| 97u64.saturating_sub(body % 97);
            is_short_date(number, 0) && (remainder(body) == check || remainder(since_2000) == check)
        },
        form: Some((&[2, 2, 2, 3, 2], &[START, DOT, DOT, HYPHEN, DOT], 0.85)),
        plain: 0.3,
        names: Words::new(&[
            "rijksregisternummer",
            "registre national",
            "national number",
            "rijksregister",
        ]),
    },
    // Switzerland, social insurance number: an EAN-13 of country 756.
    Scheme {
        digits: 13,
        fits: |number| {
            let sum = weighted(number.as_slice(), &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]);
            number.value(0..3) == 756 && sum.is_multiple_of(10)
        },
        form: Some((&[3, 4, 4, 2], &[START, DOT, DOT, DOT], 0.85)),
        plain: 0.4,
        names: Words::new(&["ahv", "avs", "ahv nummer", "numéro avs"]),
    },
    // South Korea, resident registration number.
    Scheme {
        digits: 13,
        fits: |number| {
            let sum = weighted(number.as_slice(), &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11;
            let check = 11u32.saturating_sub(sum) % 10;
            is_short_date(number, 0) && u64::from(check) == number.value(12..13)
        },
        form: Some((&[6, 7], &[START, HYPHEN], 0.75)),
        plain: 0.2,
        names: Words::new(&["rrn", "resident registration", "주민등록번호", "jumin"]),
    },
    // South Africa, identity number.
    Scheme {
        digits: 13,
        fits: |number| {
            is_short_date(number, 0)
                && matches!(number.value(10..11), 0 | 1)
                && luhn(number.as_slice())
        },
        form: Some((&[6, 4, 2, 1], &[START, SPACE, SPACE, SPACE], 0.7)),
        plain: 0.2,
        names: Words::new(&["id number", "identity number", "rsa id", "south african"]),
    },
    // Romania, personal numerical code.
    Scheme {
        digits: 13,
        fits: |number| {
            let sum = weighted(number.as_slice(), &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
            let check = if sum == 10 { 1 } else { sum };
            is_short_date(number, 1)
                && u64::from(check) == number.value(12..13)
                && number.value(0..1) > 0
        },
        form: None,
        plain: 0.2,
        names: Words::new(&["cnp", "cod numeric personal"]),
    },
    // Thailand, identity number.
    Scheme {
        digits: 13,
        fits: |number| {
            let sum = weighted(number.as_slice(), &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
            let check = 11u32.saturating_sub(sum) % 10;
            u64::from(check) == number.value(12..13)
        },
        form: Some((&[1, 4, 5, 2, 1], &[START, HYPHEN, HYPHEN, HYPHEN, HYPHEN], 0.85)),
        plain: 0.2,
        names: Words::new(&["thai id", "บัตรประชาชน", "citizen id"]),
    },
    // France, social security number: the key is 97 less the remainder.
    Scheme {
        digits: 15,
        fits: |number| {
            let key = 97u64.saturating_sub(number.value(0..13) % 97);
            matches!(number.value(0..1), 1 | 2)
                && matches!(number.value(3..5), 1..=12 | 20..=42)
                && key == number.value(13..15)
        },
        form: Some((
            &[1, 2, 2, 2, 3, 3, 2],
            &[START, SPACE, SPACE, SPACE, SPACE, SPACE, SPACE],
            0.85,
        )),
        plain: 0.4,
        names: Words::new(&[
            "nir",
            "insee",
            "sécurité sociale",
            "securite sociale",
            "numéro de sécurité sociale",
        ]),
    },
    // China, resident identity number.
    Scheme {
        digits: 18,
        fits: |number| {
            let sum = weighted(number.as_slice(), &super::letters::CHINESE) % 11;
            let check = 12u32.saturating_sub(sum) % 11;
            matches!(number.value(6..8), 19 | 20)
                && is_short_date(number, 8)
                && u64::from(check) == number.value(17..18)
        },
        form: Some((&[18], &[START], 0.8)),
        plain: 0.3,
        names: Words::new(&["身份证", "身份证号", "resident identity"]),
    },
];

pub(super) fn look(number: &Number<'_>) -> Option<Hit> {
    if number.digits < 9 || !number.starts_clean() {
        return None;
    }
    SCHEMES.iter().find_map(|scheme| scheme.look(number))
}

impl Scheme {
    fn look(&self, number: &Number<'_>) -> Option<Hit> {
        let count = number.groups_of(self.digits)?;
        let digits = number.values(count);
        if !(self.fits)(&digits) || !number.ends_clean(count) {
            return None;
        }
        let own = self.form.filter(|(lengths, gaps, _)| {
            let groups = number.groups().get(..count).unwrap_or_default();
            lengths.len() == count
                && groups.iter().zip(*lengths).all(|(group, length)| group.len() == *length)
                && groups.iter().zip(*gaps).all(|(group, gap)| group.gap == *gap)
        });
        let base = own.map_or(self.plain, |(_, _, confidence)| confidence);
        let hit = Hit::proven(
            number.range(count),
            weigh(base, number.near(count, REACH, &self.names), false),
        );
        (hit.confidence >= 0.5).then_some(hit)
    }
}

/// Two check digits modulo 11; eleven equal digits fit and are never issued.
fn brazilian(number: &Digits) -> bool {
    let digits = number.as_slice();
    let check = |weights: &[u8]| {
        let remainder = weighted(digits, weights) % 11;
        if remainder < 2 { 0 } else { 11u32.saturating_sub(remainder) }
    };
    let equal = digits.windows(2).all(|pair| pair.first() == pair.last());
    !equal
        && u64::from(check(&[10, 9, 8, 7, 6, 5, 4, 3, 2])) == number.value(9..10)
        && u64::from(check(&[11, 10, 9, 8, 7, 6, 5, 4, 3, 2])) == number.value(10..11)
}

/// The tenth digit weighs odd places sevenfold against the even ones; the eleventh is the sum of the ten.
fn turkish(number: &Digits) -> bool {
    let digits = number.as_slice();
    let odd = weighted(digits, &[7, 0, 7, 0, 7, 0, 7, 0, 7]);
    // Minus one is nine modulo ten.
    let even = weighted(digits, &[0, 9, 0, 9, 0, 9, 0, 9]);
    let sum = weighted(digits, &[1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    number.value(0..1) > 0
        && u64::from(odd.saturating_add(even) % 10) == number.value(9..10)
        && u64::from(sum % 10) == number.value(10..11)
}
