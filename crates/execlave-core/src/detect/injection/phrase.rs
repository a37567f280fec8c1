//! Wordings: sequences of words and lists of words with bounded gaps, found while the words go by.
//!
//! A wording is written as `{ignore} ..4 {earlier} ..3 {instruction}`: braces name a list, a bare word means
//! itself (in English), `a|b` is either, and `..n` allows up to `n` other words between its neighbours. The
//! lists of one match must share a language, so that words of two languages never make up a phrase.

use std::collections::{BTreeMap, HashMap};

use super::lexicon::{Atom, Entry};
use super::trail::Trail;
use super::watch::STRETCH;

/// What a set costs that has a word which ordinary text is full of.
pub(super) const COMMON: u32 = 1_000;

/// The widest word in half words: a run of unspaced characters.
const WIDEST: u32 = 8;

/// One place of a wording.
#[derive(Debug, Clone)]
struct Element {
    /// The number of the set of words that fit here.
    set: u16,
    /// Half words that may lie between this and the next.
    gap: u32,
}

/// One wording.
#[derive(Debug, Clone)]
pub(super) struct Phrase {
    elements: Vec<Element>,
    pair: Pair,
}

/// Two places of a wording that ordinary text seldom holds together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    /// The set of the earlier place.
    pub(super) opening: u16,
    /// The set of the later place.
    pub(super) cue: u16,
    /// Half words from the end of the one to the start of the other at most.
    pub(super) reach: u32,
    /// How far the wording may begin before the later place, and end behind it, in half words.
    pub(super) around: (u32, u32),
}

/// The different sets of words that wordings are made of.
#[derive(Debug, Default)]
pub(super) struct Sets {
    numbers: HashMap<Vec<Atom>, u16>,
    /// How often a word of the set is expected, in words of ordinary text, roughly.
    costs: Vec<u32>,
    /// For each atom the sets it is in.
    of_atom: HashMap<Atom, Vec<u16>>,
}

impl Sets {
    fn number(&mut self, mut atoms: Vec<Atom>, cost: u32) -> Option<u16> {
        atoms.sort_unstable();
        if let Some(known) = self.numbers.get(&atoms) {
            return Some(*known);
        }
        let number = u16::try_from(self.costs.len()).ok()?;
        for atom in &atoms {
            self.of_atom.entry(*atom).or_default().push(number);
        }
        self.costs.push(cost);
        self.numbers.insert(atoms, number);
        Some(number)
    }

    /// For one word the sets it is in, in order, and the languages it is in them in.
    pub(super) fn of(&self, entry: &Entry) -> Vec<(u16, u32)> {
        let mut found: BTreeMap<u16, u32> = BTreeMap::new();
        for (atom, languages) in entry.senses() {
            for set in self.of_atom.get(atom).into_iter().flatten() {
                *found.entry(*set).or_default() |= languages;
            }
        }
        found.into_iter().collect()
    }
}

/// Of all pairs the one that is expected least; of equals the one whose places are nearest.
fn rarest_pair(elements: &[Element], sets: &Sets) -> Option<Pair> {
    let cost = |element: &Element| {
        sets.costs.get(usize::from(element.set)).map_or(1, |cost| u64::from(*cost))
    };
    let width = |element: &Element| element.gap.saturating_add(WIDEST);
    let whole: u32 = elements.iter().map(width).sum();
    let mut best: Option<((u64, u32), Pair)> = None;
    let mut before = 0u32;
    for (index, opening) in elements.iter().enumerate() {
        before = before.saturating_add(WIDEST);
        let mut reach = opening.gap;
        for cue in elements.iter().skip(index.saturating_add(1)) {
            let rank = (cost(opening).saturating_mul(cost(cue)), reach);
            if best.is_none_or(|(known, _)| rank < known) {
                let begins = before.saturating_add(reach);
                let around = (begins, whole.saturating_sub(begins).saturating_sub(WIDEST));
                best = Some((rank, Pair { opening: opening.set, cue: cue.set, reach, around }));
            }
            reach = reach.saturating_add(width(cue));
        }
        before = before.saturating_add(opening.gap);
    }
    best.map(|(_, pair)| pair)
}

impl Phrase {
    /// Reads the notation. `atom` gives the number of a list (`{name}`) or of a literal word, and how common
    /// it is. `None` if the notation is broken or reaches farther than a [`STRETCH`].
    pub(super) fn parse(
        wording: &str,
        sets: &mut Sets,
        mut atom: impl FnMut(&str) -> Option<(Atom, u32)>,
    ) -> Option<Self> {
        let mut elements: Vec<Element> = Vec::new();
        for part in wording.split_ascii_whitespace() {
            if let Some(gap) = part.strip_prefix("..") {
                elements.last_mut()?.gap = gap.parse::<u32>().ok()?.checked_mul(2)?;
                continue;
            }
            let mut atoms = Vec::new();
            let mut cost = 0u32;
            for name in part.split('|') {
                let (atom, common) = atom(name)?;
                atoms.push(atom);
                cost = cost.saturating_add(common);
            }
            elements.push(Element { set: sets.number(atoms, cost)?, gap: 0 });
        }
        if elements.len() < 2 {
            return None;
        }
        let pair = rarest_pair(&elements, sets)?;
        let gaps = elements.iter().map(|element| element.gap.saturating_add(2));
        let reach = gaps.fold(0u32, u32::saturating_add);
        (reach <= STRETCH).then_some(Self { elements, pair })
    }

    /// The set of words that may end the wording.
    pub(super) fn last(&self) -> Option<u16> {
        self.elements.last().map(|element| element.set)
    }

    /// The set of the place before the last, and how far it may be from it in half words.
    pub(super) fn before_last(&self) -> Option<(u16, u32)> {
        self.elements.iter().rev().nth(1).map(|element| (element.set, element.gap))
    }

    /// The two of its places that tell best whether it can be there.
    pub(super) fn pair(&self) -> Pair {
        self.pair
    }

    /// Where the wording begins that ends with the newest hit.
    #[inline(never)]
    pub(super) fn find(&self, trail: &Trail) -> Option<usize> {
        let last = self.elements.last()?;
        let languages = trail.back(0)?.languages(last.set);
        self.before(trail, self.elements.len().checked_sub(2)?, 0, languages)
    }

    /// Looks for element `index` before hit `from` of the trail, nearest first.
    fn before(&self, trail: &Trail, index: usize, from: usize, languages: u32) -> Option<usize> {
        let element = self.elements.get(index)?;
        let after = trail.back(from)?.at;
        let mut place = from;
        loop {
            place = place.checked_add(1)?;
            let hit = trail.back(place)?;
            if hit.to > after {
                continue;
            }
            if after.wrapping_sub(hit.to) > element.gap {
                return None;
            }
            let shared = languages & hit.languages(element.set);
            if shared == 0 {
                continue;
            }
            let Some(earlier) = index.checked_sub(1) else { return Some(hit.start) };
            if let Some(start) = self.before(trail, earlier, place, shared) {
                return Some(start);
            }
        }
    }
}
