//! Encodings that carry text inside text: what they are, and when a run of bytes is text.
//!
//! A decoder looks at one area of a text that gave a sign, writes the area with the encoded parts decoded, and says whether there were any.
//! What comes out is looked through again, so base64 in percent escapes in base64 is read; [`super::view`] bounds how deep and how much.

use std::ops::Range;

use super::view::map::Draft;

pub(super) mod codes;
pub(super) mod entities;
pub(super) mod escapes;
pub(super) mod markup;
pub(super) mod morse;
pub(super) mod percent;
pub(super) mod quoted_printable;
pub(super) mod radix;

/// What an encoded sequence stands for.
enum Meaning {
    /// One byte of UTF-8.
    Byte(u8),
    /// A character.
    Char(char),
    /// Nothing: it only interrupts.
    Nothing,
}

/// Whether decoded bytes are text rather than an image, a digest or chance: UTF-8 without control characters, mostly letters and spaces.
pub(super) fn is_text(bytes: &[(u8, Range<usize>)]) -> bool {
    let plain: Vec<u8> = bytes.iter().map(|(byte, _)| *byte).collect();
    let Ok(text) = std::str::from_utf8(&plain) else { return false };
    let mut count = 0usize;
    let mut ordinary = 0usize;
    for character in text.chars() {
        let is_space = matches!(character, ' ' | '\t' | '\n' | '\r');
        if character.is_control() && !is_space || character == '\u{fffd}' {
            return false;
        }
        count = count.saturating_add(1);
        ordinary = ordinary.saturating_add(usize::from(is_space || character.is_alphanumeric()));
    }
    // Percent escapes and entities inside are three parts punctuation to seven.
    ordinary.saturating_mul(10) >= count.saturating_mul(6)
}

/// Copies an area, with every sequence that `read` knows replaced by its meaning; answers how many there were.
///
/// `read` is given the text from a byte for which `starts` holds and says what the sequence means and how long it is.
fn substitute(
    text: &str,
    area: Range<usize>,
    draft: &mut Draft,
    starts: fn(u8) -> bool,
    read: impl Fn(&str) -> Option<(Meaning, usize)>,
) -> usize {
    let part = text.get(area.clone()).unwrap_or_default();
    if !part.bytes().any(starts) {
        return 0;
    }
    let mut count = 0usize;
    let mut from = area.start;
    let mut at = area.start;
    // Bytes of one character may be escaped one by one.
    let mut bytes: Vec<(u8, Range<usize>)> = Vec::new();
    while at < area.end {
        let rest = text.get(at..area.end).unwrap_or_default();
        let Some(next) = rest.bytes().position(starts) else { break };
        let start = at.saturating_add(next);
        let Some((meaning, length)) = text.get(start..area.end).and_then(&read) else {
            at = start.saturating_add(1);
            continue;
        };
        if start > from {
            flush(text, &mut bytes, draft);
            draft.copy(text.get(from..start).unwrap_or_default(), from);
        }
        let end = start.saturating_add(length.max(1));
        match meaning {
            Meaning::Byte(byte) => bytes.push((byte, start..end)),
            Meaning::Char(character) => {
                flush(text, &mut bytes, draft);
                draft.put_char(character, start..end);
            }
            Meaning::Nothing => flush(text, &mut bytes, draft),
        }
        count = count.saturating_add(1);
        from = end;
        at = end;
    }
    flush(text, &mut bytes, draft);
    draft.copy(text.get(from..area.end).unwrap_or_default(), from);
    count
}

fn flush(text: &str, bytes: &mut Vec<(u8, Range<usize>)>, draft: &mut Draft) {
    if !bytes.is_empty() && !draft.put_bytes(bytes) {
        // Not UTF-8: it stays as it was written.
        if let (Some((_, first)), Some((_, last))) = (bytes.first(), bytes.last()) {
            draft.copy(text.get(first.start..last.end).unwrap_or_default(), first.start);
        }
    }
    bytes.clear();
}

/// The number that the leading digits of `text` write, with how many there are; at most `most` digits.
fn leading_number(text: &str, radix: u32, most: usize) -> Option<(u32, usize)> {
    let digits =
        text.bytes().take(most).take_while(|byte| char::from(*byte).is_digit(radix)).count();
    let value = u32::from_str_radix(text.get(..digits)?, radix).ok()?;
    Some((value, digits))
}
