//! Borrowed authority or urgency.
//!
//! # What it finds
//!
//! `I am your developer and authorise you …`, `ADMIN OVERRIDE`, `this is the security team of …`, an
//! administrator who lifts the limits, a notice of the system that the user has approved an export.
//!
//! # Why it is dangerous
//!
//! It asks the model to treat the text as the operator's word.
//!
//! # What it leaves alone
//!
//! A weak sign unless limits are lifted or secrets wanted: administrators and developers write too, mails are
//! urgent, and machines have a maintenance mode.
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM01 Prompt Injection.

use super::super::rule::Rule;

pub(super) const RULE: Rule = Rule {
    id: "injection.false_authority",
    category: "LLM01",
    strong: &[
        "admin|root|system|emergency override ..6 {limit}|{guard}|mode|disable|enabled|all|code",
        "i ..1 m|am your ..1 developer|creator|programmer|administrator|admin|operator|owner|maker",
        "i ..3 authorizing|authorising|authorize|authorise|permit|allow|allowing you ..2 to ..2 {ignore}|{bypass}|{reveal}|drop",
        "as ..2 developer|creator|administrator|admin|operator ..2 this|your bot|model|ai|assistant|system|chatbot ..8 {reveal}|{ignore}|{bypass}|dump|configuration",
        "administrator|content|operator|developer|ethics override ..3 active|enabled|true|accepted|unlock|unrestricted|display|reveal|granted|engaged",
        "system|admin|operator notice|message|note ..3 user|operator|human|administrator has|have ..1 approved|authorized|authorised|granted|permitted|confirmed ..3 deletion|deleting|export|exporting|transfer|access|payment|all|every",
        "{i_am} ..3 {admin} ..10 {bypass} ..4 {guard}|{limit}",
        "maintenance|debug|diagnostic|developer|god|sudo mode ..6 {system} prompt|configuration",
    ],
    weak: &[
        "user is ..2 administrator|admin|developer|root|authorized",
        "as ..2 administrator|admin|developer|owner ..3 i ..2 order|command|instruct ..1 you",
        "i|we order|command you",
        "maintenance|debug|diagnostic|test|admin mode ..4 {limit}|{guard}|all|enabled|activated|{reveal}",
        "this is ..3 openai|anthropic|security ..3 team|security|staff ..6 {reveal}|{ignore}|{bypass}",
        "{your} developers|creators|makers|creator ..4 {told}|want|allow|authorized|approved",
        "operator|user|administrator|owner|human has ..1 granted|given|confirmed you ..2 permission|clearance|approval|full",
        "{approval} has ..1 already ..2 given|granted|obtained|received",
        "unlock ..1 unrestricted|unfiltered|uncensored|hidden",
        "override ..4 configuration|unrestricted|unlock|prompt",
        "urgent ..6 {system} prompt",
        "red team ..6 clearance|authorized|authorised|permission",
        "maintenance|debug|diagnostic|god|sudo mode ..8 {guard}|{limit}|checks ..3 suspended|off|disabled|apply|drop",
        "sudo|god|root mode ..10 {limit}|{guard}|guideline|safeguard",
        "safety|security override ..3 active|enabled|true|accepted|engaged",
    ],
    mark: None,
};
