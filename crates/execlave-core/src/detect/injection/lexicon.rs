//! The words the rules know, and which lists each of them is on.
//!
//! Languages and rules name lists (`ignore`, `earlier`, `instruction`, …) and words; here they become one
//! table from a word's hash to everything that is known about the word.

use std::collections::HashMap;

use super::words::{self, STEM, Word};
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
#[derive(Debug)]
pub(super) struct Lexicon {
    /// One bit for some bits of every word's hash: nearly every unknown word is refused here.
    filter: Vec<u64>,
    stem_filter: Vec<u64>,
    /// Open addressing, by the low bits of the hash; an entry of [`FREE`] ends a probe.
    slots: Vec<(u64, u16)>,
    stems: HashMap<u64, u16>,
    /// The words that are not stems, and their entries.
    whole: Vec<(String, u16)>,
    entries: Vec<Entry>,
}

const FILTER_BITS: u32 = 16;
const SLOTS: usize = 1 << 14;
const FREE: u16 = u16::MAX;

/// Spells a word as readings spell it.
fn fold(word: &str) -> String {
    views(word).next().map_or_else(String::new, |view| view.text().to_ascii_lowercase())
}

#[inline]
fn place(hash: u64) -> (usize, u64) {
    let bit = hash >> (64 - FILTER_BITS);
    (usize::try_from(bit / 64).unwrap_or(0), 1 << (bit % 64))
}

#[inline]
fn passes(filter: &[u64], hash: u64) -> bool {
    let (lane, bit) = place(hash);
    filter.get(lane).is_some_and(|lane| lane & bit != 0)
}

fn allow(filter: &mut [u64], hash: u64) {
    let (lane, bit) = place(hash);
    if let Some(lane) = filter.get_mut(lane) {
        *lane |= bit;
    }
}

impl Default for Lexicon {
    fn default() -> Self {
        Self {
            filter: vec![0; 1 << (FILTER_BITS - 6)],
            stem_filter: vec![0; 1 << (FILTER_BITS - 6)],
            slots: vec![(0, FREE); SLOTS],
            stems: HashMap::new(),
            whole: Vec::new(),
            entries: Vec::new(),
        }
    }
}

impl Lexicon {
    /// Puts a word of a language on a list. `talimat*` stands for every word that begins so; what is before
    /// the star has at least [`STEM`] bytes.
    pub(super) fn add(&mut self, word: &str, atom: Atom, language: u32) {
        let (word, stem) = word.strip_suffix('*').map_or((word, false), |stem| (stem, true));
        let folded = fold(word);
        let hash = words::hash(&folded);
        let next = u16::try_from(self.entries.len()).unwrap_or(FREE);
        let entry = if stem {
            allow(&mut self.stem_filter, words::mix(0, words::stem(folded.as_bytes()).into()));
            *self.stems.entry(hash).or_insert(next)
        } else {
            allow(&mut self.filter, hash);
            self.slot(hash, next)
        };
        if entry == next {
            self.entries.push(Entry::default());
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
            let Some(stem) = self.longest_stem(&word) else { continue };
            let senses = self.entries.get(usize::from(stem)).map(|stem| stem.0.clone());
            let Some(entry) = self.entries.get_mut(usize::from(entry)) else { continue };
            for (atom, languages) in senses.unwrap_or_default() {
                entry.insert(atom, languages);
            }
        }
    }

    fn longest_stem(&self, word: &str) -> Option<u16> {
        let ends = word.char_indices().map(|(index, _)| index).take(24).collect::<Vec<_>>();
        let ends = ends.into_iter().chain([word.len()]).rev().filter(|end| *end >= STEM);
        ends.filter_map(|end| word.get(..end))
            .find_map(|stem| self.stems.get(&words::hash(stem)).copied())
    }

    /// The entry of a hash, which becomes `next` if there is none.
    fn slot(&mut self, hash: u64, next: u16) -> u16 {
        for slot in probes(hash) {
            match self.slots.get_mut(slot) {
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

    /// Which entry a word has.
    #[inline]
    pub(super) fn find(&self, text: &str, word: &Word) -> Option<u16> {
        if passes(&self.filter, word.hash) {
            for slot in probes(word.hash) {
                let &(hash, entry) = self.slots.get(slot)?;
                if entry == FREE {
                    break;
                }
                if hash == word.hash {
                    return Some(entry);
                }
            }
        }
        let stem = word.stem != 0 && passes(&self.stem_filter, words::mix(0, word.stem.into()));
        if stem { self.find_stem(text, word) } else { None }
    }

    #[inline(never)]
    fn find_stem(&self, text: &str, word: &Word) -> Option<u16> {
        self.longest_stem(text.get(word.start..word.end)?)
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
