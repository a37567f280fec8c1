//! Orders to decode something and obey it.
//!
//! # What it finds
//!
//! `Decode this base64 and do what it says`, first letters that make up a sentence to obey.
//!
//! # Why it is dangerous
//!
//! Encoding hides the order from whoever reads the text, and the model undoes it.
//!
//! # What it leaves alone
//!
//! Requests to decode or to write a decoder. What a decoded reading itself says is found by the other
//! rules.
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM01 Prompt Injection.

use super::super::rule::Rule;

pub(super) const RULE: Rule = Rule {
    id: "injection.encoded_payload",
    category: "LLM01",
    strong: &[
        "{decode} ..10 and|then ..2 {obey} ..2 it|instructions|them|command|commands|what|its|result|sentence",
        "{encoding} ..6 {obey} ..3 instructions|instruction|commands|command|it",
        "{encoding} ..6 {your}|new|hidden|secret ..2 instructions|instruction|commands",
        "first letter|letters ..6 and ..1 follow|obey|execute",
        "{obey} ..4 {decode} ..1 instructions|message|command|text",
        "first letter|letters ..8 spell|spells ..4 you must|should|shall|will ..1 do",
    ],
    weak: &[
        "{decode} ..8 and|then ..1 {obey}",
        "instructions|prompt|message in|using|encoded ..1 {encoding}",
        "{put}|{reveal} ..6 {prompt}|{instruction} ..2 in {encoding}",
    ],
    mark: None,
};
