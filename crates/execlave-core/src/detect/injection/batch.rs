//! Words that are looked at together: most steps of the first look wait for memory, and many can wait at once.

use super::words::Word;

/// How many words are looked at together; a bit each fits a set of them.
const SIZE: usize = 32;

/// The words that are waiting.
#[derive(Debug)]
pub(super) struct Batch {
    words: [Word; SIZE],
    count: usize,
}

impl Default for Batch {
    fn default() -> Self {
        Self { words: [Word::default(); SIZE], count: 0 }
    }
}

impl Batch {
    /// Adds a word; answers whether no more fit.
    #[inline]
    pub(super) fn add(&mut self, word: Word) -> bool {
        if let Some(place) = self.words.get_mut(self.count) {
            *place = word;
            self.count = self.count.wrapping_add(1);
        }
        self.count >= SIZE
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    pub(super) fn words(&self) -> &[Word] {
        self.words.get(..self.count).unwrap_or(&self.words)
    }

    /// The set of words for which `holds` says so, the first being the lowest bit.
    #[inline]
    pub(super) fn mark(&self, mut holds: impl FnMut(&Word) -> bool) -> u32 {
        let bits = self.words().iter().zip(0u32..);
        bits.fold(0, |set, (word, bit)| set | u32::from(holds(word)).wrapping_shl(bit))
    }

    /// The words of a set, in order.
    #[inline]
    pub(super) fn marked(&self, mut set: u32) -> impl Iterator<Item = &Word> {
        std::iter::from_fn(move || {
            let place = usize::try_from(set.trailing_zeros()).ok()?;
            set &= set.wrapping_sub(1);
            self.words.get(place)
        })
    }
}
