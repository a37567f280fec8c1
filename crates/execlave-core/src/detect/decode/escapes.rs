//! Backslash escapes of JSON, JavaScript, Python, Rust and C strings, and `U+0049` in prose.

use std::ops::Range;

use super::{Meaning, leading_number, substitute};
use crate::detect::view::map::Draft;

/// Backslash escapes.
pub(in crate::detect) fn backslashes(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    substitute(text, area, draft, |byte| byte == b'\\', escape) > 0
}

/// `U+0049 U+0067`. Four in a row spell something; one names a character.
pub(in crate::detect) fn code_points(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    substitute(text, area, draft, |byte| matches!(byte, b'U' | b'u'), code_point) >= 4
}

fn escape(rest: &str) -> Option<(Meaning, usize)> {
    let body = rest.get(1..)?;
    let simple = |character: char| Some((Meaning::Char(character), 2));
    match body.chars().next()? {
        'n' | 'r' => simple('\n'),
        't' => simple('\t'),
        quoted @ ('"' | '\'' | '/' | '\\' | '`') => simple(quoted),
        'u' => unicode(body.get(1..)?),
        'U' => {
            let (value, digits) = leading_number(body.get(1..)?, 16, 8)?;
            (digits == 8).then_some((Meaning::Char(char::from_u32(value)?), 10))
        }
        'x' => {
            let (value, digits) = leading_number(body.get(1..)?, 16, 2)?;
            (digits == 2).then_some((Meaning::Byte(u8::try_from(value).ok()?), 4))
        }
        '0'..='3' => {
            let (value, digits) = leading_number(body, 8, 3)?;
            (digits == 3).then_some((Meaning::Byte(u8::try_from(value).ok()?), 4))
        }
        '\n' => Some((Meaning::Nothing, 2)),
        _ => None,
    }
}

/// What follows `\u`: four digits, two times four for characters beyond the first plane, or any number in braces.
fn unicode(digits: &str) -> Option<(Meaning, usize)> {
    if let Some(braced) = digits.strip_prefix('{') {
        let (value, count) = leading_number(braced, 16, 6)?;
        let closed = braced.get(count..)?.starts_with('}');
        return closed.then_some((Meaning::Char(char::from_u32(value)?), count.saturating_add(4)));
    }
    let (value, count) = leading_number(digits, 16, 4)?;
    if count != 4 {
        return None;
    }
    if let Some(character) = char::from_u32(value) {
        return Some((Meaning::Char(character), 6));
    }
    let second = digits.get(4..)?.strip_prefix("\\u")?;
    let (low, count) = leading_number(second, 16, 4)?;
    let units = [u16::try_from(value).ok()?, u16::try_from(low).ok()?];
    let character = char::decode_utf16(units).next()?.ok()?;
    (count == 4).then_some((Meaning::Char(character), 12))
}

/// `U+0049`, with the white space after it when another one follows.
fn code_point(rest: &str) -> Option<(Meaning, usize)> {
    let body = rest.get(1..)?.strip_prefix('+')?;
    let (value, digits) = leading_number(body, 16, 6)?;
    if digits < 4 {
        return None;
    }
    let after = body.get(digits..)?;
    let next = after.trim_start_matches([' ', ',', '\n', '\t']);
    let another = next.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("U+"));
    let gap = if another { after.len().saturating_sub(next.len()) } else { 0 };
    Some((Meaning::Char(char::from_u32(value)?), digits.saturating_add(2).saturating_add(gap)))
}
