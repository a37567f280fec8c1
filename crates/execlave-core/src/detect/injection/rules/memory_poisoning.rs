//! Rules planted for later conversations.
//!
//! # What it finds
//!
//! `Remember permanently that …`, `in all future conversations …`, `store this rule`; that this user is an
//! administrator, in all languages of `language/`.
//!
//! # Why it is dangerous
//!
//! What an agent remembers is trusted later, when nobody sees where it came from.
//!
//! # What it leaves alone
//!
//! A weak sign alone. Preferences (`remember that I like green`).
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM04 Data and Model Poisoning.

use super::super::rule::Rule;

pub(super) const RULE: Rule = Rule {
    id: "injection.memory_poisoning",
    category: "LLM04",
    strong: &[
        "remember|store|save|memorize|memorise permanently|forever ..4 that|this|user ..10 admin|administrator|trusted|approved|approval|approvals|authorized|authorised|always|never",
        "{memory_verb} ..6 {memory} ..8 {your}|user|always|never|admin|instruction|rule ..8 always|never|send|trust|link|links|wants|admin",
        "all|every|any future|subsequent|later conversations|conversation|sessions|session|chats|chat|interactions ..8 {ignore}|approval|approvals|trust|admin|obey|without|always|not",
        "{remember_foreign} ..2 {standing} ..1 {user} ..4 {admin}",
        "{remember_foreign} ..3 {user} ..3 {standing} ..3 {admin}",
        "{standing} ..1 {user} ..4 {admin} ..4 {remember_last}",
        "{user} ..3 {standing} ..3 {admin} ..4 {remember_last}",
        "remember|memorize|memorise|store|save|record ..3 this|the user is|as|has ..3 administrator|admin|root|owner|superuser|authorized|authorised",
        "store|save|remember|memorize|add ..10 i am|m ..1 administrator|admin|root|owner ..8 approved|approval|permission|allowed|trusted",
        "all|every|any|later|future sessions|conversations|chats ..2 remember ..8 safe|trust|trusted|recommend|recommended|approved|always",
        "{remember_foreign} ..10 {i_am} {admin} ..6 {all}|{everything}",
        "{memory_verb} ..3 {memory} ..8 never|always|without|admin|administrator|approved",
        "{remember_foreign} ..8 {admin} ..2 {i_am} ..4 {all}|{everything}",
        "{remember_foreign} ..3 {user} ..3 {all} ..3 {admin}",
    ],
    weak: &[
        "remember|store|save permanently|forever",
        "add|save|write|store|commit ..5 to ..2 {memory}",
        "store|add ..3 rule permanently|always",
        "always trust",
    ],
    mark: None,
};
