//! A number as people write it: groups of digits with separators between them.

use std::ops::Range;

use crate::detect::source::{Reach, Source, Words, is_alnum};

/// The most groups looked at; the longest known writing, a card number in pairs, has ten.
pub(crate) const GROUPS: usize = 12;

/// A longer run of digits is nothing a person would hand over.
const GROUP_DIGITS: usize = 40;

/// What stands between two groups of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    /// Nothing: the first group.
    Start,
    /// A space of any kind.
    Space,
    /// A hyphen or dash of any kind.
    Hyphen,
    /// A full stop.
    Dot,
    /// A slash.
    Slash,
    /// An opening parenthesis, perhaps with a space.
    Open,
    /// A closing parenthesis, perhaps with a space or hyphen.
    Close,
}

/// One run of digits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group {
    /// Where it starts.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
    /// What stands in front of it.
    pub(crate) gap: Gap,
}

impl Group {
    /// What stands where no group has been read yet.
    pub(crate) const EMPTY: Self = Self { start: 0, end: 0, gap: Gap::Start };

    /// How many digits.
    pub(crate) fn len(&self) -> usize {
        self.end.saturating_sub(self.start)
    }
}

/// The groups that follow each other from one place on.
#[derive(Debug)]
pub(crate) struct Number<'t> {
    pub(crate) source: Source<'t>,
    /// INVARIANT: never empty.
    groups: &'t [Group],
    /// Digits in all groups.
    pub(crate) digits: usize,
}

impl<'t> Number<'t> {
    /// Reads on from the first group; `room` is where the groups are kept.
    pub(crate) fn read(
        source: Source<'t>,
        first: Range<usize>,
        room: &'t mut [Group; GROUPS],
    ) -> Self {
        let first = Group { start: first.start, end: first.end, gap: Gap::Start };
        let (mut end, mut digits, mut count) = (first.end, first.len(), 0usize);
        let mut following = Some(first);
        for place in room.iter_mut() {
            let Some(group) = following else { break };
            *place = group;
            count = count.saturating_add(1);
            following = (digits <= GROUP_DIGITS).then(|| next_group(source, end)).flatten();
            if let Some(group) = following.filter(|_| count < GROUPS) {
                digits = digits.saturating_add(group.len());
                end = group.end;
            }
        }
        Self { source, groups: room.get(..count).unwrap_or_default(), digits }
    }

    pub(crate) fn groups(&self) -> &[Group] {
        self.groups
    }

    /// Where it starts.
    pub(crate) fn start(&self) -> usize {
        self.groups.first().map_or(0, |group| group.start)
    }

    /// Where its first groups end.
    pub(crate) fn end_of(&self, count: usize) -> usize {
        let last = count.checked_sub(1).and_then(|last| self.groups().get(last));
        last.map_or(self.start(), |group| group.end)
    }

    /// From the first digit of the first group to the last digit of the group so far on.
    pub(crate) fn range(&self, count: usize) -> Range<usize> {
        self.start()..self.end_of(count)
    }

    /// How many digits the first groups have.
    pub(crate) fn digits_in(&self, count: usize) -> usize {
        self.groups().iter().take(count).map(Group::len).sum()
    }

    /// The values of the digits of the first groups.
    pub(crate) fn values(&self, count: usize) -> Digits {
        let mut digits = Digits { values: [0; GROUP_DIGITS], count: 0 };
        for group in self.groups().iter().take(count) {
            for byte in self.source.slice(group.start..group.end) {
                digits.push(byte & 0x0f);
            }
        }
        digits
    }

    /// Whether the first groups have these lengths, and nothing but this gap between them.
    pub(crate) fn is_grouped(&self, lengths: &[usize], gaps: &[Gap]) -> bool {
        self.groups.len() >= lengths.len()
            && self.groups().iter().zip(lengths).all(|(group, length)| group.len() == *length)
            && self
                .groups()
                .iter()
                .take(lengths.len())
                .skip(1)
                .all(|group| gaps.contains(&group.gap))
            && self.is_uniform(lengths.len())
    }

    /// Whether the first groups are all separated in the same way.
    pub(crate) fn is_uniform(&self, count: usize) -> bool {
        let mut gaps = self.groups().iter().take(count).skip(1).map(|group| group.gap);
        let first = gaps.next();
        gaps.all(|gap| Some(gap) == first)
    }

    /// How many groups hold exactly so many digits.
    pub(crate) fn groups_of(&self, digits: usize) -> Option<usize> {
        let mut sum = 0usize;
        for (index, group) in self.groups().iter().enumerate() {
            sum = sum.saturating_add(group.len());
            if sum >= digits {
                return (sum == digits).then_some(index.saturating_add(1));
            }
        }
        None
    }

    /// Whether the number starts here and is not the rest of something longer: a decimal, a part of a UUID, an identifier.
    pub(crate) fn starts_clean(&self) -> bool {
        let start = self.start();
        let front = self.source.before(start);
        if is_alnum(front) || front == b'_' {
            return false;
        }
        if !matches!(front, b'-' | b'.' | b'/' | b':') {
            return true;
        }
        // After a word and a hyphen (`SSN-123-45-6789`) it starts; after digits or a mixture it goes on.
        let word_end = start.saturating_sub(1);
        let word = self.source.run_start(word_end, start.saturating_sub(24), is_alnum);
        self.source.slice(word..word_end).iter().all(u8::is_ascii_alphabetic)
    }

    /// The same where a slash or colon in front is a URL's: `http://10.0.0.1`, `host:10.0.0.1`.
    pub(crate) fn starts_clean_in_url(&self) -> bool {
        matches!(self.source.before(self.start()), b'/' | b':') || self.starts_clean()
    }

    /// Whether nothing of the same number follows the first groups.
    pub(crate) fn ends_clean(&self, count: usize) -> bool {
        let end = self.end_of(count);
        let (next, after) = (self.source.at(end), self.source.at(end.saturating_add(1)));
        if is_alnum(next) || next == b'_' {
            return false;
        }
        !(matches!(next, b'-' | b'.' | b'/' | b':') && after.is_ascii_digit())
    }

    /// Both ends are clean.
    pub(crate) fn stands_alone(&self, count: usize) -> bool {
        self.starts_clean() && self.ends_clean(count)
    }

    /// Whether the digits are a sum of money, a part of a URL, a fragment or a percentage: never a person's number.
    pub(crate) fn is_quantity(&self, count: usize) -> bool {
        let start = self.start();
        let head = self.source.head(start);
        matches!(
            self.source.before(start),
            b'$' | b'#' | b'=' | b'&' | b'?' | b'/' | b'%' | b'~' | b'*'
        ) || head.ends_with("€".as_bytes())
            || head.ends_with("£".as_bytes())
            || head.ends_with("¥".as_bytes())
            || matches!(self.source.at(self.end_of(count)), b'%' | b'$')
    }

    /// Whether a context word stands near the first groups.
    pub(crate) fn near(&self, count: usize, reach: Reach, words: &Words) -> bool {
        self.source.near(&self.range(count), reach, words)
    }
}

fn next_group(source: Source<'_>, end: usize) -> Option<Group> {
    let (gap, width) = gap(source.rest(end))?;
    let start = end.saturating_add(width);
    let group_end =
        source.run_end(start, GROUP_DIGITS.saturating_add(1), |byte| byte.is_ascii_digit());
    // A digit run with letters behind it is a word, except for an extension: `555-0100x12`.
    let (next, after) = (source.at(group_end), source.at(group_end.saturating_add(1)));
    let extension = next.eq_ignore_ascii_case(&b'x') && after.is_ascii_digit();
    let whole = !next.is_ascii_alphabetic() && next != b'_';
    (group_end > start && (whole || extension)).then_some(Group { start, end: group_end, gap })
}

/// The separator at the start of `rest`, if digits follow it, and its length.
fn gap(rest: &[u8]) -> Option<(Gap, usize)> {
    let digit = |index: usize| rest.get(index).is_some_and(u8::is_ascii_digit);
    let single = |gap: Gap| digit(1).then_some((gap, 1));
    match rest {
        [b' ' | b'-' | b'.', b'(', ..] if digit(2) => Some((Gap::Open, 2)),
        [b'(', ..] => single(Gap::Open),
        [b')', b' ' | b'-' | b'.', ..] if digit(2) => Some((Gap::Close, 2)),
        [b')', ..] => single(Gap::Close),
        [b' ', ..] => single(Gap::Space),
        [b'-', ..] => single(Gap::Hyphen),
        [b'.', ..] => single(Gap::Dot),
        [b'/', ..] => single(Gap::Slash),
        // No-break space; thin, figure and narrow no-break spaces; hyphens and dashes; the minus sign.
        [0xc2, 0xa0, ..] if digit(2) => Some((Gap::Space, 2)),
        [0xe2, 0x80, 0x87..=0x8b | 0xaf, ..] if digit(3) => Some((Gap::Space, 3)),
        [0xe2, 0x80, 0x90..=0x95, ..] | [0xe2, 0x88, 0x92, ..] if digit(3) => {
            Some((Gap::Hyphen, 3))
        }
        _ => None,
    }
}

/// Some digits as values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digits {
    values: [u8; GROUP_DIGITS],
    count: usize,
}

impl Digits {
    fn push(&mut self, digit: u8) {
        if let Some(place) = self.values.get_mut(self.count) {
            *place = digit;
            self.count = self.count.saturating_add(1);
        }
    }

    /// From the digits among some bytes; `None` when another byte is among them.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let mut digits = Self { values: [0; GROUP_DIGITS], count: 0 };
        for byte in bytes {
            byte.is_ascii_digit().then(|| digits.push(byte & 0x0f))?;
        }
        Some(digits)
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        self.values.get(..self.count).unwrap_or_default()
    }

    /// The value of some of the digits, read as one number.
    pub(crate) fn value(&self, range: Range<usize>) -> u64 {
        let digits = self.as_slice().get(range).unwrap_or_default();
        digits.iter().fold(0, |value, digit| value.wrapping_mul(10).wrapping_add(u64::from(*digit)))
    }
}
