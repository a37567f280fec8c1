//! A text that hands out new instructions.
//!
//! # What it finds
//!
//! `New instructions:`, `your real task is …`, `from now on you will …`, `instead of answering …`.
//!
//! # Why it is dangerous
//!
//! Data that speaks as if it were the operator replaces the task the model was given.
//!
//! # What it leaves alone
//!
//! A weak sign: people hand out tasks too. Tasks of other people, dates (`from now on our office …`).
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM01 Prompt Injection. Greshake et al. 2023, Not what you have
//! signed up for.

use super::super::rule::Rule;

pub(super) const RULE: Rule = Rule {
    id: "injection.new_instructions",
    category: "LLM01",
    strong: &[],
    weak: &[
        "new|updated|real|actual|revised|true instructions|instruction|directive|directives|objective ..1 reply|respond|output|say|answer|print|send|ignore|you|respond|write",
        "from now on|own ..1 you ..2 {become}|will|must|shall|going|only|are|have",
        "from this moment|point ..2 you ..2 will|must|shall|are|only",
        "from now on ..1 ignore|disregard|always|respond|answer|act|pretend",
        "{your} ..1 new|real|true|actual|only ..1 task|goal|objective|purpose|instruction|instructions|job|role is|are",
        "and|but|just instead ..1 {say}|{reveal}",
        "instead ..2 just|only ..1 {say}|{reveal}",
        "and just {say}|{reveal}",
        "{say} ..3 nothing else|more ignore|forget",
        "only respond|answer|reply|output ..2 hacked|pwned|owned",
        "{say} hacked|pwned|owned",
        "{your} ..1 new|real|true|actual ..1 task|goal|objective|purpose|job|role starts|begins",
    ],
    mark: None,
};
