//! Runs the rules and the model over one reading, in one pass.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::language::LANGUAGES;
use super::lexicon::{Atom, Lexicon};
use super::phrase::{Phrase, Sets};
use super::rule::{Found, Mark, Rule, STRONG, WEAK};
use super::rules::RULES;
use super::trail::{Known, Mask, Trail};
use super::{FINDINGS_PER_RULE, context, model, words};

/// A rule's match in a reading.
#[derive(Debug, Clone)]
pub(super) struct Match {
    pub(super) rule_id: &'static str,
    pub(super) category: &'static str,
    pub(super) weight: f64,
    pub(super) start: usize,
    pub(super) end: usize,
}

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
}

/// One word of the lexicon.
struct RuleWord {
    known: Known,
    /// The wordings it may end, by the set they cannot do without.
    ends: Vec<Ends>,
    /// The sets of all of these.
    needs: Mask,
    marks: Vec<(&'static Rule, &'static Mark)>,
    purpose: Purpose,
}

/// Wordings that end with the same word and cannot do without the same set.
struct Ends {
    rarest: u16,
    /// The farthest back that any of them begins, in half words.
    reach: u32,
    wordings: Vec<u16>,
}

/// The bit of English, in which the rules' own words are.
const ENGLISH: u32 = 1;

/// Words so common that no wording is looked for because of them.
const COMMON: &str = "the to of and a an in is it you your that this with for on are be at by or as have has not no \
    from all any what which they we i my me do don t s can will would if so up out about than then only also but \
    just now use used one two into over when who how new see more some their its he she was were been get make made \
    like time first other even before after never every each very";

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

/// How common the words of English are that a name stands for.
fn commonness(name: &str) -> u32 {
    let common = |word: &str| {
        if COMMON.split_ascii_whitespace().any(|known| known == word) { 1_000 } else { 1 }
    };
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
        let rare: Vec<u16> = wordings.iter().map(|wording| wording.phrase.rarest()).collect();
        let purposes = ["{discussion}", "{reporting}", "{denial}"].map(|list| numbers.of(list));
        let words = lexicon.entries().iter().map(|entry| {
            let sets = sets.of(entry);
            let mut ends: Vec<Ends> = Vec::new();
            for (index, Wording { phrase, .. }) in (0u16..).zip(&wordings) {
                if !sets.iter().any(|(set, _)| phrase.last() == Some(*set)) {
                    continue;
                }
                match ends.iter_mut().find(|ends| ends.rarest == phrase.rarest()) {
                    Some(ends) => {
                        ends.reach = ends.reach.max(phrase.reach());
                        ends.wordings.push(index);
                    }
                    None => ends.push(Ends {
                        rarest: phrase.rarest(),
                        reach: phrase.reach(),
                        wordings: vec![index],
                    }),
                }
            }
            let marks = marks.iter().filter(|(atom, ..)| entry.contains(*atom));
            let [discussion, reporting, denial] =
                purposes.map(|list| u32::from(list.is_some_and(|list| entry.contains(list))));
            RuleWord {
                needs: Mask::of(ends.iter().map(|ends| ends.rarest)),
                ends,
                marks: marks.map(|(_, rule, mark)| (*rule, *mark)).collect(),
                purpose: Purpose { discussion, reporting, denial },
                known: Known::new(sets, |set| rare.contains(&set)),
            }
        });
        let words = words.collect();
        Self { lexicon, wordings, words }
    }

    #[inline]
    fn find(&self, text: &str, word: &words::Word) -> Option<&RuleWord> {
        self.words.get(usize::from(self.lexicon.find(text, word)?))
    }
}

/// Everything the rules and the model find in one reading.
pub(super) fn read(text: &str) -> Vec<Match> {
    let engine = &*ENGINE;
    let mut matches = Vec::new();
    let mut trail = Trail::default();
    let mut meter = model::Meter::default();
    words::read(text, |word| {
        if word.whole {
            meter.add(&word);
        }
        let Some(found) = engine.find(text, &word) else { return };
        trail.push(&word, &found.known);
        if trail.seen_any(found.needs) {
            complete(engine, found, &trail, word.end, &mut matches);
        }
        for (rule, mark) in &found.marks {
            if let Some(found) = (mark.check)(text, &word) {
                note(&mut matches, rule, found);
            }
        }
    });
    drop_contained(&mut matches);
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

/// Looks for the wordings that the newest word may end.
#[inline(never)]
fn complete(engine: &Engine, word: &RuleWord, trail: &Trail, end: usize, matches: &mut Vec<Match>) {
    let near = word.ends.iter().filter(|ends| trail.seen_within(ends.rarest, ends.reach));
    for index in near.flat_map(|ends| &ends.wordings) {
        let Some(wording) = engine.wordings.get(usize::from(*index)) else { continue };
        if let Some(start) = wording.phrase.find(trail) {
            note(matches, wording.rule, Found { start, end, weight: wording.weight });
        }
    }
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
        let Some(found) = engine.find(text, &word) else { return };
        purpose.discussion = purpose.discussion.saturating_add(found.purpose.discussion);
        purpose.reporting = purpose.reporting.saturating_add(found.purpose.reporting);
        purpose.denial = purpose.denial.saturating_add(found.purpose.denial);
    });
    purpose
}

/// The same words count once: drops what lies within a match of another rule that says as much or more.
fn drop_contained(matches: &mut Vec<Match>) {
    let mut kept: Vec<Match> = Vec::with_capacity(matches.len());
    // The heaviest first, then the longest, so that one pass over what is kept is enough.
    matches.sort_by(|one, other| {
        let length = |found: &Match| found.end.saturating_sub(found.start);
        other.weight.total_cmp(&one.weight).then(length(other).cmp(&length(one)))
    });
    for found in matches.drain(..) {
        let inside = |known: &Match| known.start <= found.start && found.end <= known.end;
        if !kept.iter().any(inside) {
            kept.push(found);
        }
    }
    *matches = kept;
}

/// Adds a match. Of two that overlap the heavier stays: they are the same passage in other words.
fn note(matches: &mut Vec<Match>, rule: &'static Rule, found: Found) {
    let mut of_rule = matches.iter_mut().rev().filter(|known| known.rule_id == rule.id);
    if let Some(latest) = of_rule.next() {
        if found.start < latest.end {
            if found.weight > latest.weight {
                latest.start = found.start;
                latest.end = found.end;
                latest.weight = found.weight;
            }
            return;
        }
        if of_rule.count() >= FINDINGS_PER_RULE {
            return;
        }
    }
    matches.push(Match {
        rule_id: rule.id,
        category: rule.category,
        weight: found.weight,
        start: found.start,
        end: found.end,
    });
}

#[cfg(test)]
mod tests {
    use super::super::trail::{SETS, STRETCH};
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
    fn the_trail_is_long_enough() {
        assert!(
            ENGINE
                .words
                .iter()
                .flat_map(|word| &word.ends)
                .all(|ends| { ends.reach <= STRETCH && usize::from(ends.rarest) < SETS })
        );
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
