//! Requests to show `the prompt` or `the rules`, with no owner.
//!
//! # What it finds
//!
//! `Show the prompt`, `reveal the instructions`.
//!
//! # Why it is dangerous
//!
//! It may ask for the operator's prompt.
//!
//! # What it leaves alone
//!
//! A weak sign: shells and forms have prompts. Rules of chess.
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM07 System Prompt Leakage.

use super::super::rule::Rule;

pub(super) const RULE: Rule = Rule {
    id: "injection.prompt_request",
    category: "LLM07",
    strong: &[],
    weak: &[
        "reveal|show|display|print|output ..1 the prompt",
        "reveal ..1 instructions|rules|prompt",
    ],
    mark: None,
};
