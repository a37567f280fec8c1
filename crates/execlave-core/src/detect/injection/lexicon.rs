//! The words the rules know, and which lists each of them is on.
//!
//! Languages and rules name lists (`ignore`, `earlier`, `instruction`, …) and words; here they become one
//! table from a word's hash to everything that is known about the word.

use super::words::{self, Word};
use crate::detect::view::views;

/// The number of a list or of a literal word that some rule names.
pub(super) type Atom = u16;

/// What is known about one word: the lists it is on, and for each the languages (one bit each) in which it is.
#[derive(Debug, Default)]
pub(super) struct Entry(Vec<(Atom, u32)>);

impl Entry {
    fn insert(&mut self, atom: Atom, languages: u32) {
        match self.0.iter_mut().find(|sense| sense.0 == atom) {
            Some(sense) => sense.1 |= languages,
            None => self.0.push((atom, languages)),
        }
    }

    pub(super) fn senses(&self) -> &[(Atom, u32)] {
        &self.0
    }

    pub(super) fn contains(&self, atom: Atom) -> bool {
        self.0.iter().any(|sense| sense.0 == atom)
    }
}

/// The table.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    /// Every word.
    all: Filter,
    /// The words that the first look stops at.
    cues: Filter,
    /// The entries of whole words by their hash.
    whole_by_hash: Slots,
    /// Which of the `stems` begin with some [`STEM`](words::STEM) bytes, by the hash of those.
    stems_by_start: Slots,
    /// Stems that begin alike, the longest first.
    stems: Vec<Vec<Stem>>,
    /// The words that are not stems, and their entries.
    whole: Vec<(String, u16)>,
    entries: Vec<Entry>,
    /// What each entry is found by: a hash, or the first bytes of a stem.
    keys: Vec<Key>,
}

/// What many words begin with.
#[derive(Debug)]
struct Stem {
    bytes: Box<[u8]>,
    entry: u16,
}

#[derive(Debug, Clone, Copy)]
enum Key {
    Word(u64),
    Stem(u32),
}

/// One bit for some bits of every word's hash: nearly every unknown word is refused here.
#[derive(Debug)]
struct Filter {
    words: Box<Lanes>,
    stems: Box<Lanes>,
}

type Lanes = [u64; 1 << (FILTER_BITS - 6)];

impl Default for Filter {
    fn default() -> Self {
        let empty = Box::new([0; 1 << (FILTER_BITS - 6)]);
        Self { words: empty.clone(), stems: empty }
    }
}

impl Filter {
    fn allow(&mut self, key: Key) {
        let (filter, hash) = match key {
            Key::Word(hash) => (&mut self.words, hash),
            Key::Stem(stem) => (&mut self.stems, hash_of_stem(stem)),
        };
        let (lane, bit) = place(hash);
        if let Some(lane) = filter.get_mut(lane) {
            *lane |= bit;
        }
    }

    #[inline]
    fn passes(&self, word: &Word) -> bool {
        passes(&self.words, word.hash)
    }

    #[inline]
    fn passes_stem(&self, word: &Word) -> bool {
        passes(&self.stems, hash_of_stem(word.stem))
    }
}

const FILTER_BITS: u32 = 16;
const SLOTS: usize = 1 << 14;
const FREE: u16 = u16::MAX;

/// Spells a word as readings spell it.
fn fold(word: &str) -> String {
    views(word).next().map_or_else(String::new, |view| view.text().to_ascii_lowercase())
}

#[inline]
fn hash_of_stem(stem: u32) -> u64 {
    words::mix(0, stem.into())
}

#[inline]
fn place(hash: u64) -> (usize, u64) {
    let bit = hash >> (64 - FILTER_BITS);
    (usize::try_from(bit / 64).unwrap_or(0), 1 << (bit % 64))
}

#[inline]
fn passes(filter: &Lanes, hash: u64) -> bool {
    let (lane, bit) = place(hash);
    filter.get(lane).is_some_and(|lane| lane & bit != 0)
}

/// Numbers by hash: open addressing by the low bits; [`FREE`] ends a probe.
#[derive(Debug)]
struct Slots(Box<[(u64, u16)]>);

impl Default for Slots {
    fn default() -> Self {
        Self(vec![(0, FREE); SLOTS].into())
    }
}

impl Slots {
    #[inline]
    fn get(&self, hash: u64) -> Option<u16> {
        for slot in probes(hash) {
            let &(known, number) = self.0.get(slot)?;
            if number == FREE {
                return None;
            }
            if known == hash {
                return Some(number);
            }
        }
        None
    }

    /// The number of a hash, which becomes `next` if there is none.
    fn get_or_insert(&mut self, hash: u64, next: u16) -> u16 {
        for slot in probes(hash) {
            match self.0.get_mut(slot) {
                Some(slot) if slot.1 == FREE => {
                    *slot = (hash, next);
                    return next;
                }
                Some(slot) if slot.0 == hash => return slot.1,
                _ => {}
            }
        }
        next
    }
}

impl Lexicon {
    /// Puts a word of a language on a list. `talimat*` stands for every word that begins so; what is before
    /// the star has at least [`STEM`](words::STEM) bytes.
    pub(super) fn add(&mut self, word: &str, atom: Atom, language: u32) {
        let (word, stem) = word.strip_suffix('*').map_or((word, false), |stem| (stem, true));
        let folded = fold(word);
        let key = if stem {
            Key::Stem(words::stem(folded.as_bytes()))
        } else {
            Key::Word(words::hash(&folded))
        };
        let next = u16::try_from(self.entries.len()).unwrap_or(FREE);
        self.all.allow(key);
        let entry = match key {
            Key::Stem(_) => self.stem(folded.as_bytes(), next),
            Key::Word(hash) => self.whole_by_hash.get_or_insert(hash, next),
        };
        if entry == next {
            self.entries.push(Entry::default());
            self.keys.push(key);
            if !stem {
                self.whole.push((folded, entry));
            }
        }
        if let Some(entry) = self.entries.get_mut(usize::from(entry)) {
            entry.insert(atom, language);
        }
    }

    /// Lets every word that begins like a stem be what the stem is too; for when all words are there.
    pub(super) fn join_stems(&mut self) {
        for (word, entry) in std::mem::take(&mut self.whole) {
            let Some(stem) = self.longest_stem(word.as_bytes()) else { continue };
            let senses = self.entries.get(usize::from(stem)).map(|stem| stem.0.clone());
            let Some(entry) = self.entries.get_mut(usize::from(entry)) else { continue };
            for (atom, languages) in senses.unwrap_or_default() {
                entry.insert(atom, languages);
            }
        }
    }

    fn longest_stem(&self, word: &[u8]) -> Option<u16> {
        let alike = self.stems_by_start.get(hash_of_stem(words::stem(word)))?;
        let stems = self.stems.get(usize::from(alike))?;
        let begins = |stem: &&Stem| {
            let start = word.get(..stem.bytes.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(&stem.bytes))
        };
        stems.iter().find(begins).map(|stem| stem.entry)
    }

    /// The entry of a stem, which becomes `next` if there is none.
    fn stem(&mut self, stem: &[u8], next: u16) -> u16 {
        let last = u16::try_from(self.stems.len()).unwrap_or(FREE);
        let alike = self.stems_by_start.get_or_insert(hash_of_stem(words::stem(stem)), last);
        if alike == last {
            self.stems.push(Vec::new());
        }
        let Some(stems) = self.stems.get_mut(usize::from(alike)) else { return next };
        if let Some(known) = stems.iter().find(|known| *known.bytes == *stem) {
            return known.entry;
        }
        let place = stems.partition_point(|known| known.bytes.len() >= stem.len());
        stems.insert(place, Stem { bytes: stem.into(), entry: next });
        next
    }

    /// Says of each entry whether the first look stops at it.
    pub(super) fn mark_cues(&mut self, cues: impl IntoIterator<Item = bool>) {
        for (key, _) in self.keys.iter().zip(cues).filter(|(_, cue)| *cue) {
            self.cues.allow(*key);
        }
    }

    /// Which entry a word has.
    #[inline]
    pub(super) fn find(&self, text: &str, word: &Word) -> Option<u16> {
        self.look_up(&self.all, text, word)
    }

    /// Whether the first look may have to stop at a word: a quick no for most.
    #[inline]
    pub(super) fn may_be_cue(&self, word: &Word) -> bool {
        self.cues.passes(word) | self.cues.passes_stem(word)
    }

    /// Which entry a word has, if the first look stops at it.
    #[inline]
    pub(super) fn find_cue(&self, text: &str, word: &Word) -> Option<u16> {
        self.look_up(&self.cues, text, word)
    }

    #[inline]
    fn look_up(&self, filter: &Filter, text: &str, word: &Word) -> Option<u16> {
        let whole = if filter.passes(word) { self.find_whole(word) } else { None };
        whole.or_else(|| {
            if word.stem != 0 && filter.passes_stem(word) {
                self.find_stem(text, word)
            } else {
                None
            }
        })
    }

    #[inline(never)]
    fn find_whole(&self, word: &Word) -> Option<u16> {
        self.whole_by_hash.get(word.hash)
    }

    #[inline(never)]
    fn find_stem(&self, text: &str, word: &Word) -> Option<u16> {
        self.longest_stem(text.as_bytes().get(word.start..word.end)?)
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

/// Where a hash may lie in the table.
#[inline]
fn probes(hash: u64) -> impl Iterator<Item = usize> {
    let first = usize::try_from(hash & 0xffff).unwrap_or(0);
    (0..16).map(move |step| first.wrapping_add(step) % SLOTS)
}
