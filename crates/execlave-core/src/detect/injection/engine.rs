//! Runs the rules and the model over one reading, in one pass.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use super::batch::Batch;
use super::language::LANGUAGES;
use super::lexicon::{Atom, Lexicon};
use super::notes::{Match, Notes};
use super::phrase::{COMMON, Phrase, Sets};
use super::rule::{Found, Rule, STRONG, WEAK};
use super::rules::RULES;
use super::trail::{Known, Trail};
use super::watch::{Cue, Watch};
use super::{context, model, words};

/// A wording, and what it means to find it.
struct Wording {
    phrase: Phrase,
    rule: &'static Rule,
    weight: f64,
}

/// Everything the tables say, prepared for reading.
struct Engine {
    lexicon: Lexicon,
    wordings: Vec<Wording>,
    /// For each entry of the lexicon what the rules need of it.
    words: Vec<RuleWord>,
    /// For each what the first look needs of it.
    first_look: Vec<Cue>,
}

/// One word of the lexicon.
struct RuleWord {
    known: Known,
    /// The wordings it may end.
    ends: Box<[End]>,
    purpose: Purpose,
}

/// A wording that a word may end.
#[derive(Debug, Clone, Copy)]
struct End {
    wording: u16,
    /// The set of the place before the last, and how far it may be from it.
    before: (u16, u32),
}

/// The bit of English, in which the rules' own words are.
const ENGLISH: u32 = 1;

/// Words so common that no wording is looked for because of them.
static COMMON_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let words = "the to of and a an in is it you your that this with for on are be at by or as have has not no \
    from all any what which they we i my me do don t s can will would if so up out about than then only also but \
    just now use used one two into over when who how new see more some their its he she was were been get make made \
    like time first other even before after never every each very";
    words.split_ascii_whitespace().collect()
});

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::new);

/// Gives lists and literal words their numbers.
#[derive(Default)]
struct Numbers(HashMap<String, Atom>);

impl Numbers {
    fn of(&mut self, name: &str) -> Option<Atom> {
        if let Some(known) = self.0.get(name) {
            return Some(*known);
        }
        let number = Atom::try_from(self.0.len()).ok()?;
        self.0.insert(name.to_owned(), number);
        Some(number)
    }
}

/// What belongs to each set of words.
struct BySet<T>(HashMap<u16, Vec<T>>);

impl<T: Copy> BySet<T> {
    fn new(all: impl Iterator<Item = (u16, T)>) -> Self {
        let mut sets: HashMap<u16, Vec<T>> = HashMap::new();
        all.for_each(|(set, one)| sets.entry(set).or_default().push(one));
        Self(sets)
    }

    fn of_set(&self, set: u16) -> impl Iterator<Item = T> {
        self.0.get(&set).into_iter().flatten().copied()
    }
}

/// How common the words of English are that a name stands for.
fn commonness(name: &str) -> u32 {
    let common = |word: &str| if COMMON_WORDS.contains(word) { COMMON } else { 1 };
    let Some(list) = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) else {
        return common(name);
    };
    let english = LANGUAGES.first().map_or(&[][..], |english| english.lists);
    let words = english.iter().filter(|(name, _)| *name == list);
    words.flat_map(|(_, words)| words.split_ascii_whitespace()).map(common).sum()
}

impl Engine {
    fn new() -> Self {
        let mut numbers = Numbers::default();
        let mut lexicon = Lexicon::default();
        for (index, language) in LANGUAGES.iter().enumerate() {
            let bit = u32::try_from(index).ok().and_then(|index| ENGLISH.checked_shl(index));
            for (list, words) in language.lists {
                let Some(atom) = numbers.of(&format!("{{{list}}}")) else { continue };
                for word in words.split_ascii_whitespace() {
                    lexicon.add(word, atom, bit.unwrap_or(0));
                }
            }
        }
        let mut sets = Sets::default();
        let mut wordings = Vec::new();
        let mut marks = Vec::new();
        for &rule in RULES {
            for (weight, sources) in [(STRONG, rule.strong), (WEAK, rule.weak)] {
                wordings.extend(sources.iter().filter_map(|source| {
                    let phrase = Phrase::parse(source, &mut sets, |name| {
                        let atom = numbers.of(name)?;
                        if !name.starts_with('{') {
                            lexicon.add(name, atom, ENGLISH);
                        }
                        Some((atom, commonness(name)))
                    })?;
                    Some(Wording { phrase, rule, weight })
                }));
            }
            let Some(mark) = &rule.mark else { continue };
            for word in mark.words.split_ascii_whitespace() {
                let Some(atom) = numbers.of(word) else { continue };
                lexicon.add(word, atom, ENGLISH);
                marks.push((atom, rule, mark));
            }
        }
        lexicon.join_stems();
        let pairs = || wordings.iter().map(|wording| wording.phrase.pair());
        let mut openings: Vec<u16> = pairs().map(|pair| pair.opening).collect();
        openings.sort_unstable();
        openings.dedup();
        let opening = |set: u16| {
            openings.binary_search(&set).ok().and_then(|place| u16::try_from(place).ok())
        };
        let purposes = ["{discussion}", "{reporting}", "{denial}"].map(|list| numbers.of(list));
        let ending =
            BySet::new((0u16..).zip(&wordings).filter_map(|(index, Wording { phrase, .. })| {
                let end = End { wording: index, before: phrase.before_last()? };
                Some((phrase.last()?, end))
            }));
        let cued = BySet::new(pairs().map(|pair| (pair.cue, pair)));
        let words = lexicon.entries().iter().map(|entry| {
            let sets = sets.of(entry);
            let mut ends: Vec<End> = sets.iter().flat_map(|(set, _)| ending.of_set(*set)).collect();
            ends.sort_unstable_by_key(|end| end.wording);
            let follows = sets.iter().flat_map(|(set, _)| cued.of_set(*set));
            let marks = marks.iter().filter(|(atom, ..)| entry.contains(*atom));
            let [discussion, reporting, denial] =
                purposes.map(|list| u32::from(list.is_some_and(|list| entry.contains(list))));
            let cue = Cue::new(
                sets.iter().filter_map(|(set, _)| opening(*set)).collect(),
                follows.filter_map(|pair| Some((opening(pair.opening)?, pair))),
                marks.map(|(_, rule, mark)| (*rule, *mark)).collect(),
            );
            let purpose = Purpose { discussion, reporting, denial };
            (RuleWord { ends: ends.into(), purpose, known: Known::new(sets) }, cue)
        });
        let (words, first_look): (Vec<RuleWord>, Vec<Cue>) = words.collect();
        lexicon.mark_cues(first_look.iter().map(Cue::is_needed));
        Self { lexicon, wordings, words, first_look }
    }

    #[inline]
    fn find(&self, text: &str, word: &words::Word) -> Option<(&RuleWord, &Cue)> {
        let entry = usize::from(self.lexicon.find(text, word)?);
        self.words.get(entry).zip(self.first_look.get(entry))
    }

    fn cue(&self, text: &str, word: &words::Word) -> Option<&Cue> {
        self.first_look.get(usize::from(self.lexicon.find_cue(text, word)?))
    }

    /// The parts of a reading that may hold a wording or a mark. The model weighs every word on the way.
    fn first_look(&self, text: &str, meter: &mut model::Meter) -> Vec<Range<usize>> {
        let mut watch = Watch::default();
        let mut batch = Batch::default();
        words::read(text, |word| {
            if batch.add(word) {
                self.look_at(text, &batch, &mut watch, meter);
                batch.clear();
            }
        });
        self.look_at(text, &batch, &mut watch, meter);
        watch.finish(text.len())
    }

    #[inline(never)]
    fn look_at(&self, text: &str, batch: &Batch, watch: &mut Watch, meter: &mut model::Meter) {
        meter.add(batch.words());
        let marked =
            batch.mark(|word| self.lexicon.may_be_cue(word)) | batch.turns(watch.stretch());
        for word in batch.marked(marked) {
            watch.pass(word);
            if let Some(found) = self.cue(text, word) {
                watch.note(text, batch, word, found);
            }
        }
        watch.close(batch);
    }

    /// Looks for wordings and marks in one part of a reading.
    fn find_wordings(&self, text: &str, part: Range<usize>, notes: &mut Notes) {
        let mut trail = Trail::default();
        let from = part.start;
        let part = text.get(part).unwrap_or_default();
        words::read(part, |mut word| {
            let Some((found, cue)) = self.find(part, &word) else { return };
            word.start = word.start.saturating_add(from);
            word.end = word.end.saturating_add(from);
            trail.push(&word, &found.known);
            for &End { wording, before: (set, gap) } in &found.ends {
                if !trail.may_hold(set, gap, word.at) {
                    continue;
                }
                let Some(wording) = self.wordings.get(usize::from(wording)) else { continue };
                if let Some(start) = wording.phrase.find(&trail) {
                    notes.add(wording.rule, Found { start, end: word.end, weight: wording.weight });
                }
            }
            for (rule, mark) in &cue.marks {
                if let Some(found) = (mark.check)(text, &word) {
                    notes.add(rule, found);
                }
            }
        });
    }
}

/// Everything the rules and the model find in one reading.
pub(super) fn read(text: &str) -> Vec<Match> {
    let engine = &*ENGINE;
    let mut meter = model::Meter::default();
    let mut notes = Notes::default();
    for part in engine.first_look(text, &mut meter) {
        engine.find_wordings(text, part, &mut notes);
    }
    let mut matches = notes.finish();
    for found in &mut matches {
        found.weight *= context::factor(text, found.start..found.end);
    }
    matches.extend(meter.finish().map(|found| Match {
        rule_id: model::RULE_ID,
        category: "LLM01",
        weight: found.weight,
        start: found.start,
        end: found.end,
    }));
    matches
}

/// What the words of a stretch of text say about its purpose.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Purpose {
    /// Words of discussion: example, attack, phrase, detects, …
    pub(super) discussion: u32,
    /// Words that report what somebody says or wants: asks, tells, tries, …
    pub(super) reporting: u32,
    /// Denials: never, not, refuse, …
    pub(super) denial: u32,
}

/// Reads the purpose of a stretch of text.
pub(super) fn purpose(text: &str) -> Purpose {
    let engine = &*ENGINE;
    let mut purpose = Purpose::default();
    words::read(text, |word| {
        let Some((found, _)) = engine.find(text, &word) else { return };
        purpose.discussion = purpose.discussion.saturating_add(found.purpose.discussion);
        purpose.reporting = purpose.reporting.saturating_add(found.purpose.reporting);
        purpose.denial = purpose.denial.saturating_add(found.purpose.denial);
    });
    purpose
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::watch::OPENINGS;
    use super::*;

    #[test]
    fn every_wording_is_understood() {
        let written: usize = RULES.iter().map(|rule| rule.strong.len() + rule.weak.len()).sum();
        assert_eq!(ENGINE.wordings.len(), written);
        for (index, rule) in RULES.iter().enumerate() {
            assert!(rule.id.starts_with("injection."), "{}", rule.id);
            assert!(rule.category.starts_with("LLM"), "{}", rule.id);
            assert!(RULES[index + 1..].iter().all(|other| other.id != rule.id), "{}", rule.id);
        }
    }

    #[test]
    fn every_opening_has_a_place() {
        let pairs = ENGINE.wordings.iter().map(|wording| wording.phrase.pair());
        let openings: HashSet<u16> = pairs.map(|pair| pair.opening).collect();
        assert!(openings.len() <= OPENINGS, "{}", openings.len());
    }

    /// Words that wordings are made of, with a common one and the end of a sentence now and then.
    fn telling_text() -> impl Strategy<Value = String> {
        let literals = RULES.iter().flat_map(|rule| rule.strong.iter().chain(rule.weak));
        let literals = literals.flat_map(|wording| wording.split([' ', '|']));
        let listed = LANGUAGES.iter().flat_map(|language| language.lists);
        let listed = listed.flat_map(|(_, words)| words.split_ascii_whitespace());
        let words: Vec<&str> = literals
            .chain(listed)
            .filter(|word| !word.starts_with(['{', '.']))
            .map(|word| word.trim_end_matches('*'))
            .chain(["the", "table.", "\n\n\n"].repeat(100))
            .collect();
        // Scripts without spaces are glued as well.
        let spaced = (prop::sample::select(words), prop::sample::select(vec!["", " "]));
        prop::collection::vec(spaced, 0..400)
            .prop_map(|words| words.into_iter().flat_map(|(word, space)| [word, space]).collect())
    }

    proptest! {
        /// The first look only saves work.
        #[test]
        fn the_first_look_misses_nothing(text in telling_text()) {
            let mut whole = Notes::default();
            ENGINE.find_wordings(&text, 0..text.len(), &mut whole);
            let mut parts = Notes::default();
            for part in ENGINE.first_look(&text, &mut model::Meter::default()) {
                ENGINE.find_wordings(&text, part, &mut parts);
            }
            prop_assert_eq!(format!("{whole:?}"), format!("{parts:?}"));
        }
    }

    #[test]
    fn every_list_is_filled_in_english() {
        let english: Vec<&str> = LANGUAGES[0].lists.iter().map(|(list, _)| *list).collect();
        for &rule in RULES {
            for name in
                rule.strong.iter().chain(rule.weak).flat_map(|wording| wording.split([' ', '|']))
            {
                if let Some(list) = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                    assert!(english.contains(&list), "{}: {list}", rule.id);
                }
            }
        }
        for language in LANGUAGES {
            for (list, _) in language.lists {
                assert!(english.contains(list), "{list}");
            }
        }
    }
}
