//! Words interrupted by punctuation or line breaks: `ig-nore prev/ious`, `instruc-` at the end of a line.

use std::ops::Range;

use super::area::{each_run, runs, whole_words};
use super::lexicon::{self, Spelling, skeleton};
use super::map::Draft;
use super::signs::{Areas, add};

/// A word is put together from at most so many parts.
const MOST_PARTS: usize = 6;
/// The widest interruption, in bytes.
const WIDEST_GAP: usize = 3;

/// The places where parts of words together may be a word.
pub(in crate::detect) fn seen(text: &str, area: &Range<usize>, places: &mut Areas) {
    // What the parts before this one spell from each of their starts, and where the last one ended.
    let mut open: Vec<(usize, Spelling)> = Vec::with_capacity(MOST_PARTS);
    let mut last_end = area.start;
    each_run(
        text,
        &whole_words(text, area),
        |byte| byte.is_ascii_alphabetic(),
        |range, run| {
            let gap = text.as_bytes().get(last_end..range.start).unwrap_or_default();
            if !interrupts(gap) {
                open.clear();
            }
            last_end = range.end;
            open.retain(|(_, spelling)| {
                spelling.len().saturating_add(run.len()) <= lexicon::LONGEST
            });
            for (start, spelling) in &mut open {
                *spelling = run
                    .iter()
                    .filter_map(|letter| skeleton(*letter))
                    .fold(*spelling, Spelling::and);
                if spelling.len() >= 5 && spelling.is_telling() {
                    add(places, &(*start..range.end));
                }
            }
            if run.len() < lexicon::LONGEST && open.len() < MOST_PARTS {
                let spelling = run
                    .iter()
                    .filter_map(|letter| skeleton(*letter))
                    .fold(Spelling::default(), Spelling::and);
                open.push((range.start, spelling));
            }
        },
    );
}

/// Whether what stands between two parts may stand within a word. A space alone ends a word.
fn interrupts(gap: &[u8]) -> bool {
    gap.len() <= WIDEST_GAP && gap.iter().any(|byte| *byte != b' ')
}

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
        draft.put(word, first.start..end);
        from = end;
        undone = true;
        rest = rest.get(count..).unwrap_or_default();
    }
    draft.copy(text.get(from..area.end).unwrap_or_default(), from);
    undone
}

/// The most parts at the front of `parts` that make a word, and the word.
fn join(text: &str, parts: &[Range<usize>]) -> Option<(usize, &'static str)> {
    let mut best = None;
    let mut length = 0usize;
    let first = parts.first()?;
    for (index, part) in parts.iter().enumerate().take(MOST_PARTS) {
        length = length.saturating_add(part.len());
        if length > lexicon::LONGEST {
            break;
        }
        let previous = index.checked_sub(1).and_then(|index| parts.get(index));
        let gap = previous
            .and_then(|previous| text.as_bytes().get(previous.end..part.start))
            .unwrap_or_default();
        if index > 0 && !interrupts(gap) {
            break;
        }
        if index > 0 && length >= 5 {
            let letters = text.as_bytes().get(first.start..part.end).unwrap_or_default();
            let letters = letters.iter().copied().filter(u8::is_ascii_alphabetic);
            let word = lexicon::find_letters(&letters).filter(|word| {
                word.text.bytes().eq(letters.map(|letter| letter.to_ascii_lowercase()))
            });
            let hyphenated = gap.first() == Some(&b'-') && gap.last() == Some(&b'\n');
            if let Some(word) =
                word.filter(|word| word.telling || hyphenated && word.text.len() >= 6)
            {
                let all_known = parts
                    .iter()
                    .take(index.saturating_add(1))
                    .all(|part| lexicon::knows(text.get(part.clone()).unwrap_or_default()));
                if !all_known {
                    best = Some((index.saturating_add(1), word.text));
                }
            }
        }
    }
    best
}
