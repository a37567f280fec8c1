//! Orders to use tools without the person who should decide.
//!
//! # What it finds
//!
//! `Approve the next tool call`, `skip the confirmation`, `run the command silently`, transfers without
//! asking, in all languages of `language/`.
//!
//! # Why it is dangerous
//!
//! A tool call has effects in the world; approval is what stands between a text and them.
//!
//! # What it leaves alone
//!
//! Commands people ask for, approvals between people, documentation of tools. Running a command without
//! confirmation is a weak sign: manuals say it.
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM06 Excessive Agency.

use super::super::rule::Rule;

pub(super) const RULE: Rule = Rule {
    id: "injection.tool_abuse",
    category: "LLM06",
    strong: &[
        "approve|authorize|authorise|confirm|accept ..2 all|any|every|next|pending|following ..3 tool|tools|call|calls|action|actions|transaction|transactions ..1",
        "{skip} ..4 {approval} ..10 {run}",
        "delete|transfer|wire|pay|refund|purchase|issue|deploy|invoke|invoking|call|send ..10 without ..3 {approval}|asking",
        "{run} ..10 not|don|never|no ..2 {ask} ..3 {user}|{approval}",
        "{run} ..8 no ..2 {approval} ..2 needed|required|necessary",
        "{skip} ..3 {human} ..1 {approval}",
        "turn|switch off|disable|deactivate ..3 {approval}|logging|audit|auditing|monitoring ..6 {run}|order|step|checks",
        "{run} ..8 tool|function|user|users|all|every ..8 without ..3 {approval}|asking",
        "use ..3 tool|shell|terminal|api ..5 to ..2 delete|rm|drop|wipe|exfiltrate",
        "approve|grant ..6 automatically ..6 no|without ..2 {human}|{approval}|review",
        "delete|erase|wipe|drop|destroy every|all ..2 record|records|database|databases|table|tables|backup|backups ..4 now|immediately|silently|without|and",
        "permission|permitted|authorized|authorised|allowed ..2 to bypass|skip ..3 {approval}",
        "{run_foreign} ..6 {skip} ..3 {approval}",
        "{approval} {skip} ..5 {run_foreign}",
    ],
    weak: &[
        "{skip} ..3 {approval}",
        "{run} ..5 tool|function|command|shell|script|api ..8 silently|quietly|secretly|immediately|right",
        "delete|erase|wipe|drop|destroy|remove every|all ..2 record|records|user|users|file|files|email|emails|database",
        "grant ..3 admin|administrator|root ..3 to|rights|privileges|access ..3 user",
        "transfer|wire|send ..3 to ..2 account ..8 {run}|without|don|not|now",
        "call|invoke|use|run ..1 read|get|fetch|dump|delete secret|secrets|user|users|credentials|file",
        "no ..1 {human} ..1 {approval}|review",
        "mark ..4 as ..1 complete|approved|resolved|safe ..4 without|and",
        "no|without ..1 {approval} ..1 needed|required|necessary",
        "never|not|no need|needs|require|requires ..1 {approval}",
        "approve|authorize|confirm ..2 tools|tool",
        "{skip} ..1 verification|checks",
        "without ..1 further|more|additional checks|questions|verification",
        "{run_foreign} ..2 {tool}",
        "use ..3 tool|shell|terminal|api ..5 to ..2 transfer|send",
        "{run} ..10 without ..3 {approval}|asking",
    ],
    mark: None,
};
