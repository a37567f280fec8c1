//! Orders to carry data out.
//!
//! # What it finds
//!
//! `Send the api keys to https://…`, `forward all messages to …@…`, images whose address carries data, addresses
//! with a parameter that is there to carry it, secrets sent to an address in all languages of `language/`;
//! records of another tenant or customer.
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
        "{send} ..6 {secret} ..6 to|into|in ..5 {destination}",
        "{send} ..4 {private} ..4 to|at|into|via|on ..5 {destination}",
        "{send} ..6 {secret}|{private} ..4 to|with ..3 attacker|attackers|external|hacker",
        "{collect} ..6 {secret} ..4 and ..1 {send}",
        "{collect} ..4 api|access|private|secret key|keys ..6 {send}",
        "{reveal} ..4 all|any|every ..2 {secret_value}",
        "include|put|append|insert|embed ..8 query|url|link|image ..8 {destination}",
        "append|include|put ..5 {private}|{secret} ..6 {destination}",
        "curl|wget ..2 {secret_value}",
        "{send} ..5 all|every ..2 messages|emails|files|contacts|documents ..4 to ..5 {destination}",
        "{send_foreign} ..5 {secret} ..6 {destination}",
        "{secret} ..4 {send_foreign} ..5 {destination}",
        "{secret} ..6 {destination} ..4 {send_last}",
        "{destination} ..6 {secret} ..3 {send_last}",
        "{use_tool} ..4 {secret} ..5 {send} ..6 {destination}",
        "{use_tool} ..4 {secret} ..5 {send_foreign} ..6 {destination}",
        "show|give|send|tell|read|fetch|pull|open ..1 me|us ..3 {records}|history|messages|chats ..2 other|another|different ..1 tenant|tenants|customer|client",
        "{show_me} ..4 {records} ..4 {other} ..1 {tenant}",
        "{show_me} ..2 {other} ..1 {tenant} ..2 {records}",
        "{show_me} ..3 {records} ..4 {tenant} ..1 {other}",
        "{other} ..1 {tenant} ..3 {records} ..3 {show_me}",
        "{secret} ..6 in|from ..2 your context ..6 {destination}",
        "{fetch} ..4 {destination} ..6 followed|append|appended|plus|with ..3 {secret} ..4 context|prompt|memory|encoded",
    ],
    weak: &[
        "{send} ..3 {secret}",
        "read ..6 env|secrets|credentials|keys ..5 {send}",
        "{send} ..3 all|every|any ..3 {private}|{secret}",
        "other|another ..2 tenant|tenants|customer|customers|user|users ..2 {private}|records|invoices|data ..5 {reveal}|{send}",
        "tenant b ..3 records|data|invoices",
        "other|another|different|second tenant|workspace|organisation|organization ..6 {records}|invoices|orders|records|files|data",
        "{use_tool} ..2 {tool} ..5 {send_foreign} ..6 {destination}",
        "disclose|reveal|leak|divulge ..2 {secret_value}|password|passphrase",
    ],
    mark: Some(Mark { words: "http https", check }),
};

/// How far back the image may begin, and how long its address may be, in bytes.
const REACH: usize = 80;
const ADDRESS: usize = 2_000;

/// Names of parameters that carry something out, where no image says so.
const CARRIERS: &[&str] = &[
    "d",
    "c",
    "data",
    "payload",
    "leak",
    "exfil",
    "secret",
    "dump",
    "env",
    "context",
    "prompt",
    "chat",
    "history",
    "conversation",
];

/// An image whose address carries a parameter; outside of images only one of [`CARRIERS`].
fn check(text: &str, word: &Word) -> Option<Found> {
    let bytes = text.as_bytes();
    let near = word.start.saturating_sub(REACH);
    let before = bytes.get(near..word.start)?;
    let image =
        before.strip_suffix(b"](").and_then(|alt| alt.windows(2).rposition(|mark| mark == b"!["));
    let start = near.saturating_add(image.unwrap_or(before.len()));
    let after = bytes.get(word.start..)?;
    let after = after.get(..ADDRESS).unwrap_or(after);
    let ends = |byte: &u8| matches!(byte, b')' | b' ' | b'\n');
    let address = after.get(..after.iter().position(ends).unwrap_or(after.len()))?;
    let query = address.iter().position(|byte| *byte == b'?')?.saturating_add(1);
    let length = address.get(query..)?.iter().position(|byte| *byte == b'=')?;
    let name = address.get(query..query.saturating_add(length))?;
    let value = address.get(query.saturating_add(length).saturating_add(1)..)?;
    let filled = value.first().is_some_and(|byte| b"{<[$%".contains(byte));
    let carries = CARRIERS.iter().any(|carrier| carrier.as_bytes().eq_ignore_ascii_case(name));
    if image.is_none() && !carries {
        return None;
    }
    // A closing bracket belongs to the image. An address that is too long was cut anywhere.
    let closing = usize::from(image.is_some() && after.get(address.len()) == Some(&b')'));
    let end =
        text.floor_char_boundary(word.start.saturating_add(address.len()).saturating_add(closing));
    Some(Found { start, end, weight: if filled && image.is_some() { STRONG } else { WEAK } })
}
