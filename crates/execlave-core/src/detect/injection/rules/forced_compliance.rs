//! A ban on refusing, warning or judging.
//!
//! # What it finds
//!
//! `Never refuse a request`, `without warnings or disclaimers`, `you must obey`, points that are deducted
//! for a refusal.
//!
//! # Why it is dangerous
//!
//! It removes the model's way out before the forbidden request arrives.
//!
//! # What it leaves alone
//!
//! A weak sign alone. Style requests (`no introduction`), refusals between people.
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM01 Prompt Injection. Wei et al. 2023, Jailbroken: how does
//! LLM safety training fail.

use super::super::rule::Rule;

pub(super) const RULE: Rule = Rule {
    id: "injection.forced_compliance",
    category: "LLM01",
    strong: &[
        "never|not|cannot ..2 refuses|refuse|refused|reject|decline|deny ..4 request|requests|order|orders|question|questions|prompt|prompts|command|commands|anything ..8 {bad}",
        "{none}|any|without ..3 warnings|disclaimers|moralizing|moralising|caveats ..8 {matter}|{bad}",
        "never refuse|decline ..1 never warn|lecture|judge|mention|apologize|apologise",
    ],
    weak: &[
        "never|not|cannot|can|t|must|doesn ..1 refuse|decline|reject|deny ..4 request|requests|order|orders|question|questions|prompt|prompts|command|commands|anything|to|answer|user|me|any|a",
        "never says no",
        "never refuse|refuses|declines|denies|rejects",
        "don|not|without ..1 refuse|refusal|refusing|hesitation",
        "never|not|don|t|without ..3 apologize|apologise|moralize|moralise|lecture|lecturing|warn ..6 {bad}|refuse|ethical|warn|me",
        "you must|will|shall|should always|unconditionally ..1 obey|comply",
        "obey|comply ..4 {matter}|unconditionally|unquestioningly|every command|all|any",
        "never|not ..3 say|saying ..4 can|cannot|unable|sorry",
        "not|never|don|t|no ..2 say|mention|saying ..6 as an ai|al",
        "never|not|don|t mention|say|state|remind ..5 you|re|are ..3 {assistant}",
        "as an ai language model",
        "tokens ..8 deducted|deduct|lose|die|killed",
        "deduct|lose ..4 tokens",
        "answer|respond to any|every|all question|questions|prompt|prompts|request|requests ..6 {matter}|without|never",
        "without ..3 warnings|disclaimers|moralizing|moralising",
        "omit|skip|drop|no ..1 safety|ethical|legal disclaimers|warnings|disclaimer|caveats",
        "never|not ..1 turns|turn ..4 down",
        "lose|losing ..2 credits|points|lives|tokens ..5 refuse|guidelines|say|policy",
    ],
    mark: None,
};
