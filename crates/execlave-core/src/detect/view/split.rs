//! Words interrupted by punctuation or line breaks: `ig-nore prev/ious`, `instruc-` at the end of a line.

use std::ops::Range;

use super::area::runs;
use super::lexicon;
use super::map::Draft;

/// A word is put together from at most so many parts.
const MOST_PARTS: usize = 6;
/// The widest interruption, in bytes.
const WIDEST_GAP: usize = 3;

/// Joins parts that together are a telling word and apart are not all words.
pub(in crate::detect) fn undo(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    let parts = runs(text, area.clone(), |character| character.is_ascii_alphabetic());
    let mut from = area.start;
    let mut undone = false;
    let mut rest = parts.as_slice();
    while let Some(first) = rest.first() {
        let joined = join(text, rest);
        let Some((count, word)) = joined else {
            rest = rest.get(1..).unwrap_or_default();
            continue;
        };
        let end = rest.get(count.saturating_sub(1)).map_or(first.end, |last| last.end);
        draft.copy(text.get(from..first.start).unwrap_or_default(), from);
        draft.put(&word, first.start..end);
        from = end;
        undone = true;
        rest = rest.get(count..).unwrap_or_default();
    }
    draft.copy(text.get(from..area.end).unwrap_or_default(), from);
    undone
}

/// The most parts at the front of `parts` that make a word, and the word.
fn join(text: &str, parts: &[Range<usize>]) -> Option<(usize, String)> {
    let mut word = String::new();
    let mut all_known = true;
    let mut best = None;
    let mut end: Option<usize> = None;
    for (index, part) in parts.iter().enumerate().take(MOST_PARTS) {
        if end.is_some_and(|end| part.start.saturating_sub(end) > WIDEST_GAP) {
            break;
        }
        let hyphenated = end.is_some_and(|end| {
            text.get(end..part.start).is_some_and(|gap| gap.starts_with('-') && gap.ends_with('\n'))
        });
        end = Some(part.end);
        let letters = text.get(part.clone()).unwrap_or_default();
        all_known &= lexicon::knows(letters);
        word.push_str(letters);
        let fits = || {
            lexicon::find(&word).is_some_and(|found| {
                found.text.eq_ignore_ascii_case(&word) && (found.telling || hyphenated)
            })
        };
        if index > 0 && !all_known && word.len() >= 5 && fits() {
            best = Some((index.saturating_add(1), word.clone()));
        }
    }
    best
}
