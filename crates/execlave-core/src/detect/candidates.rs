//! One pass over a text that finds the places all detectors of personal data and secrets want to see.
//!
//! Most bytes of most texts lead nowhere, so the pass first asks of 64 bytes at once whether any of them can
//! start a finding: a digit, `@`, `:`, `=`, `_` and a few pairs of letters. Only then does it look at single
//! bytes, and only from those does it work out numbers, words and prefixes to show to detectors. A text in
//! which nothing is found is read without any allocation.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use super::pii::{self, PiiType};
use super::secret::{self, SecretKind};
use super::source::{Source, is_alnum, is_wide};

pub(crate) mod assignment;
pub(crate) mod detector;
pub(crate) mod number;
pub(crate) mod overlap;

use assignment::Assignment;
use detector::{Hit, Reads, THRESHOLD};
use number::{GROUPS, Group, Number};
use overlap::{Candidate, resolve, strength};

/// What was found, each list sorted and without overlaps.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) pii: Vec<Candidate<PiiType>>,
    pub(crate) secrets: Vec<Candidate<SecretKind>>,
}

/// Reads a text once for everything. Names of persons are looked for only when asked.
pub(crate) fn find(text: &str, names: bool) -> Found {
    let mut pass = Pass {
        source: Source::new(text),
        table: &TABLE,
        found: Found::default(),
        resume: 0,
        tried: 0,
    };
    pass.read(text.as_bytes());
    if names {
        pass.read_phrases(text);
    }
    let mut found = pass.found;
    resolve(&mut found.secrets);
    resolve(&mut found.pii);
    drop_inside_secrets(&mut found);
    found
}

/// Digits inside a credential are not a telephone number. An API key is both: personal data by the name that
/// published clients give it, and a secret of its own kind.
fn drop_inside_secrets(found: &mut Found) {
    let secrets = &found.secrets;
    if secrets.is_empty() {
        return;
    }
    found.pii.retain(|pii| {
        let first = secrets.partition_point(|secret| secret.hit.range.end <= pii.hit.range.start);
        let mut overlapping = secrets
            .iter()
            .skip(first)
            .take_while(|secret| secret.hit.range.start < pii.hit.range.end);
        pii.what == PiiType::ApiKey
            || overlapping.all(|secret| strength(&pii.hit, &secret.hit).is_gt())
    });
}

#[derive(Clone, Copy)]
enum What {
    Pii(PiiType),
    Secret(SecretKind),
}

type Sees<F> = Vec<(What, F)>;
type AtPlace = fn(Source<'_>, usize) -> Option<Hit>;
type AtNumber = fn(&Number<'_>) -> Option<Hit>;
type AtWord = fn(Source<'_>, Range<usize>) -> Option<Hit>;
type AtAssignment = fn(&Assignment<'_>) -> Option<Hit>;

/// A literal, what it stands for, and who looks behind it.
type Literal<T> = (T, What, AtPlace);

/// The detectors by what they want to be shown.
#[derive(Default)]
struct Table {
    at: Sees<AtPlace>,
    colon: Sees<AtPlace>,
    assignment: Sees<AtAssignment>,
    dashes: Sees<AtPlace>,
    short: Sees<AtNumber>,
    number: Sees<AtNumber>,
    word: Sees<AtWord>,
    /// By first byte.
    prefixes: BTreeMap<u8, Vec<Literal<&'static [u8]>>>,
    /// Which bytes start a prefix.
    starts: Vec<bool>,
    phrases: Vec<Literal<&'static str>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { starts: vec![false; 256], ..Table::default() };
    for (what, detector) in pii::DETECTORS {
        detector.reads.iter().for_each(|reads| table.add(What::Pii(*what), *reads));
    }
    for (what, detector) in secret::DETECTORS {
        detector.reads.iter().for_each(|reads| table.add(What::Secret(*what), *reads));
    }
    table
});

impl Table {
    fn add(&mut self, what: What, reads: Reads) {
        match reads {
            Reads::At(look) => self.at.push((what, look)),
            Reads::Colon(look) => self.colon.push((what, look)),
            Reads::Assignment(look) => self.assignment.push((what, look)),
            Reads::Dashes(look) => self.dashes.push((what, look)),
            Reads::ShortNumber(look) => self.short.push((what, look)),
            Reads::Number(look) => self.number.push((what, look)),
            Reads::Word(look) => self.word.push((what, look)),
            Reads::Phrase(phrase, look) => self.phrases.push((phrase, what, look)),
            Reads::Prefix(prefix, look) => {
                let Some(first) = prefix.as_bytes().first() else { return };
                self.prefixes.entry(*first).or_default().push((prefix.as_bytes(), what, look));
                if let Some(starts) = self.starts.get_mut(usize::from(*first)) {
                    *starts = true;
                }
            }
        }
    }
}

const BLOCK: usize = 64;
const PART: usize = 16;

/// Whether a byte, with the one behind it, can lead anywhere. Digits, `:`, `;`, `<`, `=`, `>`, `?` and `@` are one
/// range; the pairs stand for `AKIA`, `ASIA`, `-----` and `sk-`.
#[inline]
#[expect(clippy::needless_bitwise_bool, reason = "branches would keep the vector unit out")]
fn leads(byte: u8, next: u8) -> bool {
    (byte.wrapping_sub(b'0') <= b'@'.wrapping_sub(b'0'))
        | (byte == b'_')
        | ((next == b'-') & ((byte == b'-') | (byte == b'k')))
        | ((next == b'I') & ((byte == b'K') | (byte == b'S')))
}

/// Whether anything in a block that starts at `base` can lead anywhere; without branches, for the vector unit.
#[inline]
fn any_leads<const N: usize>(block: &[u8; N], bytes: &[u8], base: usize) -> bool {
    let following = base.saturating_add(1);
    let next = bytes.get(following..following.saturating_add(N));
    let Some(next) = next.and_then(|next| <&[u8; N]>::try_from(next).ok()) else { return true };
    block.iter().zip(next).fold(false, |any, (byte, next)| any | leads(*byte, *next))
}

/// Longest run of digits in one number.
const LONGEST_NUMBER: usize = 40;

/// Fewest digits that make any number detector but the short ones look.
const FEWEST_DIGITS: usize = 6;

/// How far back a key's prefix may lie from the digit or underscore that gave it away.
const LONGEST_PREFIX: usize = 64;

struct Pass<'t> {
    source: Source<'t>,
    table: &'static Table,
    found: Found,
    /// What lies before has been shown.
    resume: usize,
    /// Up to where prefixes have been tried.
    tried: usize,
}

impl Pass<'_> {
    fn read(&mut self, bytes: &[u8]) {
        let (blocks, tail) = bytes.as_chunks::<BLOCK>();
        let mut base = 0usize;
        for block in blocks {
            if any_leads(block, bytes, base) {
                let mut base = base;
                for part in block.as_chunks::<PART>().0 {
                    if any_leads(part, bytes, base) {
                        self.read_part(part, base);
                    }
                    base = base.saturating_add(PART);
                }
            }
            base = base.saturating_add(BLOCK);
        }
        self.read_part(tail, base);
    }

    fn read_part(&mut self, part: &[u8], base: usize) {
        for (index, byte) in part.iter().enumerate() {
            if !matches!(byte, b'0'..=b':' | b'=' | b'@' | b'_' | b'-' | b'k' | b'K' | b'S') {
                continue;
            }
            let place = base.saturating_add(index);
            if place >= self.resume {
                self.show(place, *byte);
            }
        }
    }

    fn show(&mut self, place: usize, byte: u8) {
        let next = || self.source.at(place.saturating_add(1));
        match byte {
            b'0'..=b'9' => self.show_digits(place),
            b'@' => self.show_place(place, &self.table.at),
            b':' => {
                self.show_place(place, &self.table.colon);
                self.show_assignment(place);
            }
            b'=' => self.show_assignment(place),
            b'_' => self.show_prefix(place),
            b'k' if next() == b'-' => self.show_prefix(place),
            b'K' | b'S' if next() == b'I' => self.show_prefix(place),
            b'-' if self.source.before(place) != b'-'
                && self.source.rest(place).starts_with(b"-----") =>
            {
                self.show_place(place, &self.table.dashes);
            }
            _ => {}
        }
    }

    fn show_place(&mut self, place: usize, detectors: &'static Sees<AtPlace>) {
        for (what, look) in detectors {
            if let Some(hit) = look(self.source, place) {
                self.take(*what, hit);
            }
        }
    }

    fn show_assignment(&mut self, sign: usize) {
        let Some(assignment) = assignment::read(self.source, sign) else { return };
        for (what, look) in &self.table.assignment {
            if let Some(hit) = look(&assignment) {
                self.take(*what, hit);
            }
        }
    }

    /// A digit: the rest of a number or of a word with digits in it.
    fn show_digits(&mut self, place: usize) {
        let start = self.source.run_start(place, self.resume, is_alnum);
        let end = self.source.run_end(place, usize::MAX, is_alnum);
        if matches!(self.source.before(start), b'-' | b'_')
            || start < place
            || end.saturating_sub(start) > 9
        {
            self.show_prefix(place);
        }
        if self.resume > place {
            return;
        }
        self.resume = end;
        let letters = start < place
            || self.source.slice(place..end).iter().any(|byte| !byte.is_ascii_digit());
        if letters {
            for (what, look) in &self.table.word {
                if let Some(hit) = look(self.source, start..end) {
                    self.take(*what, hit);
                }
            }
        }
        let digits_end = self
            .source
            .run_end(place, LONGEST_NUMBER.saturating_add(1), |byte| byte.is_ascii_digit());
        let extension = self.source.at(digits_end).eq_ignore_ascii_case(&b'x');
        if start == place
            && (!letters || extension)
            && digits_end.saturating_sub(place) <= LONGEST_NUMBER
        {
            self.show_number(place..digits_end);
        }
    }

    fn show_number(&mut self, first: Range<usize>) {
        let mut room = [Group::EMPTY; GROUPS];
        let number = Number::read(self.source, first, &mut room);
        let long = if number.digits < FEWEST_DIGITS { &[][..] } else { &self.table.number };
        for (what, look) in self.table.short.iter().chain(long) {
            if let Some(hit) = look(&number) {
                // A number whose check digit fits is read no further: one number in ten that starts in its middle fits too.
                if hit.proven && hit.confidence >= THRESHOLD {
                    self.resume = self.resume.max(hit.range.end);
                }
                self.take(*what, hit);
            }
        }
    }

    /// Tries the prefixes of keys where the identifier around `place` starts and behind each of its hyphens.
    fn show_prefix(&mut self, place: usize) {
        let floor = self.tried.max(place.saturating_sub(LONGEST_PREFIX));
        let start = self.source.run_start(place, floor, is_wide);
        self.tried = self.tried.max(place);
        let mut at = start;
        while at <= place {
            let front = self.source.before(at);
            if !is_alnum(front) && front != b'_' {
                self.try_prefixes(at);
            }
            let word = self.source.run_end(at, place.saturating_sub(at), |byte| byte != b'-');
            at = word.saturating_add(1);
        }
    }

    fn try_prefixes(&mut self, at: usize) {
        let first = self.source.at(at);
        if !self.table.starts.get(usize::from(first)).copied().unwrap_or(false) {
            return;
        }
        let rest = self.source.rest(at);
        for (prefix, what, look) in self.table.prefixes.get(&first).into_iter().flatten() {
            if rest.starts_with(prefix)
                && let Some(hit) = look(self.source, at)
            {
                self.resume = self.resume.max(hit.range.end);
                self.tried = self.tried.max(hit.range.end);
                self.take(*what, hit);
            }
        }
    }

    fn read_phrases(&mut self, text: &str) {
        for (phrase, what, look) in &self.table.phrases {
            let windows = text.as_bytes().windows(phrase.len()).enumerate();
            let ends = windows
                .filter(|(_, window)| window.eq_ignore_ascii_case(phrase.as_bytes()))
                .map(|(start, _)| start)
                .collect::<Vec<_>>();
            for start in ends {
                if !is_alnum(self.source.before(start))
                    && let Some(hit) = look(self.source, start.saturating_add(phrase.len()))
                {
                    self.take(*what, hit);
                }
            }
        }
    }

    fn take(&mut self, what: What, hit: Hit) {
        if hit.confidence < THRESHOLD || hit.range.is_empty() {
            return;
        }
        match what {
            What::Pii(what) => self.found.pii.push(Candidate { what, hit }),
            What::Secret(what) => self.found.secrets.push(Candidate { what, hit }),
        }
    }
}
