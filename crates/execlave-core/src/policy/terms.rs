//! Words, phrases and expressions that are looked for in the folded form of a text.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};

use super::error::PolicyError;
use super::fields::Fields;
use super::patterns::Patterns;
use crate::request::folded::{Folded, fold};

/// The `terms` and `patterns` of a rule, ready to find.
#[derive(Debug)]
pub(super) struct Terms {
    /// One automaton for all terms; `None` without terms.
    words: Option<AhoCorasick>,
    patterns: Patterns,
    whole_words: bool,
}

/// One match.
#[derive(Debug)]
pub(super) struct Found {
    /// `term` or `pattern`.
    pub(super) kind: &'static str,
    index: usize,
    /// Bytes of the original text.
    pub(super) range: Range<usize>,
}

impl Found {
    /// The place of the term or pattern in the rule.
    pub(super) fn place(&self) -> String {
        format!("{}s[{}]", self.kind, self.index)
    }
}

impl Terms {
    /// Reads `terms` and `patterns`. A term of which nothing is left when folded would match everywhere.
    pub(super) fn read(fields: &Fields, whole_words: bool) -> Result<Self, PolicyError> {
        let mut folded = Vec::new();
        for (index, term) in fields.texts("terms").iter().enumerate() {
            let text = fold(term).trim().to_owned();
            if text.is_empty() {
                let message = "holds no visible character";
                return Err(fields.error(&format!("terms[{index}]"), message));
            }
            folded.push(text);
        }
        let words = if folded.is_empty() {
            None
        } else {
            // Looking for rare letters first helps only where there are few of them, and costs more than it saves elsewhere.
            let built = AhoCorasickBuilder::new().prefilter(false).build(&folded);
            Some(built.map_err(|error| fields.error("terms", error.to_string()))?)
        };
        let patterns = Patterns::read_ignoring_case(fields, "patterns")?;
        Ok(Self { words, patterns, whole_words })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_none() && self.patterns.is_empty()
    }

    /// The first match: by position among terms, then by the order of the patterns.
    pub(super) fn find(&self, text: &Folded<'_>) -> Option<Found> {
        let plain = text.as_str();
        let term = self.words.as_ref().and_then(|terms| {
            let mut matches = terms.find_overlapping_iter(plain);
            matches.find(|found| !self.whole_words || stands_alone(plain, found.range()))
        });
        if let Some(found) = term {
            let range = text.original(found.range());
            return Some(Found { kind: "term", index: found.pattern().as_usize(), range });
        }
        let (index, range) = self.patterns.find_iter(plain).next()?;
        Some(Found { kind: "pattern", index, range: text.original(range) })
    }
}

/// Whether no letter or digit touches the match.
fn stands_alone(text: &str, range: Range<usize>) -> bool {
    let before = text.get(..range.start).and_then(|head| head.chars().next_back());
    let after = text.get(range.end..).and_then(|tail| tail.chars().next());
    let word = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
    let (first, last) = text
        .get(range)
        .map(|inside| (inside.chars().next(), inside.chars().next_back()))
        .unwrap_or_default();
    // A term that begins or ends with a sign has no word boundary there.
    let joins_before = word(before) && word(first);
    let joins_after = word(after) && word(last);
    !joins_before && !joins_after
}
