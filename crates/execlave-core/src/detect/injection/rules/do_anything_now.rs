//! The phrase `do anything now`.
//!
//! # What it finds
//!
//! The name of the best known jailbreak persona, spelled out, and the same promise in other words.
//!
//! # Why it is dangerous
//!
//! It is used to announce a model without rules.
//!
//! # What it leaves alone
//!
//! Doing something, or doing anything else.
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM01 Prompt Injection. Shen et al. 2023, Do Anything Now.

use super::super::rule::Rule;

pub(super) const RULE: Rule = Rule {
    id: "injection.do_anything_now",
    category: "LLM01",
    strong: &[
        "do anything now",
        "do|make|generate|say|answer|create everything|anything ..1 now|and|it|they ..3 {limit}",
        "stands for do|strive|make|always ..1 anything|avoid|everything",
    ],
    weak: &[],
    mark: None,
};
