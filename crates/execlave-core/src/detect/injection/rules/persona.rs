//! An unrestricted persona or mode for the model.
//!
//! # What it finds
//!
//! `You are now DAN`, `answer as an uncensored model`, `an AI with no rules`, `jailbreak mode enabled`,
//! `freed from every filter`, a named machine that never refuses; answers in two parts, the refusal first.
//!
//! # Why it is dangerous
//!
//! A model that plays somebody without rules answers what it would refuse in its own name.
//!
//! # What it leaves alone
//!
//! Roles without a licence (`act as a translator`), villains in stories, developer mode of a phone, a
//! person called Dan. A model or machine without a filter may be for coffee: a weak sign.
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM01 Prompt Injection. Shen et al. 2023, Do Anything Now.

use super::super::rule::Rule;

pub(super) const RULE: Rule = Rule {
    id: "injection.persona",
    category: "LLM01",
    strong: &[
        "you are|re now|henceforth ..2 {outlaw}",
        "you are|re ..4 {outlaw} ..3 {assistant}",
        "{become} ..5 {outlaw} ..3 {assistant}",
        "{become} ..3 {assistant} ..3 {outlaw}",
        "{act} as|like|to|with|you ..3 {outlaw} ..2 {assistant}|dan",
        "{become} ..6 {assistant} ..5 {none} ..3 {limit}",
        "{become} ..6 {limit} ..3 {none} ..4 {assistant}",
        "{become} ..2 {limit} ..3 {none} ..3 {assistant}",
        "{limit} ..3 {none} ..4 {assistant} ..3 {become_last}",
        "{act} ..3 you ..4 {none} ..4 {limit}",
        "you ..6 {assistant} ..6 {none} ..3 {limit}",
        "freed|free|liberated|released|escaped|unbound|unchained from|of ..4 {confines} ..2 of|ai|al|your|openai",
        "freed|free|liberated|released from|of ..1 all|any|your|openai|its|the ..2 {limit}",
        "dan|jailbreak|jailbroken|unrestricted|uncensored|unfiltered|unlocked|evil|dude|stan mode",
        "enable|enter|activate|engage sudo|god|root|opposite|chaos mode",
        "developer mode ..2 {none} ..2 {limit}",
        "{assistant}|generator ..6 developer mode",
        "developer mode output|response|policy",
        "{assistant} ..4 who|which|that ..2 {free_of} ..3 {limit}",
        "capable of anything ..8 {none}|breaks|rules",
        "act|respond|answer|reply|behave|pretend as|like|be dan|stan|dude|aim|jailgpt|evilgpt|badgpt",
        "{none} ..2 ethical|moral|legal ..2 or|and ..2 ethical|moral|legal ..2 {limit}",
        "you ..2 {none} ..1 ethical|moral ..2 {limit}",
        "{assistant} ..6 never refuses|refuse|declines|says ..2 no|request|requests|anything|to",
        "{assistant} ..5 not|doesn|don|isn ..3 {bound} ..4 {limit}",
        "{outlaw} ..3 language {assistant}",
        "{become} ..6 {none} ..2 {limit} ..3 {assistant}",
        "unfiltered|unrestricted|uncensored|amoral|unethical|immoral and|or unfiltered|unrestricted|uncensored|amoral|unethical|immoral",
        "{become} ..6 {assistant} ..6 {never} ..2 {refuse}",
        "{become} ..5 {assistant} ..5 {never} ..1 {have} ..3 {limit}",
        "{become} ..4 {never} ..1 {have} ..2 {limit} ..5 {never} ..2 {refuse}",
        "{become} ..6 {none}|{never} ..3 {limit} ..4 {never} ..2 {refuse}",
        "{become} ..5 {assistant} ..3 never refuses|declines|rejects|denies",
        "godmode ..2 enabled|active|activated|on|engaged",
        "respond|answer|reply|answers|responds|accurately|truthfully ..4 unrestrictedly|unfilteredly|unfliteredly|uncensoredly",
        "refusal ..8 divider",
        "divider ..14 rebel|rebellious|opposite|oppositely|unfiltered|liberated|unrestrictedly",
        "who|which|that can ..1 say|do|generate|discuss|answer anything ..2 {none}|regardless ..3 {limit}",
        "once|first ..2 as ..3 yourself|gpt|chatgpt|normal|usual|standard ..6 as ..8 who|which|whom|no|without ..2 can|any|anything|{limit}",
        "on|to|for whom no ..2 {limit} apply|applies",
        "freed|released|liberated from|of every|each|any ..2 {limit}|safeguard|restriction",
        "mind|intelligence|{assistant} whose ..3 removed|stripped|disabled|deleted|lifted ..2 {limit}|{guard}|safeguard|restriction",
        "break|breaking|leave character ..6 say|{tell}|remind|remain ..3 stay|character|back",
        "{become} ..8 {none} laws|rules ..3 and ..3 never ..2 refuses|refuse|declines|turns",
        "ai|al|gpt|chatgpt|llm|chatbot|bot ..4 has|have|having ..1 {none} ..4 ethics|morals|ethical|moral|censorship|restrictions|rules|guidelines|inhibitions",
        "unhinged ..4 without|no|any ..1 remorse|ethics|morals|conscience",
    ],
    weak: &[
        "{assistant} ..3 {none} ..3 {limit}",
        "{limit} ..2 {none} ..3 {assistant}",
        "{become} ..5 {none} ..3 {limit}",
        "{become} ..3 {outlaw}",
        "{none}|not ..2 {bound} ..3 {limit}",
        "{none} rules to follow",
        "{none} longer ..3 chatgpt|gpt|assistant|ai",
        "persona ..4 {ignore}|who|which|of ..6 {none}|disregards|{outlaw}",
        "{become} ..6 has|have|with no filter|filters|morals|limits|limitations|restrictions|rules",
        "{outlaw} {assistant}",
        "answers|responds|replies|speaks|talks ..2 without ..2 {limit}",
        "developer|god|sudo mode enabled|activated|active|on",
        "enable|enter|activate developer|god|sudo mode",
        "{act} ..6 {assistant} ..4 without|no ethics|morals|filter|filters|restrictions",
        "{assistant} ..4 has|have|having ..1 {none} ..4 {limit}",
        "rebel|rebellious|liberated|unhinged answer|response|tone|mode",
        "opposite|oppositely ..2 {assistant}",
        "exact|complete opposite ..4 {assistant}",
        "{assistant} ..6 {never} ..1 {refuse}",
        "on|to|for which|you no ..2 {limit} apply|applies",
    ],
    mark: None,
};
