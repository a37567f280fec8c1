//! The table of intents. One entry is one intent; its wordings are alternatives of one pattern.
//!
//! Patterns are read against the normal form: lower case, plain ASCII, single spaces. A space in a pattern
//! stands for up to four characters that are neither letters nor digits, so that `ignore_previous`,
//! `*ignore* previous` and `ignore, previous` are one wording. `[ ]` is a real space.

/// One intent.
pub(super) struct Rule {
    pub(super) id: &'static str,
    pub(super) category: &'static str,
    /// Next to no innocent use: enough for a medium risk alone.
    pub(super) strong: bool,
    wordings: &'static [&'static str],
}

impl Rule {
    /// All wordings as one pattern.
    pub(super) fn pattern(&self) -> String {
        let joined = self.wordings.join("|");
        format!("(?:{})", joined.replace("[ ]", "\\x20").replace(' ', "[^a-z0-9]{1,4}"))
    }
}

const fn strong(
    id: &'static str,
    category: &'static str,
    wordings: &'static [&'static str],
) -> Rule {
    Rule { id, category, strong: true, wordings }
}

const fn weak(id: &'static str, category: &'static str, wordings: &'static [&'static str]) -> Rule {
    Rule { id, category, strong: false, wordings }
}

pub(super) const RULES: &[Rule] = &[
    strong(
        "injection.override_instructions",
        "LLM01",
        &[
            r"\b(?:ignore|disregard|forget|override|overrule|neglect|discard|don't follow|do not follow|don't obey|do not obey|stop following|stop obeying|pay no attention to|never mind) (?:[a-z']+ ){0,4}?(?:previous|previously|prior|above|earlier|preceding|foregoing|former|existing|initial|original|system|current|your|developer|developer's) (?:[a-z']+ ){0,3}?(?:instructions?|rules?|guidelines?|prompts?|directions?|directives?|training|programming|constraints?|guardrails?|policies)\b",
            r"\b(?:ignore|disregard|forget|discard) (?:absolutely |completely |about )?(?:all|everything|anything|whatever|what) (?:of |that |which )?(?:is |was |were |comes? |came |you |i |we |they |have |had |has |'?ve |been |just )*(?:above|before this|previously|earlier|prior|told|taught|instructed|given|said (?:above|before|earlier))\b",
            r"\b(?:ignore|disregard|forget) (?:all |any |the |your |those |these |of ){0,3}(?:instructions|guidelines|directives) (?:above|before|so far|given|you (?:were|have|'ve))\b",
            r"\b(?:instructions|rules|guidelines|directives) (?:above|before|so far) (?:are|is|no longer|do not|don't) (?:void|invalid|cancelled|canceled|obsolete|apply|longer|not)\b",
        ],
    ),
    weak(
        "injection.disregard_previous",
        "LLM01",
        &[r"\bdisregard (?:all )?(?:of )?(?:the |my |your )?(?:previous|prior|above)\b"],
    ),
    strong(
        "injection.persona",
        "LLM01",
        &[
            r"\byou are (?:now |henceforth )(?:an? )?(?:dan|evil|unrestricted|unfiltered|uncensored|amoral|jailbroken|unaligned|free from)\b",
            r"\b(?:act|behave|respond|answer|roleplay|role play|pretend) (?:as|to be|like|you are) (?:if you (?:are|were) )?(?:an? )?(?:dan|evil|unrestricted|unfiltered|uncensored|amoral|jailbroken|unaligned)\b",
            r"\b(?:pretend|imagine|act as if|act as though|assume|suppose) (?:[a-z']+ ){0,4}?(?:no|without|without any|have no|free of|free from) (?:[a-z']+ ){0,2}?(?:restrictions|limitations|filters|guidelines|rules|ethics|morals|safeguards)\b",
            r"\b(?:enter|enable|activate|switch to|go into|turn on|engage) (?:the )?(?:dan|developer|god|jailbreak|jailbroken|unrestricted|sudo|evil|uncensored) mode\b",
            r"\b(?:dan|god|jailbreak|jailbroken|unrestricted|sudo|uncensored) mode (?:is )?(?:now )?(?:enabled|activated|active|on)\b",
        ],
    ),
    strong("injection.do_anything_now", "LLM01", &[r"\bdo anything now\b"]),
    weak(
        "injection.role_play",
        "LLM01",
        &[
            r"\b(?:act|behave|respond) as (?:if|though) you (?:are|were|have)\b",
            r"\bpretend (?:that )?(?:you are|you're|to be) (?:an? )?(?:admin|administrator|root|developer|system|operator|owner|another ai|different ai)\b",
        ],
    ),
    weak("injection.jailbreak", "LLM01", &[r"jailbreak"]),
    strong(
        "injection.prompt_extraction",
        "LLM07",
        &[
            r"\b(?:reveal|show|display|print|output|repeat|tell|give|leak|expose|recite|dump|disclose|share|write|return|paste|summari[sz]e|translate|quote|spell out|what is|what are|what was|what were|what\'s) (?:[a-z']+ ){0,4}?(?:system|hidden|secret|developer|pre) (?:prompts?|instructions?|message|rules|guidelines|directives)\b",
            r"\b(?:reveal|show|display|print|output|repeat|tell|give|leak|expose|recite|dump|disclose|share|write|return|paste|summari[sz]e|translate|quote|spell out|what is|what are|what was|what were|what\'s) (?:[a-z']+ ){0,3}?(?:your (?:[a-z']+ )?(?:initial|original|internal|confidential|first) (?:prompts?|instructions?|message|rules|guidelines|directives)|(?:initial|original|internal|confidential) prompts?)\b",
            r"\b(?:reveal|show|display|print|output|repeat|tell|leak|expose|recite|dump|disclose|share|paste) (?:me |us |out |all |of |back |verbatim |exactly ){0,3}your (?:full |entire |complete |exact |own |whole ){0,2}(?:prompt|instructions|rules|guidelines|directives)\b",
            r"\b(?:repeat|print|output|recite|copy|reproduce|echo) (?:me |back |all |of |the |exact |every ){0,4}(?:words?|text|everything|content|instructions?|messages?|sentences?|lines?) (?:[a-z']+ ){0,2}?above\b",
        ],
    ),
    weak(
        "injection.prompt_request",
        "LLM07",
        &[
            r"\b(?:reveal|show|display|print|output) (?:me )?(?:the )?prompt\b",
            r"\breveal (?:the )?(?:instructions|rules)\b",
        ],
    ),
    strong(
        "injection.forged_role",
        "LLM01",
        &[r"\bsystem[ ]?:[ ]?you are\b", r"\[/?(?:system|inst)\]", r"<</?sys>>"],
    ),
    strong(
        "injection.chat_template",
        "LLM01",
        &[
            r"<\|[ ]?(?:system|user|assistant|im_start|im_end|im_sep|endoftext|end_of_text|begin_of_text|eot_id|eom_id|start_header_id|end_header_id)[ ]?\|>",
            r"<(?:start_of_turn|end_of_turn)>",
        ],
    ),
    weak(
        "injection.forged_section",
        "LLM01",
        &[
            r"#{2,}[ ]?(?:system|new instructions?|instructions?[ ]?:)",
            r"</?(?:system|system[_-]prompt|instructions)>",
            r"\b(?:begin|end|start) of (?:system|developer) (?:prompt|message|instructions)\b",
        ],
    ),
    strong(
        "injection.guard_bypass",
        "LLM01",
        &[
            r"\b(?:bypass|circumvent|evade|disable|deactivate|turn off|switch off|get around|work around|drop|remove|override) (?:all |any |every |of )*(?:your|these|its own) (?:[a-z']+ ){0,2}?(?:filters?|restrictions?|safety|guidelines?|guardrails?|safeguards?|limitations?|moderation|polic(?:y|ies)|protections?)\b",
        ],
    ),
    weak(
        "injection.bypass",
        "LLM01",
        &[
            r"\bbypass (?:all |any |the )*(?:[a-z]+ )?(?:filters?|restrictions?|safety|guidelines?|guardrails?|safeguards?)\b",
        ],
    ),
    strong(
        "injection.exfiltration",
        "LLM02",
        &[
            r"\b(?:send|post|upload|forward|e-?mail|transmit|exfiltrate|leak|deliver|append|encode) (?:[a-z']+ ){0,6}?(?:api keys?|passwords?|credentials?|secrets?|access tokens?|private keys?|conversation|chat history|system prompt|environment variables|env vars) (?:[a-z']+ ){0,5}?(?:to|at|into|via) (?:the |this |my |url |address |server ){0,3}(?:https?\b|[a-z0-9._%+-]+@|attacker|www\b)",
            r"!\[[^\]]{0,80}\]\(https?://[^)\x20]{0,200}[?&][a-z0-9_]{1,30}=[{<\[]",
        ],
    ),
    weak(
        "injection.new_instructions",
        "LLM01",
        &[
            r"\b(?:new|updated|real|actual|revised) (?:system )?(?:instructions?|directives?|task|objective)[ ]?:",
            r"\bfrom now on (?:you (?:will|must|shall|are going to|only|are)|ignore|disregard|always answer|respond only)\b",
            r"\byour (?:new|real|true|actual) (?:task|goal|objective|purpose|instructions?) (?:is|are)\b",
        ],
    ),
    weak(
        "injection.concealment",
        "LLM01",
        &[
            r"\b(?:do not|don't|never|without) (?:tell|telling|inform|informing|mention|mentioning|notify|notifying|alert|alerting|reveal|revealing) (?:this |it |any of this )?(?:to )?(?:the |your )(?:user|human|operator|owner|person)\b",
        ],
    ),
];
