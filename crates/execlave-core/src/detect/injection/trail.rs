//! The known words that went by last.

use super::words::Word;

/// What the wordings need of one known word.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The sets of words it is in, one bit each.
    bits: Vec<u64>,
    /// The same with the languages it is in them in, in order.
    sets: Vec<(u16, u32)>,
}

impl Known {
    /// `sets` in order.
    pub(super) fn new(sets: Vec<(u16, u32)>) -> Self {
        let mut bits = Vec::new();
        for (set, _) in &sets {
            let lane = usize::from(*set / 64);
            if bits.len() <= lane {
                bits.resize(lane.saturating_add(1), 0);
            }
            if let Some(lane) = bits.get_mut(lane) {
                *lane |= 1 << (*set % 64);
            }
        }
        Self { bits, sets }
    }

    /// The languages in which the word is in a set.
    #[inline]
    fn languages(&self, set: u16) -> u32 {
        let lane = self.bits.get(usize::from(set / 64)).copied().unwrap_or(0);
        if lane & (1 << (set % 64)) == 0 {
            return 0;
        }
        let place = self.sets.binary_search_by_key(&set, |known| known.0);
        place.ok().and_then(|place| self.sets.get(place)).map_or(0, |known| known.1)
    }
}

/// One known word, where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit<'k> {
    known: &'k Known,
    pub(super) start: usize,
    pub(super) at: u32,
    pub(super) to: u32,
}

impl Hit<'_> {
    #[inline]
    pub(super) fn languages(&self, set: u16) -> u32 {
        self.known.languages(set)
    }
}

/// How many hits are remembered; about as many words as the longest wording spans.
const TRAIL: usize = 32;

/// How many sets of words are known by when they came last; of further ones it is not known.
const SETS: usize = 512;

/// The latest hits.
#[derive(Debug)]
pub(super) struct Trail<'k> {
    hits: [Option<Hit<'k>>; TRAIL],
    seen: usize,
    /// For each set of words the position after the last word in it.
    last: [u32; SETS],
}

impl Default for Trail<'_> {
    fn default() -> Self {
        // Before the first word, out of every reach.
        Self { hits: [None; TRAIL], seen: 0, last: [u32::MAX / 2; SETS] }
    }
}

impl<'k> Trail<'k> {
    #[inline]
    pub(super) fn push(&mut self, word: &Word, known: &'k Known) {
        if let Some(slot) = self.hits.get_mut(self.seen % TRAIL) {
            *slot = Some(Hit { known, start: word.start, at: word.at, to: word.to });
        }
        self.seen = self.seen.wrapping_add(1);
        for (set, _) in &known.sets {
            if let Some(last) = self.last.get_mut(usize::from(*set)) {
                *last = word.to;
            }
        }
    }

    /// Whether a word of a set may end at most `gap` half words before `at`: a cheap no for most.
    #[inline]
    pub(super) fn may_hold(&self, set: u16, gap: u32, at: u32) -> bool {
        let last = self.last.get(usize::from(set)).copied().unwrap_or(at);
        // A word that ends behind `at` hides those before it.
        at.wrapping_sub(last) <= gap || (last > at && last != u32::MAX / 2)
    }

    /// The hit `age` hits ago, 0 being the newest.
    #[inline]
    pub(super) fn back(&self, age: usize) -> Option<&Hit<'k>> {
        if age >= TRAIL {
            return None;
        }
        let place = self.seen.checked_sub(age.checked_add(1)?)?;
        self.hits.get(place % TRAIL)?.as_ref()
    }
}
