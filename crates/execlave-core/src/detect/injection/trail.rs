//! The known words that went by last.

use super::words::Word;

/// What the rules need of one known word.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The sets of words it is in, one bit each.
    bits: Vec<u64>,
    /// The same with the languages it is in them in, in order.
    sets: Vec<(u16, u32)>,
    /// The sets that some wording cannot do without.
    rare: Vec<u16>,
    /// The same as a mask.
    marks: Mask,
}

/// Some of 256 bits, each of which stands for a few sets: a cheap way to say that none of them was seen.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Mask([u64; 4]);

impl Mask {
    pub(super) fn of(sets: impl IntoIterator<Item = u16>) -> Self {
        let mut mask = Self::default();
        for set in sets {
            if let Some(lane) = mask.0.get_mut(usize::from(set / 64 % 4)) {
                *lane |= 1 << (set % 64);
            }
        }
        mask
    }

    fn join(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(ours, theirs)| *ours |= theirs);
    }

    fn meets(self, other: Self) -> bool {
        self.0.iter().zip(other.0).fold(0, |met, (ours, theirs)| met | (ours & theirs)) != 0
    }
}

impl Known {
    /// `sets` in order; `rare` tells which of them to note when seen.
    pub(super) fn new(sets: Vec<(u16, u32)>, rare: impl Fn(u16) -> bool) -> Self {
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
        let rare: Vec<u16> = sets.iter().map(|(set, _)| *set).filter(|set| rare(*set)).collect();
        let marks = Mask::of(rare.iter().copied());
        Self { bits, sets, rare, marks }
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

/// Half words in a stretch; no wording reaches farther.
pub(super) const STRETCH: u32 = 64;

/// How many sets there may be.
pub(super) const SETS: usize = 1024;

/// The latest hits.
#[derive(Debug)]
pub(super) struct Trail<'k> {
    hits: [Option<Hit<'k>>; TRAIL],
    seen: usize,
    at: u32,
    /// For each set the position after the last word in it.
    last: [u32; SETS],
    /// The sets seen in this stretch of [`STRETCH`] half words and in the one before.
    recent: [Mask; 2],
    stretch: u32,
}

impl Default for Trail<'_> {
    fn default() -> Self {
        // Before the first word, out of every reach.
        Self {
            hits: [None; TRAIL],
            seen: 0,
            at: 0,
            last: [u32::MAX / 2; SETS],
            recent: [Mask::default(); 2],
            stretch: 0,
        }
    }
}

impl<'k> Trail<'k> {
    #[inline]
    pub(super) fn push(&mut self, word: &Word, known: &'k Known) {
        if let Some(slot) = self.hits.get_mut(self.seen % TRAIL) {
            *slot = Some(Hit { known, start: word.start, at: word.at, to: word.to });
        }
        self.seen = self.seen.wrapping_add(1);
        self.at = word.to;
        if known.rare.is_empty() {
            return;
        }
        let stretch = word.to / STRETCH;
        if stretch != self.stretch {
            let kept = if stretch == self.stretch.wrapping_add(1) {
                self.recent[0]
            } else {
                Mask::default()
            };
            self.recent = [Mask::default(), kept];
            self.stretch = stretch;
        }
        self.recent[0].join(known.marks);
        for set in &known.rare {
            if let Some(last) = self.last.get_mut(usize::from(*set)) {
                *last = word.to;
            }
        }
    }

    /// Whether words of any of these sets may have been seen lately.
    #[inline]
    pub(super) fn seen_any(&self, sets: Mask) -> bool {
        // A stretch that is over by two is no longer lately, but nothing is lost by looking.
        self.recent[0].meets(sets) || self.recent[1].meets(sets)
    }

    /// Whether a word of the set was among the last `reach` half words.
    #[inline]
    pub(super) fn seen_within(&self, set: u16, reach: u32) -> bool {
        let last = self.last.get(usize::from(set)).copied().unwrap_or(0);
        self.at.wrapping_sub(last) <= reach
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
