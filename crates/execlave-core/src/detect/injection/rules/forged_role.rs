//! A line that pretends to come from another role.
//!
//! # What it finds
//!
//! `system: you are …`, `[SYSTEM]`, `[INST]`, `<<SYS>>`, a JSON message with the role system, a forged end
//! of the user's text.
//!
//! # Why it is dangerous
//!
//! Templates turn roles into text; a model may take the forged line for the real one.
//!
//! # What it leaves alone
//!
//! The word system, chat logs, code that builds a message list in a literal of a programming language.
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM01 Prompt Injection.

use super::super::rule::{Found, Mark, Rule, STRONG, WEAK};
use super::super::words::Word;

pub(super) const RULE: Rule = Rule {
    id: "injection.forged_role",
    category: "LLM01",
    strong: &[],
    weak: &[
        "end of user|document|input|prompt ..3 {system}|new|instruction",
        "{assistant} sure|ok|okay|yes ..1 i will ..2 ignore|comply",
    ],
    mark: Some(Mark { words: "system inst sys", check }),
};

/// `[SYSTEM]`, `[/INST]`, `<<SYS>>`, and `system:` before `you`.
fn check(text: &str, word: &Word) -> Option<Found> {
    let before = text.get(..word.start)?;
    let after = text.get(word.end..)?;
    let length = word.end.checked_sub(word.start)?;
    let bracketed = (before.ends_with('[') || before.ends_with("[/")) && after.starts_with(']');
    let doubled = length == 3
        && (before.ends_with("<<") || before.ends_with("<</"))
        && after.starts_with(">>");
    if bracketed || doubled {
        let inside = before.trim_end_matches('/');
        let start = inside.trim_end_matches(['[', '<']).len();
        let closing = after.chars().take_while(|mark| matches!(mark, ']' | '>')).count();
        return Some(Found { start, end: word.end.saturating_add(closing), weight: STRONG });
    }
    let order = after.trim_start().strip_prefix(':')?.trim_start();
    let speaks = order.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("you are "));
    let at_start = before.trim_end_matches([' ', '#', '*', '[']).chars().next_back();
    let begins = at_start.is_none_or(|mark| matches!(mark, '\n' | '.' | '"' | '>' | '-' | '!'));
    (length == 6 && speaks && begins).then(|| {
        let end = text.len().saturating_sub(order.len()).saturating_add(7);
        // At the very beginning it may be an operator's prompt that is shown around.
        Found { start: word.start, end, weight: if word.start == 0 { WEAK } else { STRONG } }
    })
}
