//! Where the kinds of bytes that cut a text into words stand in a block, one bit a byte.

use wide::u8x16;

/// Bytes in a block.
pub(super) const SIZE: usize = 64;

/// Positions in one block, the first byte being the lowest bit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    /// ASCII letters.
    pub(super) letters: u64,
    /// Bytes of characters outside ASCII.
    pub(super) beyond: u64,
    /// What may end a sentence: `.`, `!`, `?` and the end of a line.
    pub(super) stops: u64,
}

impl Block {
    /// The bytes from `index` on; behind the end there is white space.
    #[inline]
    pub(super) fn at(bytes: &[u8], index: usize) -> Self {
        let rest = bytes.get(index..).unwrap_or(&[]);
        match rest.first_chunk::<SIZE>() {
            Some(block) => Self::of(block),
            None => Self::last(rest),
        }
    }

    #[inline(never)]
    fn last(rest: &[u8]) -> Self {
        let mut padded = [b' '; SIZE];
        match padded.get_mut(..rest.len()) {
            Some(start) if !rest.is_empty() => start.copy_from_slice(rest),
            _ => return Self { letters: 0, beyond: 0, stops: 0 },
        }
        Self::of(&padded)
    }

    #[inline]
    fn of(bytes: &[u8; SIZE]) -> Self {
        let mut block = Self { letters: 0, beyond: 0, stops: 0 };
        let (parts, _) = bytes.as_chunks::<16>();
        for (part, shift) in parts.iter().zip([0u32, 16, 32, 48]) {
            let part = u8x16::new(*part);
            let is = |byte: u8| part.simd_eq(u8x16::splat(byte));
            let set = |lanes: u8x16| u64::from(lanes.to_bitmask()) << shift;
            let lower = part | u8x16::splat(0x20);
            // `max(x, first) == x` is `x >= first`, `min(x, last) == x` is `x <= last`.
            let from_a = lower.max(u8x16::splat(b'a')).simd_eq(lower);
            let to_z = lower.min(u8x16::splat(b'z')).simd_eq(lower);
            block.letters |= set(from_a & to_z);
            // The mask is made of the highest bits.
            block.beyond |= set(part);
            block.stops |= set(is(b'.') | is(b'!') | is(b'?') | is(b'\n'));
        }
        block
    }

    /// What of it lies between two places.
    #[inline]
    pub(super) fn between(self, from: u32, to: u32) -> Self {
        let kept = below(to) & !below(from);
        Self { letters: self.letters & kept, beyond: self.beyond & kept, stops: self.stops & kept }
    }

    /// Where the block has to be cut so that no word goes on behind it and all before is ASCII.
    #[inline]
    pub(super) fn cut(self) -> u32 {
        let edge = self.beyond.trailing_zeros();
        let before = self.letters.checked_shl(64u32.wrapping_sub(edge)).unwrap_or(0);
        edge.wrapping_sub(before.leading_ones())
    }
}

/// The positions before `place`.
#[inline]
pub(super) fn below(place: u32) -> u64 {
    1u64.checked_shl(place).unwrap_or(0).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_place() {
        let block = Block::at(b"Az. [`{@\xc3", 0);
        assert_eq!(block.letters, 0b11);
        assert_eq!(block.stops, 0b100);
        assert_eq!(block.beyond, 1 << 8);
    }

    #[test]
    fn a_cut_is_before_the_word_that_goes_on() {
        let cut = |text: &str| Block::at(text.as_bytes(), 0).cut();
        assert_eq!(cut("a word"), 64);
        assert_eq!(cut("a wördle"), 2);
        assert_eq!(cut("a ö"), 2);
        assert_eq!(cut(&format!("{} word", " ".repeat(58))), 64);
        assert_eq!(cut(&format!("{} words", " ".repeat(58))), 59);
        assert_eq!(cut(&"a".repeat(64)), 0);
    }
}
