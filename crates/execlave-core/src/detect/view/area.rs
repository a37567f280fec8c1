//! Parts of a text that are looked at more closely.

use std::ops::Range;

use super::signs::Areas;

/// How much context is read on each side of a sign, and how much further a word may reach.
const MARGIN: usize = 128;

/// The areas with context on both sides, cut between words where that is near; those that meet become one.
pub(in crate::detect) fn widen(text: &str, areas: &Areas) -> Areas {
    let mut wide: Areas = Vec::with_capacity(areas.len());
    for area in areas {
        let start = start_of_word(text, area.start.saturating_sub(MARGIN));
        let end = end_of_word(text, area.end.saturating_add(MARGIN));
        match wide.last_mut() {
            Some(last) if last.end >= start => last.end = last.end.max(end),
            _ => wide.push(start..end),
        }
    }
    wide
}

fn start_of_word(text: &str, at: usize) -> usize {
    let nearest = text.floor_char_boundary(at);
    let from = text.floor_char_boundary(at.saturating_sub(MARGIN));
    let before = text.get(from..nearest).unwrap_or_default();
    match before.bytes().rposition(|byte| byte <= b' ') {
        Some(space) => from.saturating_add(space),
        None => nearest,
    }
}

fn end_of_word(text: &str, at: usize) -> usize {
    let nearest = text.ceil_char_boundary(at.min(text.len()));
    let to = text.floor_char_boundary(at.saturating_add(MARGIN).min(text.len())).max(nearest);
    let after = text.get(nearest..to).unwrap_or_default();
    after
        .bytes()
        .position(|byte| byte <= b' ')
        .map_or(nearest, |space| nearest.saturating_add(space))
}

/// The longest runs of characters of one kind within an area.
pub(in crate::detect) fn runs(
    text: &str,
    area: Range<usize>,
    belongs: impl Fn(char) -> bool,
) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    let part = text.get(area.clone()).unwrap_or_default();
    for (at, character) in part.char_indices() {
        if !belongs(character) {
            continue;
        }
        let at = area.start.saturating_add(at);
        let end = at.saturating_add(character.len_utf8());
        match runs.last_mut() {
            Some(run) if run.end == at => run.end = end,
            _ => runs.push(at..end),
        }
    }
    runs
}

/// The same without a list: `found` is given each run of bytes of one kind.
pub(in crate::detect) fn each_run(
    text: &str,
    area: &Range<usize>,
    belongs: impl Fn(u8) -> bool,
    mut found: impl FnMut(Range<usize>, &[u8]),
) {
    let mut from = area.start;
    let mut rest = text.as_bytes().get(area.clone()).unwrap_or_default();
    while let Some(begin) = rest.iter().position(|byte| belongs(*byte)) {
        rest = rest.get(begin..).unwrap_or_default();
        from = from.saturating_add(begin);
        let length = rest.iter().position(|byte| !belongs(*byte)).unwrap_or(rest.len());
        let end = from.saturating_add(length);
        let (run, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        found(from..end, run);
        rest = after;
        from = end;
    }
}

/// An area with the words whole that reach over its ends.
pub(in crate::detect) fn whole_words(text: &str, area: &Range<usize>) -> Range<usize> {
    const FARTHEST: usize = 32;
    let bytes = text.as_bytes();
    let before = bytes.get(area.start.saturating_sub(FARTHEST)..area.start).unwrap_or_default();
    let after =
        bytes.get(area.end..area.end.saturating_add(FARTHEST).min(bytes.len())).unwrap_or_default();
    let more =
        |bytes: &mut dyn Iterator<Item = &u8>| bytes.take_while(|byte| **byte > b' ').count();
    let start = area.start.saturating_sub(more(&mut before.iter().rev()));
    let end = area.end.saturating_add(more(&mut after.iter()));
    text.floor_char_boundary(start)..text.ceil_char_boundary(end)
}
