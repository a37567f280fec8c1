//! Where characters of each kind stand in a block of text, one bit a byte.

use std::sync::LazyLock;

use wide::u8x16;

use super::{BLOCK, STEP};

/// Positions in one block, the first byte being the lowest bit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sets {
    pub(super) letters: u64,
    pub(super) digits: u64,
    /// Bytes of letters outside ASCII.
    pub(super) high: u64,
    /// Spaces and control characters.
    pub(super) spaces: u64,
    pub(super) newlines: u64,
    /// b, g, j, q, v and z: rare in English, the commonest once it is shifted by thirteen.
    pub(super) shifted: u64,
    /// The second letters of `eh` and `oi`.
    turned: u64,
    /// Punctuation by the number of its kind.
    kinds: [u64; 8],
}

/// What punctuation may be a sign of, in the order of its numbers from one on; zero is for all other.
const KINDS: [&[u8]; 4] = [b"'", LEET, DASHES, MARKS];
/// The digits of leet that are none.
const LEET: &[u8] = b"@$!|";
/// Morse.
const DASHES: &[u8] = b".-";
/// What an escape, a reference or a tag may begin with.
const MARKS: &[u8] = b"%&\\=<*~`+]";

/// The number of the kind of each ASCII character.
static KIND_OF: LazyLock<[u8; 128]> = LazyLock::new(|| {
    let mut kinds = [0; 128];
    for (number, bytes) in (1u8..).zip(KINDS) {
        for byte in bytes {
            if let Some(kind) = kinds.get_mut(usize::from(*byte)) {
                *kind = number;
            }
        }
    }
    kinds
});

impl Sets {
    /// The sets of a block whose first bytes are the last of the block before.
    pub(super) fn after(before: &Self, block: &[u8; BLOCK]) -> Self {
        let kept = |set: u64| set >> STEP;
        let mut sets = Self {
            letters: kept(before.letters),
            digits: kept(before.digits),
            high: kept(before.high),
            spaces: kept(before.spaces),
            newlines: kept(before.newlines),
            shifted: kept(before.shifted),
            turned: kept(before.turned),
            kinds: {
                // Each by itself: as a loop it costs as much as all that is looked for.
                let [_, apostrophes, leet, dashes, marks, ..] = before.kinds;
                [0, kept(apostrophes), kept(leet), kept(dashes), kept(marks), 0, 0, 0]
            },
        };
        sets.fill::<{ BLOCK - STEP }>(block);
        sets
    }

    /// The sets of the first block.
    pub(super) fn first(block: &[u8; BLOCK]) -> Self {
        let mut sets = Self::default();
        sets.fill::<0>(block);
        sets
    }

    pub(super) fn apostrophes(&self) -> u64 {
        self.of_kind(1)
    }

    pub(super) fn leet_signs(&self) -> u64 {
        self.of_kind(2)
    }

    pub(super) fn dashes(&self) -> u64 {
        self.of_kind(3)
    }

    pub(super) fn marks(&self) -> u64 {
        self.of_kind(4)
    }

    #[inline]
    fn of_kind(&self, number: usize) -> u64 {
        self.kinds.get(number).copied().unwrap_or(0)
    }

    /// Five letters in a row that stand alone, one to three places apart.
    pub(super) fn stand_alone(&self) -> bool {
        let word = self.letters | self.digits;
        let alone = word & !(word << 1) & !(word >> 1);
        let five = |step: u32| {
            let pairs = alone & (alone >> step);
            let fours = pairs & (pairs >> step.saturating_mul(2));
            fours & (alone >> step.saturating_mul(4))
        };
        five(2) | five(3) | five(4) != 0
    }

    /// Where `eh` or `oi` stands: what begins `eht` and is within `noit`, `the` and `tion` backwards.
    pub(super) fn backwards(&self) -> u64 {
        self.turned >> 1
    }

    /// Looks at the bytes from `FROM` on: all, or all but the first sixteen.
    #[inline]
    fn fill<const FROM: usize>(&mut self, block: &[u8; BLOCK]) {
        let (parts, _) = block.as_chunks::<16>();
        // The same one byte back.
        let (start, back) = block.split_at(15);
        let (back, _) = back.as_chunks::<16>();
        let (&[first, second, third, fourth], &[to_second, to_third, to_fourth]) = (parts, back)
        else {
            return;
        };
        if FROM == 0 {
            let mut to_first = [0; 16];
            to_first.iter_mut().skip(1).zip(start).for_each(|(place, byte)| *place = *byte);
            self.add(u8x16::new(first), u8x16::new(to_first), 0);
        }
        self.add(u8x16::new(second), u8x16::new(to_second), 16);
        self.add(u8x16::new(third), u8x16::new(to_third), 32);
        self.add(u8x16::new(fourth), u8x16::new(to_fourth), 48);
        let known = self.letters | self.digits | self.high | self.spaces;
        let mut others = !known & (u64::MAX << FROM);
        let kinds = &*KIND_OF;
        while others != 0 {
            let place = usize::try_from(others.trailing_zeros()).unwrap_or(0);
            let byte = block.get(place).copied().unwrap_or(0);
            let kind = kinds.get(usize::from(byte)).copied().unwrap_or(0);
            if let Some(set) = self.kinds.get_mut(usize::from(kind % 8)) {
                *set |= 1 << (place % 64);
            }
            others &= others.wrapping_sub(1);
        }
    }

    #[inline]
    fn add(&mut self, part: u8x16, back: u8x16, shift: u32) {
        let lower = part | u8x16::splat(0x20);
        let letter = |byte: u8| lower.simd_eq(u8x16::splat(byte));
        // `max(x, first) == x` is `x >= first`, `min(x, last) == x` is `x <= last`.
        let between = |x: u8x16, first: u8, last: u8| {
            x.max(u8x16::splat(first)).simd_eq(x) & x.min(u8x16::splat(last)).simd_eq(x)
        };
        let set = |lanes: u8x16| u64::from(lanes.to_bitmask()) << shift;
        self.letters |= set(between(lower, b'a', b'z'));
        self.digits |= set(between(part, b'0', b'9'));
        // The mask is made of the highest bits.
        self.high |= set(part);
        self.spaces |= set(part.min(u8x16::splat(b' ')).simd_eq(part));
        self.newlines |= set(part.simd_eq(u8x16::splat(b'\n')));
        self.shifted |= set(letter(b'b')
            | letter(b'g')
            | letter(b'j')
            | letter(b'q')
            | letter(b'v')
            | letter(b'z'));
        let back = back | u8x16::splat(0x20);
        let after = |byte: u8| back.simd_eq(u8x16::splat(byte));
        self.turned |= set((after(b'e') & letter(b'h')) | (after(b'o') & letter(b'i')));
    }
}
