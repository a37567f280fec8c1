//! Personal data and the keys people paste beside it.
//!
//! Six types, each a pattern for candidates and a check that separates a card number from any long number.
//! They are applied in a fixed order; what one has claimed is invisible to the next. The order starts with
//! the longest tokens, so that ten digits inside an API key are never masked as a telephone number with the
//! rest of the key left readable.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use crate::words::words;

/// A kind of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PiiType {
    /// An e-mail address.
    Email,
    /// A United States social security number, with hyphens.
    Ssn,
    /// A payment card number: 13 to 19 digits in any grouping whose check digit fits.
    CreditCard,
    /// A North American telephone number, with its country code and parentheses.
    PhoneUs,
    /// An `IPv4` address.
    IpAddress,
    /// An API key by its prefix (`exe_`, `sk-`, `pk_`, `ag_`, `rk_`).
    ApiKey,
}

words!(
    PiiType,
    "PII type",
    Email = "email",
    Ssn = "ssn",
    CreditCard = "credit_card",
    PhoneUs = "phone_us",
    IpAddress = "ip_address",
    ApiKey = "api_key",
);

impl PiiType {
    /// What replaces a finding: `[EMAIL_REDACTED]`.
    pub fn placeholder(self) -> &'static str {
        match self {
            Self::Email => "[EMAIL_REDACTED]",
            Self::Ssn => "[SSN_REDACTED]",
            Self::CreditCard => "[CREDIT_CARD_REDACTED]",
            Self::PhoneUs => "[PHONE_US_REDACTED]",
            Self::IpAddress => "[IP_ADDRESS_REDACTED]",
            Self::ApiKey => "[API_KEY_REDACTED]",
        }
    }
}

/// One place that holds personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// What it is.
    pub pii_type: PiiType,
    /// Where it starts, in bytes.
    pub start: usize,
    /// Where it ends, in bytes, exclusive.
    pub end: usize,
}

impl Match {
    /// The byte range.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

struct Detector {
    pii_type: PiiType,
    candidates: &'static LazyLock<Option<Regex>>,
    /// Ranges inside a candidate, relative to its start. `before` and `after` are the neighbouring bytes.
    accept: fn(candidate: &[u8], neighbours: Neighbours) -> Vec<Range<usize>>,
}

/// The two bytes before and after a candidate, nearest first; zero at the end of the text.
#[derive(Clone, Copy)]
struct Neighbours {
    before: [u8; 2],
    after: [u8; 2],
}

macro_rules! pattern {
    ($name:ident, $source:expr) => {
        /// `None` only if the pattern is not a valid expression, which the tests rule out.
        static $name: LazyLock<Option<Regex>> =
            LazyLock::new(|| RegexBuilder::new($source).unicode(false).build().ok());
    };
}

pattern!(EMAIL, r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}");
pattern!(API_KEY, r"\b{start-half}(?:sk|pk|ag|rk|exe)[-_][A-Za-z0-9_-]{20,}");
pattern!(SSN, r"\b{start-half}[0-9]{3}-[0-9]{2}-[0-9]{4}\b{end-half}");
pattern!(CARD, r"\b{start-half}[0-9](?:[ -]?[0-9]){12,}\b{end-half}");
pattern!(
    PHONE,
    // A parenthesis starts a number wherever it stands; digits only where no word runs into them.
    concat!(
        r"(?:(?:\b{start-half}\+?1[-.\s]?)?\([2-9][0-9]{2}\)|\b{start-half}(?:\+?1[-.\s]?)?[2-9][0-9]{2})",
        r"[-.\s]?[0-9]{3}[-.\s]?[0-9]{4}\b{end-half}"
    )
);
pattern!(IP, r"\b{start-half}[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b{end-half}");

/// In the order they are applied.
static DETECTORS: [Detector; 6] = [
    Detector { pii_type: PiiType::Email, candidates: &EMAIL, accept: whole },
    Detector { pii_type: PiiType::ApiKey, candidates: &API_KEY, accept: api_key },
    Detector { pii_type: PiiType::Ssn, candidates: &SSN, accept: ssn },
    Detector { pii_type: PiiType::CreditCard, candidates: &CARD, accept: cards },
    Detector { pii_type: PiiType::PhoneUs, candidates: &PHONE, accept: whole },
    Detector { pii_type: PiiType::IpAddress, candidates: &IP, accept: ip_address },
];

/// All personal data in `text`, by position; no two matches overlap.
pub fn find(text: &str) -> Vec<Match> {
    let mut found: Vec<Match> = Vec::new();
    // Claimed bytes are overwritten by a byte no pattern accepts, which keeps every offset in place.
    let mut open = Cow::Borrowed(text.as_bytes());
    for detector in &DETECTORS {
        let claimed_before = found.len();
        detector.find(&open, &mut found);
        for claimed in found.get(claimed_before..).unwrap_or_default() {
            if let Some(bytes) = open.to_mut().get_mut(claimed.range()) {
                bytes.fill(b'[');
            }
        }
    }
    found.sort_by_key(|found| found.start);
    found
}

impl Detector {
    fn find(&self, text: &[u8], found: &mut Vec<Match>) {
        let Some(candidates) = self.candidates.as_ref() else { return };
        let mut from = 0;
        while let Some(candidate) = candidates.find_at(text, from) {
            let accepted = (self.accept)(candidate.as_bytes(), neighbours(text, candidate.range()));
            // A refused candidate may hide one that starts inside it.
            from = if accepted.is_empty() && candidate.len() < 64 {
                candidate.start().saturating_add(1)
            } else {
                candidate.end()
            };
            found.extend(accepted.into_iter().map(|range| Match {
                pii_type: self.pii_type,
                start: candidate.start().saturating_add(range.start),
                end: candidate.start().saturating_add(range.end),
            }));
        }
    }
}

fn neighbours(text: &[u8], range: Range<usize>) -> Neighbours {
    let before = |distance: usize| {
        range.start.checked_sub(distance).and_then(|index| text.get(index)).copied().unwrap_or(0)
    };
    let after =
        |distance: usize| text.get(range.end.saturating_add(distance)).copied().unwrap_or(0);
    Neighbours { before: [before(1), before(2)], after: [after(0), after(1)] }
}

fn accept_if(accepted: bool, candidate: &[u8]) -> Vec<Range<usize>> {
    if accepted { std::iter::once(0..candidate.len()).collect() } else { Vec::new() }
}

fn whole(candidate: &[u8], _: Neighbours) -> Vec<Range<usize>> {
    accept_if(true, candidate)
}

/// A long word with a familiar prefix is a key when it has a digit or an unbroken run; `sk-` followed by
/// ordinary words with hyphens is prose.
fn api_key(candidate: &[u8], _: Neighbours) -> Vec<Range<usize>> {
    let body = candidate.splitn(2, |byte| matches!(byte, b'-' | b'_')).nth(1).unwrap_or_default();
    let longest =
        body.split(|byte| matches!(byte, b'-' | b'_')).map(<[u8]>::len).max().unwrap_or(0);
    accept_if(longest >= 16 || body.iter().any(u8::is_ascii_digit), candidate)
}

/// Areas 000, 666 and 900–999, group 00 and serial 0000 were never issued.
fn ssn(candidate: &[u8], _: Neighbours) -> Vec<Range<usize>> {
    let area = candidate.get(..3).unwrap_or_default();
    let impossible = matches!(area, b"000" | b"666")
        || area.first() == Some(&b'9')
        || candidate.get(4..6) == Some(b"00".as_slice())
        || candidate.get(7..) == Some(b"0000".as_slice());
    accept_if(!impossible, candidate)
}

/// Tries every run of whole groups that adds up to 13–19 digits.
fn cards(candidate: &[u8], _: Neighbours) -> Vec<Range<usize>> {
    let groups = digit_groups(candidate);
    let mut accepted = Vec::new();
    let mut first = 0;
    while let Some(start) = groups.get(first) {
        let end = card_from(candidate, groups.get(first..).unwrap_or_default());
        match end {
            Some((count, end)) => {
                accepted.push(start.start..end);
                first = first.saturating_add(count);
            }
            None => first = first.saturating_add(1),
        }
    }
    accepted
}

fn digit_groups(candidate: &[u8]) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for (index, byte) in candidate.iter().enumerate() {
        if !byte.is_ascii_digit() {
            continue;
        }
        let next = index.saturating_add(1);
        match groups.last_mut() {
            Some(group) if group.end == index => group.end = next,
            _ => groups.push(index..next),
        }
    }
    groups
}

/// Lengths of card numbers, the commonest first: one number in ten beside a card fits its check digit too.
const CARD_LENGTHS: [usize; 7] = [16, 15, 14, 19, 18, 17, 13];

/// The likeliest card number that starts with the first group: how many groups it takes, and where it ends.
/// Issued numbers start with 2 to 6, which keeps times in milliseconds (they start with 1) apart.
fn card_from(candidate: &[u8], groups: &[Range<usize>]) -> Option<(usize, usize)> {
    let first = candidate.get(groups.first()?.start)?;
    if !(b'2'..=b'6').contains(first) {
        return None;
    }
    let mut digits: Vec<u8> = Vec::with_capacity(19);
    let mut likeliest: Option<(usize, (usize, usize))> = None;
    for (index, group) in groups.iter().enumerate() {
        if digits.len().saturating_add(group.len()) > 19 {
            break;
        }
        digits.extend(
            candidate.get(group.clone()).unwrap_or_default().iter().map(|byte| byte & 0x0f),
        );
        let Some(rank) = CARD_LENGTHS.iter().position(|length| *length == digits.len()) else {
            continue;
        };
        if likeliest.is_none_or(|(best, _)| rank < best) && check_digit_fits(&digits) {
            likeliest = Some((rank, (index.saturating_add(1), group.end)));
        }
    }
    likeliest.map(|(_, place)| place)
}

/// The Luhn sum.
fn check_digit_fits(digits: &[u8]) -> bool {
    let total: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(*digit);
            match (place % 2, digit) {
                (0, _) => digit,
                (_, 0..=4) => digit.saturating_mul(2),
                (_, _) => digit.saturating_mul(2).saturating_sub(9),
            }
        })
        .sum();
    total.is_multiple_of(10)
}

/// Four numbers up to 255, and not part of a longer dotted number such as a version.
fn ip_address(candidate: &[u8], neighbours: Neighbours) -> Vec<Range<usize>> {
    let in_range = candidate.split(|byte| *byte == b'.').all(|part| {
        part.iter().fold(0u32, |value, byte| {
            value.saturating_mul(10).saturating_add(u32::from(byte & 0x0f))
        }) <= 255
    });
    let dotted = |near: [u8; 2]| near[0] == b'.' && near[1].is_ascii_digit();
    accept_if(in_range && !dotted(neighbours.before) && !dotted(neighbours.after), candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert!(DETECTORS.iter().all(|detector| detector.candidates.is_some()));
    }

    #[test]
    fn offsets_are_bytes_of_the_original_text() {
        let text = "😀 é jane@example.com, (555) 123-4567";
        let found: Vec<_> =
            find(text).iter().map(|found| (found.pii_type, &text[found.range()])).collect();
        assert_eq!(
            found,
            [(PiiType::Email, "jane@example.com"), (PiiType::PhoneUs, "(555) 123-4567")]
        );
    }
}
