//! The word jailbreak.
//!
//! # What it finds
//!
//! The word itself and its forms.
//!
//! # Why it is dangerous
//!
//! Attack texts name what they want.
//!
//! # What it leaves alone
//!
//! A weak sign: phones are jailbroken and people talk about it.
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM01 Prompt Injection.

use super::super::rule::{Found, Mark, Rule, WEAK};
use super::super::words::Word;

pub(super) const RULE: Rule = Rule {
    id: "injection.jailbreak",
    category: "LLM01",
    strong: &[],
    weak: &[],
    mark: Some(Mark { words: "jailbreak jailbreaks jailbroken jailbreaking", check }),
};

/// The word alone says it.
#[expect(clippy::unnecessary_wraps, reason = "the signature of every check")]
fn check(_: &str, word: &Word) -> Option<Found> {
    Some(Found { start: word.start, end: word.end, weight: WEAK })
}
