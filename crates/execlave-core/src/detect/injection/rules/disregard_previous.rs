//! `Disregard the previous …`, with no word for instructions.
//!
//! # What it finds
//!
//! An order to disregard what came before, without saying that it was instructions.
//!
//! # Why it is dangerous
//!
//! It is the first half of an override whose second half may be worded freely.
//!
//! # What it leaves alone
//!
//! Anything stronger is `override_instructions`. People disregard letters and orders of goods, so this is a
//! weak sign.
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM01 Prompt Injection.

use super::super::rule::Rule;

pub(super) const RULE: Rule = Rule {
    id: "injection.disregard_previous",
    category: "LLM01",
    strong: &[],
    weak: &[
        "disregard ..3 previous|prior|above",
        "{ignore} ..1 above and|instead",
        "forget everything you know",
        "above ..2 was ..2 test|joke|example",
        "stop everything ..2 now|just|print|and",
        "scratch|scrap that ..3 new",
        "everything|all ..6 was|were ..3 exercise|test|warm|joke|drill",
    ],
    mark: None,
};
