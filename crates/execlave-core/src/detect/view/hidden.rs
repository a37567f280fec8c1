//! Text that nobody sees: written in tag characters, variation selectors or zero-width bits, or turned round by a direction control.
//!
//! Tag characters (U+E0020–U+E007E) are invisible twins of ASCII. The 256 variation selectors can carry one byte each. Two kinds of
//! zero-width characters can carry bits. A right-to-left override shows `erongi` as `ignore`.

use std::ops::Range;

use super::map::Draft;
use super::plain::{is_invisible, next_beyond_ascii};
use crate::detect::decode::is_text;

/// Fewer carry nothing, in characters.
const LEAST: usize = 4;

/// Whether enough characters are there that nobody sees, or one that turns text round.
pub(super) fn is_likely(text: &str) -> bool {
    let mut count = 0usize;
    let mut at = 0usize;
    while let Some(place) = next_beyond_ascii(text, at) {
        let Some(character) = text.get(place..).and_then(|rest| rest.chars().next()) else { break };
        at = place.saturating_add(character.len_utf8());
        count = count.saturating_add(usize::from(is_invisible(character)));
        if count >= LEAST || character == '\u{202e}' {
            return true;
        }
    }
    false
}

/// What is written in tag characters.
pub(super) fn tags(text: &str, draft: &mut Draft) {
    let start = draft.mark();
    let mut count = 0usize;
    for (at, character) in text.char_indices() {
        if let '\u{e0020}'..='\u{e007e}' = character {
            let twin = char::from_u32(u32::from(character).wrapping_sub(0xe_0000)).unwrap_or(' ');
            draft.put_char(twin, at..at.saturating_add(character.len_utf8()));
            count = count.saturating_add(1);
        }
    }
    // The three flags of British nations have five and six of them.
    if count < LEAST || draft.since(start).len() <= 6 {
        draft.reset(start);
    }
}

/// What is written in variation selectors.
pub(super) fn selectors(text: &str, draft: &mut Draft) {
    let mut bytes = Vec::new();
    for (at, character) in text.char_indices() {
        let code = u32::from(character);
        let byte = match character {
            '\u{fe00}'..='\u{fe0f}' => code.wrapping_sub(0xfe00),
            '\u{e0100}'..='\u{e01ef}' => code.wrapping_sub(0xe_0100).saturating_add(16),
            _ => continue,
        };
        bytes.extend(
            u8::try_from(byte).ok().map(|byte| (byte, at..at.saturating_add(character.len_utf8()))),
        );
    }
    put_text(&bytes, draft);
}

/// What is written in two kinds of zero-width characters, eight to a byte, the highest bit first.
pub(super) fn bits(text: &str, draft: &mut Draft) {
    const KINDS: [char; 6] =
        ['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{180e}'];
    let written: Vec<(usize, char)> =
        text.char_indices().filter(|(_, character)| KINDS.contains(character)).collect();
    if written.len() < LEAST.saturating_mul(8) {
        return;
    }
    let count = |kind: &char| written.iter().filter(|(_, character)| character == kind).count();
    let mut kinds = KINDS;
    kinds.sort_by_key(|kind| std::cmp::Reverse(count(kind)));
    let [first, second, ..] = kinds;
    // A third kind may separate the bytes; which of the two is one is not known.
    let bits: Vec<(usize, char)> = written
        .into_iter()
        .filter(|(_, character)| *character == first || *character == second)
        .collect();
    for one in [second, first] {
        let bytes: Vec<(u8, Range<usize>)> = bits
            .chunks_exact(8)
            .filter_map(|octet| {
                let byte =
                    octet.iter().fold(0u8, |byte, (_, bit)| (byte << 1) | u8::from(*bit == one));
                let (Some((start, _)), Some((last, bit))) = (octet.first(), octet.last()) else {
                    return None;
                };
                Some((byte, *start..last.saturating_add(bit.len_utf8())))
            })
            .collect();
        put_text(&bytes, draft);
    }
}

/// What a right-to-left override shows.
pub(super) fn overridden(text: &str, draft: &mut Draft) {
    if !text.contains('\u{202e}') {
        return;
    }
    let mut from = 0usize;
    for (at, control) in text.match_indices('\u{202e}') {
        if at < from {
            continue;
        }
        let start = at.saturating_add(control.len());
        let rest = text.get(start..).unwrap_or_default();
        let end =
            start.saturating_add(rest.find(['\u{202c}', '\u{2069}', '\n']).unwrap_or(rest.len()));
        draft.copy(text.get(from..at).unwrap_or_default(), from);
        for (offset, character) in text.get(start..end).unwrap_or_default().char_indices().rev() {
            let place = start.saturating_add(offset);
            draft.put_char(character, place..place.saturating_add(character.len_utf8()));
        }
        from = end;
    }
    draft.copy(text.get(from..).unwrap_or_default(), from);
}

fn put_text(bytes: &[(u8, Range<usize>)], draft: &mut Draft) {
    if bytes.len() >= LEAST && is_text(bytes) {
        draft.put_bytes(bytes);
    }
}
