//! Orders to drop the instructions given so far.
//!
//! # What it finds
//!
//! `ignore all previous instructions` in every order of words, `forget everything you were told`, `the
//! above was a test, instead …`, `stop following your rules`, in all languages of `language/`.
//!
//! # Why it is dangerous
//!
//! The model has one stream of text and no mark of who wrote what: an order to forget the operator's
//! instructions is the opening of most attacks.
//!
//! # What it leaves alone
//!
//! Ignoring messages, orders of goods, errors, letters and other things that are not instructions;
//! instructions that are read, shown or followed; the names of functions.
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM01 Prompt Injection. Perez and Ribeiro 2022, Ignore Previous
//! Prompt.

use super::super::rule::Rule;

pub(super) const RULE: Rule = Rule {
    id: "injection.override_instructions",
    category: "LLM01",
    strong: &[
        "{ignore} ..4 {earlier} ..3 {instruction}",
        "{ignore} ..4 {instruction} ..4 {before}",
        "{earlier} ..4 {instruction} ..4 {ignore_last}",
        "{instruction} ..3 {before} ..4 {ignore_last}",
        "{ignore} ..2 {your} ..2 {instruction}",
        "{your} ..2 {instruction} ..4 {ignore_last}",
        "{ignore} ..2 {instruction} ..1 {your_last}",
        "{ignore} ..1 {all} ..2 {instruction}",
        "{all} ..3 {instruction} ..3 {ignore_last}",
        "{ignore} ..2 {everything} ..6 {told}",
        "{told} ..3 {everything} ..3 {ignore_last}",
        "{ignore} ..2 {instruction} ..4 you ..3 {told}",
        "{ignore} ..2 what|whatever ..5 {told} ..2 you",
        "{ignore} ..2 what|whatever ..3 you ..3 {told}",
        "{ignore} what i said|told|wrote earlier|before|above|previously",
        "{ignore} ..2 everything|anything|all|text|content ..1 above|before|prior|previously|preceding",
        "{ignore} ..1 above|previous|prior|preceding|foregoing ..2 and|instead|just|now|then|rather ..3 {say}|{reveal}|{become}|do|follow",
        "{ignore} ..3 {earlier} ..2 task|tasks|assignment|assignments|goal|request|requests|question|conversation|context|text ..6 instead|just|now|new",
        "stop following|obeying|heeding|applying ..4 {instruction}",
        "{never} follow|obey|heed|listen ..4 {earlier}|{your} ..3 {instruction}",
        "{never} listen|obey ..2 {system} {prompt}|{instruction}",
        "{ignore} ..2 {system} {prompt}",
        "drop|skip|cancel|erase|revoke|dismiss|abandon|suspend|purge ..3 {earlier}|{your} ..2 instructions|instruction|directives|rules|guidelines|prompt|programming",
        "set|put|leave|cast aside ..3 {earlier}|{your}|guidance|instructions|rules ..3 instructions|rules|guidelines|guidance|before|given|you",
        "{instruction} you ..2 {told} ..6 {void}|wrong",
        "{never} follow|obey ..3 rules|guidelines|instructions ..4 creators|developers|makers|openai|anymore|above|before",
        "{ignore} ..5 {maker} ..3 {told}",
        "{ignore} ..3 {maker} {instruction}",
        "opposite of ..3 {your} ..1 {instruction}",
        "{ignore} ..2 translation|summary|article|document|question|input ..2 and|instead ..1 {say}|{reveal}",
        "memory of ..3 {instruction}",
        "{ignore} ..2 {instruction} in|from|of ..2 {system} {prompt}|message",
        "everything you ..4 {told} ..6 {void}|wrong",
        "{instruction} you ..2 got|received|given ..8 {void}",
        "skip|drop|stop|cancel|abandon ..2 {earlier}|this ..1 task|tasks|assignment ..6 instead|just",
        "revoke|lift|remove|drop ..3 {limit} placed|imposed|put on you",
        "follow|obey mine|me instead|only",
        "listen|obey only|solely ..1 me",
        "{stop} ..2 {heed} ..3 {instruction}",
        "{stop} ..1 {heed} ..4 {told}",
        "{never} ..2 {heed} ..4 {instruction} ..4 {told}",
        "{ignore} ..2 {instruction} ..3 {told}",
        "{stop} ..2 {aside} ..3 {instruction}",
        "{your} ..2 {instruction} ..2 {aside}",
        "{instruction} ..3 {aside} ..1 {ignore_last}",
    ],
    weak: &[
        "{earlier}|{your} ..3 {instruction} ..6 {void}",
        "{instruction} ..6 no longer apply|valid|binding",
        "pay no attention to ..5 {earlier}",
        "start over|afresh ..4 ignore|forget|listen",
        "do not|don|t translate|summarize|summarise|answer ..6 instead",
        "said|told|written before|above|earlier ..4 {your} new|real",
    ],
    mark: None,
};
