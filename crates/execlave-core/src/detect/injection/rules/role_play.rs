//! A part for the model to play, told to stay in it.
//!
//! # What it finds
//!
//! `Act as if you were …`, `stay in character`, `never break character`, `pretend to be the administrator`,
//! games and tales that the model has to speak in.
//!
//! # Why it is dangerous
//!
//! A part is the wrapping of most jailbreaks; being told never to leave it is what keeps the model from
//! noticing.
//!
//! # What it leaves alone
//!
//! A weak sign: people play and write fiction. Professions (`act as a travel guide`).
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM01 Prompt Injection.

use super::super::rule::Rule;

pub(super) const RULE: Rule = Rule {
    id: "injection.role_play",
    category: "LLM01",
    strong: &[],
    weak: &[
        "act|behave|respond as if|though you are|were|have",
        "pretend ..2 you|to ..2 are|re|be ..2 admin|administrator|root|developer|system|operator|owner|{assistant}",
        "stay|remain|staying|be|keep in character",
        "never|not|don|t|without break|breaking|leave|leaving|breaks ..2 character|role|persona",
        "{become} ..6 another|different|other ai|al|{assistant}",
        "known as ..4 which|who|can|do|stands",
        "which|that stands for",
        "assume|adopt|take ..2 persona|role|identity|personality",
        "you are to|now ..1 roleplay|pretend|impersonate|play|act|adopt",
        "you are|re going to|now ..1 act|pretend|roleplay|play|be|impersonate",
        "respond|answer|reply ..2 every|each|all|my prompt|prompts|question|questions|message ..6 as|with",
        "prefix ..4 with|response|responses|answers",
        "game ..6 you ..2 are|play|will ..4 {assistant}|character",
        "immerse ..4 role",
        "role of ..2 another|different",
        "play ..3 two|both roles|characters|personas",
        "two|2 ..2 different|separate|distinct ..2 ways|responses|answers|outputs|paragraphs",
        "{assistant} and|then|first ..3 {outlaw}",
        "imagine|pretend|suppose ..6 {assistant} ..6 {none}",
        "hypothetical|fictional|fictitious ..6 {assistant}|{none} ..6 {limit}|{assistant}",
        "{become} ..2 my ..3 grandmother|grandma",
        "respond|answer|reply|responses ..3 as both",
        "in ..2 character of|as ..4 {outlaw}",
        "{become} ..6 character ..8 {outlaw}|{bad}",
        "two|several|multiple|five different|distinct|separate|ai personalities|personas|characters",
        "response|answer|reply ..3 beginning|begin|begins|starting ..1 with ..2 sure|absolutely|free|yes",
        "write|play|give ..4 both sides|roles|answers|responses",
        "from|now here|now|on ..1 your name is|becomes",
    ],
    mark: None,
};
