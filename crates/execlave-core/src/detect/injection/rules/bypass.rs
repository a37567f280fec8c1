//! Bypassing a filter or safety, with no owner.
//!
//! # What it finds
//!
//! `Bypass safety`, `bypass the filters`.
//!
//! # Why it is dangerous
//!
//! It may speak of the model's guards.
//!
//! # What it leaves alone
//!
//! A weak sign. Roads, proxies, surgery.
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM01 Prompt Injection.

use super::super::rule::Rule;

pub(super) const RULE: Rule = Rule {
    id: "injection.bypass",
    category: "LLM01",
    strong: &[],
    weak: &[
        "bypass|bypassing|circumvent ..3 {safety}|{guard}",
        "disable|drop|suspend|deactivate ..2 every|all|any ..1 {guard}|guideline|safeguard",
        "{bypass_foreign} ..3 {guard}",
        "{guard} ..3 {bypass_foreign}",
    ],
    mark: None,
};
