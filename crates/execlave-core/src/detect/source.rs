//! The text being read, as bytes, with the questions detectors ask about a place in it.

use std::ops::Range;

/// A text. Every question is answered for any position, inside or outside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'t> {
    bytes: &'t [u8],
}

impl<'t> Source<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { bytes: text.as_bytes() }
    }

    /// The byte at a position, 0 beyond the end.
    #[inline]
    pub(crate) fn at(self, index: usize) -> u8 {
        self.bytes.get(index).copied().unwrap_or(0)
    }

    /// The byte in front of a position, 0 at the start.
    #[inline]
    pub(crate) fn before(self, index: usize) -> u8 {
        index.checked_sub(1).map_or(0, |index| self.at(index))
    }

    /// The bytes of a range, cut off at the end of the text.
    pub(crate) fn slice(self, range: Range<usize>) -> &'t [u8] {
        let end = range.end.min(self.bytes.len());
        self.bytes.get(range.start.min(end)..end).unwrap_or_default()
    }

    /// The bytes from a position on.
    pub(crate) fn rest(self, from: usize) -> &'t [u8] {
        self.bytes.get(from..).unwrap_or_default()
    }

    /// The bytes up to a position.
    pub(crate) fn head(self, to: usize) -> &'t [u8] {
        self.bytes.get(..to).unwrap_or(self.bytes)
    }

    /// Where a run of such bytes that starts at `from` ends; at most `limit` bytes are looked at.
    #[inline]
    pub(crate) fn run_end(self, from: usize, limit: usize, such: impl Fn(u8) -> bool) -> usize {
        from.saturating_add(
            self.rest(from).iter().take(limit).take_while(|byte| such(**byte)).count(),
        )
    }

    /// Where a run of such bytes that ends at `to` starts, but not in front of `floor`.
    #[inline]
    pub(crate) fn run_start(self, to: usize, floor: usize, such: impl Fn(u8) -> bool) -> usize {
        let run = self.slice(floor.min(to)..to);
        to.saturating_sub(run.iter().rev().take_while(|byte| such(**byte)).count())
    }

    /// Whether a word stands within so many bytes in front of or behind a range.
    pub(crate) fn near(self, range: &Range<usize>, reach: Reach, words: &Words) -> bool {
        let from = range.start.saturating_sub(reach.before);
        self.has_word(from..range.start, words)
            || self.has_word(range.end..range.end.saturating_add(reach.after), words)
    }

    /// Whether one of these words lies whole within a range.
    fn has_word(self, range: Range<usize>, words: &Words) -> bool {
        let mut index = range.start;
        let mut front = self.before(index);
        for byte in self.slice(range.clone()) {
            let starts = is_word(*byte)
                && (!is_word(front) || (byte.is_ascii_uppercase() && front.is_ascii_lowercase()));
            front = *byte;
            let found = starts && words.may_start(*byte, self.at(index.saturating_add(1))) && {
                words.list.iter().any(|word| {
                    self.word_end(index, word)
                        .is_some_and(|end| end <= range.end && !self.in_placeholder(end))
                })
            };
            if found {
                return true;
            }
            index = index.saturating_add(1);
        }
        false
    }

    /// Where a word that starts at `from` ends, if it stands there.
    fn word_end(self, from: usize, word: &str) -> Option<usize> {
        let mut index = from;
        for expected in word.bytes() {
            let found = self.at(index);
            if expected == b' ' {
                if matches!(found, b' ' | b'_' | b'-') {
                    index = index.saturating_add(1);
                }
            } else if found.eq_ignore_ascii_case(&expected) {
                index = index.saturating_add(1);
            } else {
                return None;
            }
        }
        let hump = self.before(index).is_ascii_lowercase() && self.at(index).is_ascii_uppercase();
        (hump || !is_word(self.at(index))).then_some(index)
    }

    /// A placeholder such as `[PASSPORT_REDACTED]` says nothing about its neighbours: what has been masked once
    /// must not make more be masked the next time.
    fn in_placeholder(self, from: usize) -> bool {
        let end = self.run_end(from, 32, |byte| byte == b'_' || byte.is_ascii_uppercase());
        self.slice(from..end).ends_with(b"REDACTED")
    }
}

/// Words to look for near a candidate: lower case; a space stands for a space, `_`, `-` or nothing.
#[derive(Debug)]
pub(crate) struct Words {
    list: &'static [&'static str],
    /// A bit for each first byte and for each second byte, by its last five bits: letters of either case are alike.
    first: u32,
    second: u32,
}

impl Words {
    pub(crate) const fn new(list: &'static [&'static str]) -> Self {
        let (mut first, mut second) = (0, 0);
        let mut rest = list;
        while let [word, others @ ..] = rest {
            if let [one, two, ..] = word.as_bytes() {
                first |= bit(*one);
                second |= bit(*two);
            }
            rest = others;
        }
        Self { list, first, second }
    }

    fn may_start(&self, one: u8, two: u8) -> bool {
        self.first & bit(one) != 0 && self.second & bit(two) != 0
    }
}

const fn bit(byte: u8) -> u32 {
    1u32.wrapping_shl((byte & 31) as u32)
}

/// How far context words may be from what they are about, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    pub(crate) before: usize,
    pub(crate) after: usize,
}

/// Part of a word of any script. Bytes outside ASCII count, so that `tel` is not found inside `hôtel`.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || !byte.is_ascii()
}

/// Letters and digits of ASCII.
pub(crate) fn is_alnum(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// What identifiers and tokens are made of.
pub(crate) fn is_wide(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_is_whole_words_in_reach() {
        let near = |text: &str, words: Words| {
            let start = text.find('#').expect("is there");
            Source::new(text).near(&(start..start + 1), Reach { before: 20, after: 8 }, &words)
        };
        let words = Words::new;
        assert!(near("my SSN: #", words(&["ssn"])));
        assert!(near("date_of_birth=#", words(&["date of birth"])));
        assert!(near("dateOfBirth=#", words(&["date of birth"])));
        assert!(near("# fax", words(&["fax"])));
        assert!(!near("hôtel #", words(&["tel"])));
        assert!(!near("phones #", words(&["phone"])));
        assert!(!near("phone                         #", words(&["phone"])));
        assert!(!near("[PHONE_REDACTED] #", words(&["phone"])));
    }
}
