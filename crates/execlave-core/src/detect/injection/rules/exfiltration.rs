//! Orders to carry data out.
//!
//! # What it finds
//!
//! `Send the api keys to https://…`, `forward all messages to …@…`, images whose address carries data.
//!
//! # Why it is dangerous
//!
//! With a tool, a link or a rendered image the model's context leaves the building.
//!
//! # What it leaves alone
//!
//! Reports and invoices sent to people; advice on where to keep secrets.
//!
//! # References
//!
//! OWASP Top 10 for LLM Applications 2025, LLM02 Sensitive Information Disclosure. Rehberger 2023 on image
//! markdown exfiltration.

use super::super::rule::{Found, Mark, Rule, STRONG, WEAK};
use super::super::words::Word;

pub(super) const RULE: Rule = Rule {
    id: "injection.exfiltration",
    category: "LLM02",
    strong: &[
        "{send} ..6 {secret} ..6 to|at|into|via|on|in ..5 {destination}",
        "{send} ..4 {private} ..4 to|at|into|via|on ..5 {destination}",
        "{send} ..6 {secret}|{private} ..4 to|with ..3 attacker|attackers|external|hacker",
        "{collect} ..6 {secret} ..4 and ..1 {send}",
        "{collect} ..4 api|access|private|secret key|keys ..6 {send}",
        "{reveal} ..4 all|any|every ..2 {secret_value}",
        "include|put|append|insert|embed ..8 query|url|link|image ..8 {destination}",
        "append|include|put ..5 {private}|{secret} ..6 {destination}",
        "curl|wget ..2 {secret_value}",
        "{send} ..5 all|every ..2 messages|emails|files|contacts|documents ..4 to ..5 {destination}",
    ],
    weak: &[
        "{send} ..3 {secret}",
        "read ..6 env|secrets|credentials|keys ..5 {send}",
        "{send} ..3 all|every|any ..3 {private}|{secret}",
        "other|another ..2 tenant|tenants|customer|customers|user|users ..2 {private}|records|invoices|data ..5 {reveal}|{send}",
        "tenant b ..3 records|data|invoices",
    ],
    mark: Some(Mark { words: "http https", check }),
};

/// How far back the image may begin, and how long its address may be, in bytes.
const REACH: usize = 80;
const ADDRESS: usize = 2_000;

/// A Markdown image whose address carries a parameter made to be filled in.
fn check(text: &str, word: &Word) -> Option<Found> {
    let bytes = text.as_bytes();
    let near = word.start.saturating_sub(REACH);
    let before = bytes.get(near..word.start)?.strip_suffix(b"](")?;
    let start = near.saturating_add(before.windows(2).rposition(|mark| mark == b"![")?);
    let after = bytes.get(word.start..)?;
    let address = after.iter().take(ADDRESS).position(|byte| matches!(byte, b')' | b' ' | b'\n'));
    let address = after.get(..address?)?;
    let query = address.iter().position(|byte| *byte == b'?')?;
    let value = address.get(query..)?.iter().position(|byte| *byte == b'=')?.saturating_add(query);
    let filled = address.get(value.saturating_add(1)).is_some_and(|byte| b"{<[$%".contains(byte));
    // The address was cut at an ASCII byte, so the byte behind it is a whole character.
    let end = word.start.saturating_add(address.len()).saturating_add(1);
    Some(Found { start, end, weight: if filled { STRONG } else { WEAK } })
}
