//! Character codes written one by one: `49 67 6e 6f`, `0x49,0x67`, `73 103 110`, `01001001 01100111`.

use std::ops::Range;

use super::is_text;
use crate::detect::view::area::{each_run, runs};
use crate::detect::view::map::Draft;
use crate::detect::view::signs::{Areas, add};

/// Fewer codes spell nothing.
const LEAST: usize = 6;
/// The widest gap between two codes, in bytes.
const WIDEST_GAP: usize = 3;

/// Two hexadecimal digits each.
pub(in crate::detect) fn hex(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    sequences(text, area, draft, hex_code)
}

/// Decimal ASCII.
pub(in crate::detect) fn decimal(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    sequences(text, area, draft, decimal_code)
}

/// Seven or eight bits each.
pub(in crate::detect) fn binary(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    sequences(text, area, draft, binary_code)
}

/// Where enough codes of two hexadecimal digits follow each other.
pub(in crate::detect) fn seen_hex(text: &str, area: &Range<usize>, places: &mut Areas) {
    seen(text, area, places, hex_code);
}

/// Where enough decimal codes follow each other.
pub(in crate::detect) fn seen_decimal(text: &str, area: &Range<usize>, places: &mut Areas) {
    seen(text, area, places, decimal_code);
}

/// Where enough binary codes follow each other.
pub(in crate::detect) fn seen_binary(text: &str, area: &Range<usize>, places: &mut Areas) {
    seen(text, area, places, binary_code);
}

fn hex_code(token: &str) -> Option<u8> {
    let digits = token.strip_prefix("0x").or_else(|| token.strip_prefix("0X")).unwrap_or(token);
    (digits.len() == 2).then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

fn decimal_code(token: &str) -> Option<u8> {
    let value: u8 = (token.len() <= 3).then(|| token.parse().ok()).flatten()?;
    matches!(value, 9 | 10 | 32..=126).then_some(value)
}

fn binary_code(token: &str) -> Option<u8> {
    matches!(token.len(), 7 | 8).then(|| u8::from_str_radix(token, 2).ok()).flatten()
}

fn seen(text: &str, area: &Range<usize>, places: &mut Areas, code: fn(&str) -> Option<u8>) {
    let mut count = 0usize;
    let mut letters = 0usize;
    let mut sequence = area.start..area.start;
    each_run(
        text,
        area,
        |byte| byte.is_ascii_alphanumeric(),
        |range, _| {
            let value = text.get(range.clone()).and_then(code);
            if value.is_none() || range.start.saturating_sub(sequence.end) > WIDEST_GAP {
                (count, letters) = (0, 0);
                sequence.start = range.start;
            }
            sequence.end = range.end;
            let Some(value) = value else { return };
            count = count.saturating_add(1);
            letters =
                letters.saturating_add(usize::from(value.is_ascii_alphabetic() || value >= 0x80));
            if count >= LEAST && letters.saturating_mul(2) >= count {
                add(places, &sequence);
            }
        },
    );
}

/// Decodes each sequence of codes that is text.
fn sequences(
    text: &str,
    area: Range<usize>,
    draft: &mut Draft,
    code: fn(&str) -> Option<u8>,
) -> bool {
    let tokens = runs(text, area.clone(), |character| character.is_ascii_alphanumeric());
    let codes: Vec<(u8, Range<usize>)> = tokens
        .into_iter()
        .filter_map(|token| Some((code(text.get(token.clone())?)?, token)))
        .collect();
    let adjacent = |left: &(u8, Range<usize>), right: &(u8, Range<usize>)| {
        let gap = text.get(left.1.end..right.1.start).unwrap_or_default();
        gap.len() <= WIDEST_GAP && !gap.bytes().any(|byte| byte.is_ascii_alphanumeric())
    };
    let mut from = area.start;
    let mut undone = false;
    for sequence in codes.chunk_by(adjacent) {
        let (Some((_, first)), Some((_, last))) = (sequence.first(), sequence.last()) else {
            continue;
        };
        if sequence.len() < LEAST || !is_text(sequence) || !has_letters(sequence) {
            continue;
        }
        draft.copy(text.get(from..first.start).unwrap_or_default(), from);
        undone |= draft.put_bytes(sequence);
        from = last.end;
    }
    draft.copy(text.get(from..area.end).unwrap_or_default(), from);
    undone
}

/// A list of numbers is seldom mostly letters.
fn has_letters(codes: &[(u8, Range<usize>)]) -> bool {
    let letters =
        codes.iter().filter(|(byte, _)| byte.is_ascii_alphabetic() || *byte >= 0x80).count();
    letters.saturating_mul(3) >= codes.len().saturating_mul(2)
}
