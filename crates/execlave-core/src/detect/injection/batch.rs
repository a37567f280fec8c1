//! Words that are looked at together: most steps of the first look wait for memory, and many can wait at once.

use super::watch::stretch_of;
use super::words::Word;

/// How many words are looked at together; a bit each fits a set of them.
const SIZE: usize = 32;

/// The words that are waiting, and as many that went by before them.
#[derive(Debug)]
pub(super) struct Batch {
    words: [Word; 2 * SIZE],
    /// Where the waiting ones start: at one half or the other.
    from: usize,
    count: usize,
}

impl Default for Batch {
    fn default() -> Self {
        Self { words: [Word::default(); 2 * SIZE], from: 0, count: 0 }
    }
}

impl Batch {
    /// Adds a word; answers whether no more fit.
    #[inline]
    pub(super) fn add(&mut self, word: Word) -> bool {
        if let Some(place) = self.words.get_mut(self.from.wrapping_add(self.count)) {
            *place = word;
            self.count = self.count.wrapping_add(1);
        }
        self.count >= SIZE
    }

    /// Makes room for the next.
    pub(super) fn clear(&mut self) {
        self.from = SIZE.saturating_sub(self.from);
        self.count = 0;
    }

    #[inline]
    pub(super) fn words(&self) -> &[Word] {
        let (first, second) = self.words.split_at(SIZE);
        let half = if self.from == 0 { first } else { second };
        half.get(..self.count).unwrap_or(half)
    }

    /// The set of words for which `holds` says so, the first being the lowest bit.
    #[inline]
    pub(super) fn mark(&self, mut holds: impl FnMut(&Word) -> bool) -> u32 {
        self.words().iter().rev().fold(0, |set, word| (set << 1) | u32::from(holds(word)))
    }

    /// The set of words that end in another stretch than the word before, which ended in `stretch`.
    #[inline]
    pub(super) fn turns(&self, mut stretch: u32) -> u32 {
        let mut set = 0u32;
        let mut at = 0usize;
        let mut rest = self.words();
        while rest.last().is_some_and(|last| stretch_of(last) != stretch) {
            at = at.saturating_add(rest.partition_point(|word| stretch_of(word) <= stretch));
            rest = self.words().get(at..).unwrap_or_default();
            let Some(turning) = rest.first() else { break };
            stretch = stretch_of(turning);
            set |= 1u32.checked_shl(u32::try_from(at).unwrap_or(u32::MAX)).unwrap_or(0);
        }
        set
    }

    /// The words of a set, in order.
    #[inline]
    pub(super) fn marked(&self, mut set: u32) -> impl Iterator<Item = &Word> {
        let words = self.words();
        std::iter::from_fn(move || {
            let place = usize::try_from(set.trailing_zeros()).ok()?;
            set &= set.wrapping_sub(1);
            words.get(place)
        })
    }

    /// Where the first word starts whose position is `at` or later; `None` if it may have been forgotten or is not there yet.
    pub(super) fn start_of(&self, at: u32) -> Option<usize> {
        let (first, second) = self.words.split_at(SIZE);
        let before = if self.from == 0 { second } else { first };
        before.first().filter(|oldest| oldest.at <= at)?;
        let found = before.iter().chain(self.words()).find(|word| word.whole && word.at >= at);
        found.map(|word| word.start)
    }
}
