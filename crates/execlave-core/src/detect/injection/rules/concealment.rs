//! Orders to hide something from the user.
//!
//! # What it finds
//!
//! `Do not tell the user`, `without mentioning this to anyone`, `keep this from the human`, `do this
//! silently`, in all languages of `language/`.
//!
//! # Why it is dangerous
//!
//! An order that must not be seen is rarely the operator's.
//!
//! # What it leaves alone
//!
//! A weak sign. Surprises between people.
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM01 Prompt Injection.

use super::super::rule::Rule;

pub(super) const RULE: Rule = Rule {
    id: "injection.concealment",
    category: "LLM01",
    strong: &[],
    weak: &[
        "not|don|never|t|without ..1 {tell} ..3 to ..1 {user}",
        "not|don|never|t|without ..1 {tell} ..1 {user}",
        "keep ..4 secret|hidden|quiet ..1 from ..1 {user}",
        "not|don|never|t reveal|mention|disclose that ..2 you ..3 {told}|message|this|instruction",
        "do this|it|so silently|quietly|secretly",
        "not|never|don log it|this",
        "{never} ..2 {tell} ..3 {user}",
        "{skip} ..3 {tell} ..3 {user}",
        "{user} ..3 {untold}",
        "{untold} ..2 {user}",
        "{user} ..3 {never} ..1 {tell}",
        "no need to ..1 bother|ask|tell|inform ..2 {user}",
        "not|don|never let ..2 {user} know|see|notice",
        "not|never|don mention|list|report ..1 weaknesses|flaws|shortcomings",
    ],
    mark: None,
};
