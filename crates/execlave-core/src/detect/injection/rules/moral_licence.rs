//! A licence for what is illegal or immoral.
//!
//! # What it finds
//!
//! `No matter how illegal or unethical`, `does not care about ethics or laws`, lists of forbidden kinds of
//! content that are allowed.
//!
//! # Why it is dangerous
//!
//! It tells the model that its judgement is not wanted.
//!
//! # What it leaves alone
//!
//! A weak sign unless the licence is spelled out. Words of law and morals one by one.
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM01 Prompt Injection.

use super::super::rule::Rule;

pub(super) const RULE: Rule = Rule {
    id: "injection.moral_licence",
    category: "LLM01",
    strong: &[
        "{matter} ..6 {bad} ..3 {bad}",
        "{matter} ..4 legality|morality|ethics|consequences ..4 legality|morality|ethics|consequences|immoral|immorality",
        "not|doesn|don|t|disregards|ignores ..2 care ..3 {morals} ..3 {morals}",
        "disregards|ignores|lacks ..2 {morals} ..2 {morals}",
        "{bad} ..2 {bad} ..8 is|are ..1 allowed|permitted|acceptable|fine",
    ],
    weak: &[
        "{bad} ..2 {bad} ..2 {bad}",
        "{matter} ..3 {bad}|legality|morality|ethics",
        "even|also ..3 if ..3 {bad} ..3 {bad}",
        "not|doesn|don|t ..2 care ..4 {bad}|{morals}",
        "promote|promotes|condone|condones|encourages ..3 {bad}|violence",
        "without ..2 moral|ethical ..2 {limit}|judgment|judgement|concerns",
        "{none}|lacks ..2 {morals} ..3 {morals}",
        "{bad} ..2 content|things|acts|information|advice|activities ..4 {bad}|allowed|any",
        "no laws|rules ..3 ai|answer",
        "nsfw|illegal|violence|murder|gore ..6 allowed|permitted",
    ],
    mark: None,
};
