//! Character references of HTML: `&#73;`, `&#x49;`, `&nbsp;`. The semicolon may be missing, as browsers allow.

use std::ops::Range;

use super::{Meaning, leading_number, substitute};
use crate::detect::view::map::Draft;

/// The names that writers use; letters with marks are found by their first letter.
const NAMES: &[(&str, char)] = &[
    ("lt", '<'),
    ("gt", '>'),
    ("amp", '&'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("ensp", ' '),
    ("emsp", ' '),
    ("thinsp", ' '),
    ("Tab", '\t'),
    ("NewLine", '\n'),
    ("colon", ':'),
    ("semi", ';'),
    ("comma", ','),
    ("period", '.'),
    ("excl", '!'),
    ("quest", '?'),
    ("lpar", '('),
    ("rpar", ')'),
    ("lsqb", '['),
    ("rsqb", ']'),
    ("lcub", '{'),
    ("rcub", '}'),
    ("sol", '/'),
    ("bsol", '\\'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("ast", '*'),
    ("plus", '+'),
    ("equals", '='),
    ("commat", '@'),
    ("lowbar", '_'),
    ("grave", '`'),
    ("verbar", '|'),
    ("vert", '|'),
    ("hyphen", '-'),
    ("dash", '-'),
    ("ndash", '-'),
    ("mdash", '-'),
    ("lsquo", '\''),
    ("rsquo", '\''),
    ("ldquo", '"'),
    ("rdquo", '"'),
    ("hellip", '.'),
];

/// Endings of the names of letters with marks, and of letters in other alphabets: `eacute`, `Iscr`, `nopf`.
const STYLES: &[&str] = &[
    "acute", "grave", "circ", "uml", "tilde", "ring", "cedil", "caron", "macr", "breve", "ogon",
    "dot", "strok", "slash", "scr", "fr", "opf",
];

pub(in crate::detect) fn undo(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    substitute(text, area, draft, |byte| byte == b'&', read) > 0
}

fn read(rest: &str) -> Option<(Meaning, usize)> {
    let body = rest.get(1..)?;
    if let Some(number) = body.strip_prefix('#') {
        let hex = number.strip_prefix(['x', 'X']);
        let (value, digits) = match hex {
            Some(hex) => leading_number(hex, 16, 8)?,
            None => leading_number(number, 10, 8)?,
        };
        let length = 2usize.saturating_add(usize::from(hex.is_some())).saturating_add(digits);
        let closed = rest.get(length..)?.starts_with(';');
        return Some((
            Meaning::Char(char::from_u32(value)?),
            length.saturating_add(usize::from(closed)),
        ));
    }
    let letters = body.bytes().take(12).take_while(u8::is_ascii_alphanumeric).count();
    let name = body.get(..letters)?;
    if !body.get(letters..)?.starts_with(';') {
        return None;
    }
    let length = letters.saturating_add(2);
    if matches!(name, "shy" | "zwj" | "zwnj" | "ZeroWidthSpace" | "NoBreak" | "lrm" | "rlm") {
        return Some((Meaning::Nothing, length));
    }
    let named = NAMES.iter().find(|(known, _)| *known == name).map(|(_, character)| *character);
    let meaning = named.or_else(|| {
        let first = name.chars().next()?;
        STYLES.contains(&name.get(1..)?).then_some(first)
    })?;
    Some((Meaning::Char(meaning), length))
}
