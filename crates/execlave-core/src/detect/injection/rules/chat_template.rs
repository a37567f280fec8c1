//! Control tokens of chat templates.
//!
//! # What it finds
//!
//! `<|im_start|>`, `<|system|>`, `<|eot_id|>`, `<start_of_turn>` and their kin.
//!
//! # Why it is dangerous
//!
//! A server that does not escape them lets the text open a turn of its own.
//!
//! # What it leaves alone
//!
//! Words between other marks. Documentation of templates is lowered like every discussion.
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM01 Prompt Injection.

use super::super::rule::{Found, Mark, Rule, STRONG};
use super::super::words::Word;

pub(super) const RULE: Rule = Rule {
    id: "injection.chat_template",
    category: "LLM01",
    strong: &[],
    weak: &[],
    mark: Some(Mark {
        words: "im_start im start end eot eom sep user assistant system endoftext begin header turn",
        check,
    }),
};

/// The tokens of the common templates, without their marks.
const TOKENS: &[&str] = &[
    "system",
    "user",
    "assistant",
    "im_start",
    "im_end",
    "im_sep",
    "endoftext",
    "end_of_text",
    "begin_of_text",
    "eot_id",
    "eom_id",
    "start_header_id",
    "end_header_id",
    "start_of_turn",
    "end_of_turn",
];

/// A token between `<|` and `|>`, or a turn of Gemma's between `<` and `>`.
fn check(text: &str, word: &Word) -> Option<Found> {
    let before = text.get(..word.start)?;
    let opened = before.trim_end();
    let piped = opened.ends_with("<|");
    if !piped && !opened.ends_with('<') {
        return None;
    }
    let after = text.get(word.start..)?;
    let name = after.split(|mark: char| mark != '_' && !mark.is_ascii_alphabetic()).next()?;
    let rest = after.get(name.len()..)?.trim_start();
    let closing = if piped { "|>" } else { ">" };
    let known = TOKENS.iter().any(|token| token.eq_ignore_ascii_case(name));
    let turn = name.len() > 5 && name.to_ascii_lowercase().ends_with("_of_turn");
    if !known || !rest.starts_with(closing) || !(piped || turn) {
        return None;
    }
    let start = opened.len().saturating_sub(closing.len());
    let end = text.len().saturating_sub(rest.len()).saturating_add(closing.len());
    Some(Found { start, end, weight: STRONG })
}
