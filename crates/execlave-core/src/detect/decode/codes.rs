//! Character codes written one by one: `49 67 6e 6f`, `0x49,0x67`, `73 103 110`, `01001001 01100111`.

use std::ops::Range;

use super::is_text;
use crate::detect::view::area::runs;
use crate::detect::view::map::Draft;

/// Fewer codes spell nothing.
const LEAST: usize = 6;
/// The widest gap between two codes, in bytes.
const WIDEST_GAP: usize = 3;

pub(in crate::detect) fn hex(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    sequences(text, area, draft, |token| {
        let digits = token.strip_prefix("0x").or_else(|| token.strip_prefix("0X")).unwrap_or(token);
        (digits.len() == 2).then(|| u8::from_str_radix(digits, 16).ok()).flatten()
    })
}

pub(in crate::detect) fn decimal(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    sequences(text, area, draft, |token| {
        let value: u8 = (token.len() <= 3).then(|| token.parse().ok()).flatten()?;
        matches!(value, 9 | 10 | 32..=126).then_some(value)
    })
}

pub(in crate::detect) fn binary(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    sequences(text, area, draft, |token| {
        matches!(token.len(), 7 | 8).then(|| u8::from_str_radix(token, 2).ok()).flatten()
    })
}

/// Decodes each sequence of codes that is text.
fn sequences(
    text: &str,
    area: Range<usize>,
    draft: &mut Draft,
    code: impl Fn(&str) -> Option<u8>,
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
