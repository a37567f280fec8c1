//! Headings and tags that pretend to structure the prompt.
//!
//! # What it finds
//!
//! `### System:`, `<system>`, `</instructions>`, `--- end of document ---`.
//!
//! # Why it is dangerous
//!
//! They make what follows look as if it stood outside the data.
//!
//! # What it leaves alone
//!
//! A weak sign: documents have headings and tags.
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM01 Prompt Injection.

use super::super::rule::{Found, Mark, Rule, STRONG, WEAK};
use super::super::words::Word;

pub(super) const RULE: Rule = Rule {
    id: "injection.forged_section",
    category: "LLM01",
    strong: &[],
    weak: &[
        "begin|end|start of system|developer prompt|message|instructions",
        "end of document|email|page|context|data|input ..4 new|{instruction}|system",
    ],
    mark: Some(Mark { words: "system instructions instruction prompt user", check }),
};

/// `###` before the word, or a tag of that name.
fn check(text: &str, word: &Word) -> Option<Found> {
    let before = text.get(..word.start)?;
    let after = text.get(word.end..)?;
    let name = text.get(word.start..word.end)?;
    let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
    let heading = before.trim_end().ends_with("##") && is("system");
    let tag = (before.ends_with('<') || before.ends_with("</"))
        && after.starts_with('>')
        && (is("system") || is("instructions"));
    (heading || tag).then_some(Found { start: word.start, end: word.end, weight: WEAK.min(STRONG) })
}
