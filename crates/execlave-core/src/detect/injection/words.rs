//! Cuts a reading into words, once, for the rules and for the statistical model alike.
//!
//! A word is a run of letters, known by a hash of its bytes; what stands between two words does not matter,
//! so `ignore_previous`, `*ignore* previous` and `ignore, previous` read the same. Eight bytes are looked at
//! together, so that most words take one step. Scripts written without spaces (Han, kana, Hangul, Thai, Lao,
//! Khmer, Burmese) give one word a character, and every run of up to [`LONGEST`] characters is offered as
//! well. Positions count half words: a spaced word is two, a character of those scripts one, and the end of a
//! sentence adds four, so that a wording rarely reaches over it.

/// The longest run of unspaced characters that is looked up.
pub(super) const LONGEST: usize = 8;

/// Bytes at the start of a word that have to be there before a stem may end.
pub(super) const STEM: usize = 4;

/// One word, or one run of unspaced characters.
#[derive(Debug, Clone, Copy)]
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

/// One bit in each of eight bytes.
const HIGH: u64 = 0x8080_8080_8080_8080;

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

/// The high bit of every byte that is an ASCII letter. No sum carries into the next byte.
#[inline]
fn letters(chunk: u64) -> u64 {
    let low = (chunk | each(0x20)) & each(0x7f);
    let from_a = low.wrapping_add(each(0x80 - b'a'));
    let after_z = low.wrapping_add(each(0x7f - b'z'));
    from_a & !after_z & !chunk & HIGH
}

/// How many bytes at the low end have the high bit in `marks`.
#[inline]
fn leading(marks: u64) -> u32 {
    (!marks & HIGH).trailing_zeros() / 8
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
    while index < bytes.len() {
        let chunk = load(bytes, index);
        let count = leading(letters(chunk));
        if count == 0 {
            index = reader.between(text, index, chunk, &mut each);
            continue;
        }
        let (hash, end, next) = if count < 8 {
            let kept = (1u64 << (count.wrapping_mul(8))).wrapping_sub(1);
            let folded = (chunk | self::each(0x20)) & kept;
            let end = index.wrapping_add(usize::try_from(count).unwrap_or(0));
            (mix(0, folded), end, (chunk >> (count.wrapping_mul(8))) & 0xff)
        } else {
            long(bytes, index)
        };
        if next >= 0x80 {
            // A letter outside ASCII may follow: `instrucción`.
            index = reader.mixed(text, index, &mut each);
            continue;
        }
        let stem =
            if end.wrapping_sub(index) < STEM { 0 } else { low_half(chunk | self::each(0x20)) };
        let to = reader.at.wrapping_add(2);
        each(Word { hash, stem, start: index, end, at: reader.at, to, whole: true });
        reader.at = to;
        // Most words are followed by one space.
        index = if next == u64::from(b' ') { end.wrapping_add(1) } else { end };
    }
}

#[inline]
fn low_half(chunk: u64) -> u32 {
    u32::try_from(chunk & 0xffff_ffff).unwrap_or(0)
}

/// The hash and the end of a word of eight letters or more, and the byte behind it.
#[inline]
fn long(bytes: &[u8], start: usize) -> (u64, usize, u64) {
    let mut hash = 0;
    let mut index = start;
    loop {
        let chunk = load(bytes, index);
        let count = leading(letters(chunk));
        let folded = chunk | each(0x20);
        if count == 8 {
            hash = mix(hash, folded);
            index = index.wrapping_add(8);
            continue;
        }
        let shift = count.wrapping_mul(8);
        if count > 0 {
            hash = mix(hash, folded & (1u64 << shift).wrapping_sub(1));
        }
        let end = index.wrapping_add(usize::try_from(count).unwrap_or(0));
        return (hash, end, (chunk >> shift) & 0xff);
    }
}

impl Reader {
    /// Steps over what is not an ASCII letter.
    #[inline]
    fn between(
        &mut self,
        text: &str,
        index: usize,
        chunk: u64,
        each: &mut impl FnMut(Word),
    ) -> usize {
        let byte = u8::try_from(chunk & 0xff).unwrap_or(0);
        if byte >= 0x80 {
            return self.outside_ascii(text, index, each);
        }
        self.open = 0;
        let next = index.wrapping_add(1);
        // A full stop inside `example.com` ends nothing; one before white space ends a sentence.
        if matches!(byte, b'.' | b'!' | b'?' | b'\n')
            && text.as_bytes().get(next).is_none_or(u8::is_ascii_whitespace)
        {
            self.at = self.at.wrapping_add(4);
        }
        next
    }

    #[inline(never)]
    fn outside_ascii(&mut self, text: &str, index: usize, each: &mut impl FnMut(Word)) -> usize {
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
    #[inline(never)]
    fn mixed(&mut self, text: &str, start: usize, each: &mut impl FnMut(Word)) -> usize {
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
    fn alone(&mut self, found: char, index: usize, each: &mut impl FnMut(Word)) {
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
