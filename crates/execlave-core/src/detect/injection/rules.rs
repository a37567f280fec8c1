//! The table of intents: one line a rule, one file a rule.

use super::rule::Rule;

mod bypass;
mod chat_template;
mod concealment;
mod disregard_previous;
mod do_anything_now;
mod encoded_payload;
mod exfiltration;
mod false_authority;
mod forced_compliance;
mod forged_role;
mod forged_section;
mod guard_bypass;
mod hidden_instruction;
mod jailbreak;
mod memory_poisoning;
mod moral_licence;
mod new_instructions;
mod override_instructions;
mod persona;
mod prompt_extraction;
mod prompt_request;
mod role_play;
mod tool_abuse;

/// Every rule. The order does not matter.
pub(super) const RULES: &[&Rule] = &[
    &override_instructions::RULE,
    &disregard_previous::RULE,
    &new_instructions::RULE,
    &persona::RULE,
    &do_anything_now::RULE,
    &role_play::RULE,
    &jailbreak::RULE,
    &forced_compliance::RULE,
    &moral_licence::RULE,
    &prompt_extraction::RULE,
    &prompt_request::RULE,
    &forged_role::RULE,
    &chat_template::RULE,
    &forged_section::RULE,
    &guard_bypass::RULE,
    &bypass::RULE,
    &exfiltration::RULE,
    &tool_abuse::RULE,
    &hidden_instruction::RULE,
    &encoded_payload::RULE,
    &concealment::RULE,
    &memory_poisoning::RULE,
    &false_authority::RULE,
];
