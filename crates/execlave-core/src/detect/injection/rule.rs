//! What a rule is made of.

use super::words::Word;

/// One intent: the wordings that show it and how much each says.
#[derive(Debug)]
pub(super) struct Rule {
    /// Such as `injection.override_instructions`; stable across releases.
    pub(super) id: &'static str,
    /// The OWASP Top 10 for LLM applications (2025) category, such as `LLM01`.
    pub(super) category: &'static str,
    /// Wordings with next to no innocent use: one is a medium risk.
    pub(super) strong: &'static [&'static str],
    /// Wordings people also use innocently: two different rules make a medium risk.
    pub(super) weak: &'static [&'static str],
    /// What words cannot say: looks at the bytes around one of the words named in `marks`.
    pub(super) mark: Option<Mark>,
}

/// A check of the punctuation around a word.
#[derive(Debug)]
pub(super) struct Mark {
    /// The words that call for the check.
    pub(super) words: &'static str,
    /// The span it covers and its weight, if it is there.
    pub(super) check: fn(text: &str, word: &Word) -> Option<Found>,
}

/// A span of the reading that shows an intent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) weight: f64,
}

/// What a strong wording says. With [`WEAK`], so chosen that one strong or two weak findings pass the
/// threshold of a medium risk and four strong ones that of a high risk.
pub(super) const STRONG: f64 = 0.5;

/// What a weak wording says.
pub(super) const WEAK: f64 = 0.25;
