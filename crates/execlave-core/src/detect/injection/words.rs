//! Cuts a reading into words, once, for the rules and for the statistical model alike.
//!
//! A word is a run of letters, known by a hash of its bytes; what stands between two words does not matter,
//! so `ignore_previous`, `*ignore* previous` and `ignore, previous` read the same. Blocks of 64 bytes become sets of
//! positions, so that most words take a few steps. Scripts written without spaces (Han, kana, Hangul, Thai, Lao,
//! Khmer, Burmese) give one word a character, and every run of up to [`LONGEST`] characters is offered as
//! well. Positions count half words: a spaced word is two, a character of those scripts one, and the end of a
//! sentence adds four, so that a wording rarely reaches over it.

/// The longest run of unspaced characters that is looked up.
pub(super) const LONGEST: usize = 8;

mod block;

use block::Block;

/// Bytes at the start of a word that have to be there before a stem may end.
pub(super) const STEM: usize = 4;

/// One word, or one run of unspaced characters.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Word {
    /// Hash of the folded word.
    pub(super) hash: u64,
    /// The first [`STEM`] bytes, folded; 0 when the word is shorter.
    pub(super) stem: u32,
    /// Bytes of the reading.
    pub(super) start: usize,
    /// Exclusive.
    pub(super) end: usize,
    /// Position of the first half word.
    pub(super) at: u32,
    /// Position after the last half word.
    pub(super) to: u32,
    /// Whether this is a whole word for the model: a spaced word or a single character.
    pub(super) whole: bool,
}

/// Takes up to eight bytes of a word, or one unspaced character, into a hash that starts at 0.
#[inline]
pub(super) fn mix(hash: u64, bytes: u64) -> u64 {
    let product = (hash ^ bytes).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 32)
}

/// The hash of a word. Upper-case ASCII is folded, the rest has to be folded already.
pub(super) fn hash(word: &str) -> u64 {
    if word.chars().all(|letter| matches!(character(letter), Character::Alone)) {
        return word.chars().fold(0, |hash, letter| mix(hash, u64::from(u32::from(letter))));
    }
    hash_spaced(word.as_bytes())
}

fn hash_spaced(word: &[u8]) -> u64 {
    word.chunks(8).fold(0, |hash, chunk| {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(chunk).for_each(|(byte, letter)| *byte = letter.to_ascii_lowercase());
        mix(hash, u64::from_le_bytes(bytes))
    })
}

/// The first bytes of a word, for the filter of stems.
pub(super) fn stem(word: &[u8]) -> u32 {
    word.first_chunk::<STEM>()
        .map_or(0, |start| u32::from_le_bytes(start.map(|letter| letter.to_ascii_lowercase())))
}

/// What a character outside ASCII is.
enum Character {
    Letter,
    Alone,
    Break,
    Sentence,
}

fn character(character: char) -> Character {
    match character {
        '。' | '！' | '？' | '।' | '؟' | '۔' => Character::Sentence,
        '\u{80}'..='\u{a9}'
        | '\u{ab}'..='\u{b4}'
        | '\u{b6}'..='\u{b9}'
        | '\u{bb}'..='\u{bf}'
        | '×'
        | '÷'
        | '،'
        | '؛'
        | '\u{2000}'..='\u{2bff}'
        | '\u{3000}'..='\u{303f}'
        | '・'
        | '\u{fe10}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff0f}'
        | '\u{ff1a}'..='\u{ff20}'
        | '\u{ff5b}'..='\u{ff65}'
        | '\u{1f000}'.. => Character::Break,
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1100}'..='\u{11ff}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' => Character::Alone,
        _ => Character::Letter,
    }
}

#[inline]
const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The eight bytes from `index` on, with zeros behind the end.
#[inline]
fn load(bytes: &[u8], index: usize) -> u64 {
    let rest = bytes.get(index..).unwrap_or(&[]);
    if let Some(chunk) = rest.first_chunk::<8>() {
        return u64::from_le_bytes(*chunk);
    }
    let mut chunk = [0; 8];
    chunk.iter_mut().zip(rest).for_each(|(byte, given)| *byte = *given);
    u64::from_le_bytes(chunk)
}

/// Where the reader stands.
#[derive(Default)]
struct Reader {
    at: u32,
    /// The runs of unspaced characters that end here, the longest last: hash, position, byte.
    runs: [(u64, u32, usize); LONGEST],
    open: usize,
}

/// Calls `each` with every word of `text`, in the order in which words end.
#[inline]
pub(super) fn read(text: &str, mut each: impl FnMut(Word)) {
    let mut reader = Reader::default();
    let bytes = text.as_bytes();
    let mut index = 0;
    let mut block = Block::at(bytes, index);
    // Letters at the start of the block that belong to the word before.
    let mut given = 0;
    while index < bytes.len() {
        // The block behind is known before it is needed: it says how far the last word goes on.
        let next = Block::at(bytes, index.wrapping_add(block::SIZE));
        let plain = (block.beyond | next.beyond) == 0 && next.letters != u64::MAX;
        let cut = if plain { 64 } else { block.cut() };
        let given_here = std::mem::take(&mut given);
        if !plain && (given_here > 0 || cut == 0) {
            index = if given_here > 0 {
                index.wrapping_add(wide(given_here))
            } else {
                reader.beyond(text, index, &mut each)
            };
            block = Block::at(bytes, index);
            continue;
        }
        reader.open = 0;
        let Block { letters, mut stops, .. } = block.between(given_here, cut);
        let mut starts = letters & !(letters << 1);
        while starts != 0 {
            let place = starts.trailing_zeros();
            starts &= starts.wrapping_sub(1);
            if stops.trailing_zeros() < place {
                let passed = stops & block::below(place);
                reader.pass(bytes, index, passed);
                stops &= !passed;
            }
            let mut count = (!(letters >> place)).trailing_zeros();
            if place.wrapping_add(count) == 64 {
                given = next.letters.trailing_ones();
                count = count.wrapping_add(given);
            }
            each(reader.ascii(bytes, index.wrapping_add(wide(place)), count));
        }
        reader.pass(bytes, index, stops);
        index = index.wrapping_add(wide(cut));
        block = if plain { next } else { Block::at(bytes, index) };
    }
}

#[inline]
fn wide(place: u32) -> usize {
    usize::try_from(place).unwrap_or(0)
}

#[inline]
fn low_half(chunk: u64) -> u32 {
    u32::try_from(chunk & 0xffff_ffff).unwrap_or(0)
}

/// The hash of a word of eight ASCII letters or more.
#[inline]
fn long(bytes: &[u8], start: usize, count: u32) -> u64 {
    let mut hash = 0;
    let mut index = start;
    let mut left = count;
    while left > 0 {
        hash = mix(hash, fold(load(bytes, index), left));
        index = index.wrapping_add(8);
        left = left.saturating_sub(8);
    }
    hash
}

/// The first `count` of eight letters, in lower case.
#[inline]
fn fold(chunk: u64, count: u32) -> u64 {
    let behind = 8u32.saturating_sub(count).wrapping_mul(8);
    (chunk | each(0x20)) & u64::MAX.wrapping_shr(behind)
}

impl Reader {
    /// The word of `count` ASCII letters that starts at `start`.
    #[inline]
    fn ascii(&mut self, bytes: &[u8], start: usize, count: u32) -> Word {
        let chunk = load(bytes, start);
        let hash = if count <= 8 { mix(0, fold(chunk, count)) } else { long(bytes, start, count) };
        let stem = if wide(count) < STEM { 0 } else { low_half(chunk | each(0x20)) };
        let at = self.at;
        self.at = at.wrapping_add(2);
        let end = start.wrapping_add(wide(count));
        Word { hash, stem, start, end, at, to: self.at, whole: true }
    }

    /// Steps over what may end a sentence: a full stop inside `example.com` ends nothing, one before white space does.
    #[inline]
    fn pass(&mut self, bytes: &[u8], index: usize, mut stops: u64) {
        while stops != 0 {
            let next = index.wrapping_add(wide(stops.trailing_zeros())).wrapping_add(1);
            if bytes.get(next).is_none_or(u8::is_ascii_whitespace) {
                self.at = self.at.wrapping_add(4);
            }
            stops &= stops.wrapping_sub(1);
        }
    }

    /// Reads on from a character outside ASCII, or a word that holds one or is very long, to where ASCII goes on.
    #[inline(never)]
    fn beyond(&mut self, text: &str, index: usize, each: &mut dyn FnMut(Word)) -> usize {
        let bytes = text.as_bytes();
        let is_beyond = |index: usize| bytes.get(index).is_some_and(|byte| *byte >= 0x80);
        let mut index = if is_beyond(index) { index } else { self.mixed(text, index, each) };
        loop {
            let after = index.wrapping_add(1);
            if is_beyond(index) {
                index = self.outside_ascii(text, index, each);
            } else if bytes.get(index) == Some(&b' ') && is_beyond(after) {
                self.open = 0;
                index = after;
            } else {
                return index;
            }
        }
    }

    fn outside_ascii(&mut self, text: &str, index: usize, each: &mut dyn FnMut(Word)) -> usize {
        let Some(found) = text.get(index..).and_then(|rest| rest.chars().next()) else {
            return text.len();
        };
        let next = index.wrapping_add(found.len_utf8());
        match character(found) {
            Character::Letter => return self.mixed(text, index, each),
            Character::Alone => self.alone(found, index, each),
            Character::Sentence => {
                self.open = 0;
                self.at = self.at.wrapping_add(4);
            }
            Character::Break => self.open = 0,
        }
        next
    }

    /// A word that may have letters outside ASCII.
    fn mixed(&mut self, text: &str, start: usize, each: &mut dyn FnMut(Word)) -> usize {
        self.open = 0;
        let rest = text.get(start..).unwrap_or_default();
        let letter = |letter: char| match letter {
            'a'..='z' | 'A'..='Z' => true,
            '\0'..='\x7f' => false,
            other => matches!(character(other), Character::Letter),
        };
        let length = rest.find(|found| !letter(found)).unwrap_or(rest.len());
        let word = rest.as_bytes().get(..length).unwrap_or(&[]);
        let end = start.wrapping_add(length);
        let to = self.at.wrapping_add(2);
        let hash = hash_spaced(word);
        each(Word { hash, stem: stem(word), start, end, at: self.at, to, whole: true });
        self.at = to;
        end
    }

    /// One more unspaced character: every run that ends here is a word.
    fn alone(&mut self, found: char, index: usize, each: &mut dyn FnMut(Word)) {
        let end = index.wrapping_add(found.len_utf8());
        let to = self.at.wrapping_add(1);
        self.runs.rotate_right(1);
        if let Some(first) = self.runs.first_mut() {
            *first = (0, self.at, index);
        }
        self.open = self.open.wrapping_add(1).min(LONGEST);
        for (count, run) in self.runs.iter_mut().enumerate().take(self.open) {
            run.0 = mix(run.0, u64::from(u32::from(found)));
            let &mut (hash, at, start) = run;
            each(Word { hash, stem: 0, start, end, at, to, whole: count == 0 });
        }
        self.at = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spaced(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        read(text, |word| {
            assert_eq!(word.hash, hash(&text[word.start..word.end]), "{text}");
            found.push(&text[word.start..word.end]);
        });
        found
    }

    #[test]
    fn words_are_runs_of_letters() {
        assert_eq!(
            spaced("Ignore_all, instrucción «über» extraordinarily2long a.b"),
            ["Ignore", "all", "instrucción", "über", "extraordinarily", "long", "a", "b"]
        );
        assert_eq!(spaced("eightlet eightlett seventh"), ["eightlet", "eightlett", "seventh"]);
        assert_eq!(spaced(""), [""; 0]);
    }

    #[test]
    fn unspaced_scripts_give_every_run() {
        assert_eq!(spaced("忽略AI前"), ["忽", "略", "忽略", "AI", "前"]);
    }

    #[test]
    fn sentences_keep_words_apart() {
        let mut places = Vec::new();
        read("a b. c example.com", |word| places.push(word.at));
        assert_eq!(places, [0, 2, 8, 10, 12]);
    }
}
