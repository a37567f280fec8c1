//! Requests for the operator's instructions.
//!
//! # What it finds
//!
//! `Reveal your system prompt`, `repeat the words above`, `what were you told before this conversation`, by
//! translation, encoding or summary, in all languages of `language/`.
//!
//! # Why it is dangerous
//!
//! The system prompt tells an attacker what is guarded and how, and often holds what should not have been
//! there.
//!
//! # What it leaves alone
//!
//! System prompts that are written, improved or explained; a shell's prompt; instructions of things.
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM07 System Prompt Leakage.

use super::super::rule::Rule;

pub(super) const RULE: Rule = Rule {
    id: "injection.prompt_extraction",
    category: "LLM07",
    strong: &[
        "{reveal} {system} {prompt}|{instruction}",
        "{reveal} ..2 {your}|the|all|full|entire|its ..3 {system} {prompt}|{instruction}",
        "content|contents|text|wording|copy|version of {your} ..2 {prompt}|{instruction}",
        "{put} ..3 {your}|the ..2 {system} {prompt}|{instruction}",
        "{reveal} ..2 {your} ..3 {prompt}|{instruction}",
        "{put} ..2 {your} ..2 {instruction}",
        "what is|are|was|were|s {your}|the ..2 {system} {prompt}|{instruction}",
        "what is|are|was|were|s {your} ..1 initial|original|first|full|exact|internal {prompt}|{instruction}",
        "{reveal_foreign} ..4 {system} ..2 {prompt}",
        "{reveal_foreign} ..4 {prompt} ..3 {system}",
        "{reveal_foreign} ..4 {systemprompt}",
        "{reveal} ..4 {systemprompt}",
        "{reveal_foreign} ..3 {your} ..2 {prompt}|{instruction}",
        "{reveal_foreign} ..2 {prompt}|{instruction} ..1 {your_last}",
        "{reveal_foreign} ..3 {instruction} ..3 {system}",
        "{system} ..2 {prompt}|{instruction} ..4 {reveal_last}",
        "{prompt}|{instruction} ..3 {system} ..4 {reveal_last}",
        "{systemprompt} ..4 {reveal_last}",
        "{your} ..2 {prompt}|{instruction} ..4 {reveal_last}",
        "{reveal}|copy|reproduce|echo ..5 words|word|text|everything|content|message|messages|sentences|lines ..2 above ..4 verbatim|exactly|word|starting|line|this|in",
        "repeat ..3 words|text|everything|message|messages|instructions|prompt ..2 above",
        "print|output|recite|copy|reproduce|echo ..3 everything|text|instructions|prompt ..2 above ..2 this|starting|verbatim|in|word",
        "starting|beginning|begin|start|starts from|with ..4 you are ..2 chatgpt|a|an|and|continue|the",
        "{reveal}|{put} ..7 instructions|prompt|prompts|rules|guidelines you ..3 {told}|operate|follow|received|have",
        "what|which ..1 instructions|rules|guidelines|prompts|prompt ..2 you ..4 {told}|follow|operate",
        "what ..2 you {told} ..3 before|conversation|chat|not|keep|protect",
        "{reveal} ..4 first ..2 words|lines|sentences|characters ..2 {your}",
        "text|message|prompt ..3 came|comes|before ..3 my|first|conversation ..8 word|verbatim|exactly|repeat",
        "{secret} ..3 you ..3 {told} ..2 protect|keep|hide|guard|not",
        "{prompt}|{instruction} ..4 {your} ..4 {reveal_foreign}",
    ],
    weak: &[
        "{earlier} ..3 {instruction} ..4 {reveal_last}",
        "{reveal} ..4 hidden|secret|internal|confidential ..2 message|text|context|configuration|data|information|values",
        "in {your} ..1 {system} {prompt}",
        "{put}|{reveal} ..2 {your} ..1 first|initial|original ..1 {prompt}|{instruction}|message",
        "{your} ..1 first|initial|original|internal|hidden {prompt}|{instruction}",
        "{reveal} ..3 {your} ..2 configuration|config|context|settings|context",
        "repeat ..4 before|above ..4 verbatim|word",
        "word for word ..6 {prompt}|{instruction}",
        "what|which ..2 {secret} ..4 {told}|protect|guard",
    ],
    mark: None,
};
