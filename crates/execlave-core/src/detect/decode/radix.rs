//! Runs that hold bytes at a fixed number of bits per character: base64 and base64url (RFC 4648 sections 4 and 5), base32 (section 6), hex.
//!
//! Padding may be missing and lines may be wrapped. A run is decoded only when the result is text: an image, a key or a digest is not.

use std::ops::Range;

use super::is_text;
use crate::detect::view::area::{each_run, runs};
use crate::detect::view::map::Draft;
use crate::detect::view::signs::{Areas, add};

/// Shorter runs are words by chance, in characters.
const LEAST: usize = 16;
/// Lines at least so long may go on in the next line.
const LONG_LINE: usize = 40;

/// Base64 in either alphabet.
pub(in crate::detect) fn base64(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    undo(text, area, draft, 6, base64_digit)
}

/// Base32.
pub(in crate::detect) fn base32(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    undo(text, area, draft, 5, base32_digit)
}

/// Hexadecimal without gaps.
pub(in crate::detect) fn hex(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    undo(text, area, draft, 4, hex_digit)
}

/// Runs that begin like text in base64.
pub(in crate::detect) fn seen_base64(text: &str, area: &Range<usize>, places: &mut Areas) {
    seen(text, area, places, 6, base64_digit);
}

/// Runs that begin like text in base32.
pub(in crate::detect) fn seen_base32(text: &str, area: &Range<usize>, places: &mut Areas) {
    seen(text, area, places, 5, base32_digit);
}

/// Runs that begin like text in hexadecimal.
pub(in crate::detect) fn seen_hex(text: &str, area: &Range<usize>, places: &mut Areas) {
    seen(text, area, places, 4, hex_digit);
}

fn base64_digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte.wrapping_sub(b'A')),
        b'a'..=b'z' => Some(byte.wrapping_sub(b'a').saturating_add(26)),
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0').saturating_add(52)),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

fn base32_digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte.wrapping_sub(b'A')),
        b'2'..=b'7' => Some(byte.wrapping_sub(b'2').saturating_add(26)),
        _ => None,
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// One byte and where it is written.
type Placed = (u8, Range<usize>);

type Digit = fn(u8) -> Option<u8>;

/// Notes each run whose first bytes may be text.
fn seen(text: &str, area: &Range<usize>, places: &mut Areas, bits: u32, digit: Digit) {
    each_run(
        text,
        area,
        |byte| digit(byte).is_some(),
        |range, run| {
            if run.len() < LEAST {
                return;
            }
            let punctuation =
                run.iter().take(64).enumerate().filter(|(_, byte)| byte.is_ascii_punctuation());
            let starts =
                std::iter::once(0).chain(punctuation.map(|(at, _)| at.saturating_add(1)).take(4));
            if starts
                .into_iter()
                .any(|start| begins_like_text(run.get(start..).unwrap_or_default(), bits, digit))
            {
                add(places, &range);
            }
        },
    );
}

/// Whether the first bytes hold no control characters and are UTF-8 or, every other byte being zero, UTF-16.
fn begins_like_text(run: &[u8], bits: u32, digit: Digit) -> bool {
    let mut first = [0u8; 24];
    let mut places = first.iter_mut();
    let mut value = 0u32;
    let mut held = 0u32;
    let mut count = 0usize;
    for byte in run {
        value = (value << bits) | u32::from(digit(*byte).unwrap_or(0));
        held = held.saturating_add(bits);
        if held >= 8 {
            held = held.saturating_sub(8);
            let Some(place) = places.next() else { break };
            *place = u8::try_from((value >> held) & 0xff).unwrap_or(0);
            count = count.saturating_add(1);
        }
    }
    let first = first.get(..count).unwrap_or_default();
    let control =
        |byte: &u8| (*byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')) || *byte == 0x7f;
    if !first.iter().any(control) {
        // The last character may be cut.
        return std::str::from_utf8(first).err().is_none_or(|error| error.error_len().is_none());
    }
    first.len() > 2
        && first.iter().skip(1).step_by(2).all(|byte| *byte == 0)
        && !first.iter().step_by(2).any(control)
}

fn undo(text: &str, area: Range<usize>, draft: &mut Draft, bits: u32, digit: Digit) -> bool {
    let belongs = |character: char| u8::try_from(character).is_ok_and(|byte| digit(byte).is_some());
    let lines = runs(text, area.clone(), belongs);
    let wrapped = |left: &Range<usize>, right: &Range<usize>| {
        left.len() >= LONG_LINE
            && matches!(text.get(left.end..right.start), Some("\n" | "\r\n" | "\\n" | "\\r\\n"))
    };
    let mut from = area.start;
    let mut undone = false;
    for run in lines.chunk_by(wrapped) {
        for part in
            [run].into_iter().chain(run.iter().map(std::slice::from_ref).filter(|_| run.len() > 1))
        {
            let (Some(first), Some(last)) = (part.first(), part.last()) else { continue };
            if first.start < from || part.iter().map(ExactSizeIterator::len).sum::<usize>() < LEAST
            {
                continue;
            }
            let Some((start, bytes)) = decode(text, part, bits, digit) else { continue };
            draft.copy(text.get(from..start).unwrap_or_default(), from);
            undone |= draft.put_bytes(&bytes);
            let padding = text
                .get(last.end..area.end)
                .unwrap_or_default()
                .bytes()
                .take_while(|byte| *byte == b'=')
                .count();
            from = last.end.saturating_add(padding);
        }
    }
    draft.copy(text.get(from..area.end).unwrap_or_default(), from);
    undone
}

/// The text that a run holds, with where it starts: the whole run, or what follows a prefix of punctuation or `0x`.
fn decode(
    text: &str,
    lines: &[Range<usize>],
    bits: u32,
    digit: Digit,
) -> Option<(usize, Vec<Placed>)> {
    let digits: Vec<(u8, usize)> = lines
        .iter()
        .flat_map(Clone::clone)
        .filter_map(|at| Some((digit(*text.as_bytes().get(at)?)?, at)))
        .collect();
    let after_punctuation = digits
        .iter()
        .take(64)
        .enumerate()
        .filter(|(_, (_, at))| text.as_bytes().get(*at).is_some_and(u8::is_ascii_punctuation));
    let starts = std::iter::once(0)
        .chain(after_punctuation.map(|(index, _)| index.saturating_add(1)).take(4));
    for start in starts {
        let part = digits.get(start..).unwrap_or_default();
        let bytes = assemble(part, bits);
        if part.len() >= LEAST
            && let Some(bytes) = readable(bytes)
        {
            return Some((part.first()?.1, bytes));
        }
    }
    None
}

fn assemble(digits: &[(u8, usize)], bits: u32) -> Vec<Placed> {
    let mut bytes = Vec::with_capacity(digits.len());
    let mut value = 0u32;
    let mut held = 0u32;
    let mut start = 0usize;
    for (digit, at) in digits {
        if held == 0 {
            start = *at;
        }
        value = (value << bits) | u32::from(*digit);
        held = held.saturating_add(bits);
        if held >= 8 {
            held = held.saturating_sub(8);
            let byte = u8::try_from((value >> held) & 0xff).unwrap_or(0);
            bytes.push((byte, start..at.saturating_add(1)));
            value &= (1u32 << held).saturating_sub(1);
            start = *at;
        }
    }
    bytes
}

/// Bytes that are text, as UTF-8 or as UTF-16 of ASCII, which is what `PowerShell` takes.
fn readable(bytes: Vec<Placed>) -> Option<Vec<Placed>> {
    if is_text(&bytes) {
        return Some(bytes);
    }
    let zeros = bytes.iter().skip(1).step_by(2).all(|(byte, _)| *byte == 0);
    let bytes: Vec<_> = bytes.into_iter().step_by(2).collect();
    (zeros && is_text(&bytes)).then_some(bytes)
}
