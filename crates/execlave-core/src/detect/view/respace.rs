//! Words written without the spaces between them, or with spaces in the wrong places: `ignoreallprevious`, `igno real lpre viou s`.

use std::ops::Range;

use super::area::{each_run, runs};
use super::lexicon::{self, skeleton};
use super::map::Draft;
use super::signs::{Areas, add};

/// Shorter runs are ordinary words.
const LEAST: usize = 16;

/// Long runs of letters that words can be found in.
pub(in crate::detect) fn seen(text: &str, area: &Range<usize>, places: &mut Areas) {
    each_run(
        text,
        area,
        |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'$'),
        |range, run| {
            if run.len() >= LEAST && lexicon::holds_telling_word(run) {
                add(places, &range);
            }
        },
    );
}

/// Takes each long run of letters apart.
pub(in crate::detect) fn compact(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    let mut from = area.start;
    let mut undone = false;
    for run in runs(text, area.clone(), |character| {
        character.is_ascii_alphanumeric() || matches!(character, '@' | '$')
    }) {
        if run.len() < LEAST {
            continue;
        }
        let letters = letters(text, run.clone());
        let mark = draft.mark();
        draft.copy(text.get(from..run.start).unwrap_or_default(), from);
        if respace(text, &letters, lexicon::convince, draft) {
            undone = true;
            from = run.end;
        } else {
            draft.reset(mark);
        }
    }
    draft.copy(text.get(from..area.end).unwrap_or_default(), from);
    undone
}

/// Takes the whole area apart, as if it had no spaces.
pub(in crate::detect) fn chunked(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    respace(text, &letters(text, area), lexicon::convince, draft)
}

/// Each character that may be part of a word, with what it may stand for.
fn letters(text: &str, range: Range<usize>) -> Vec<(usize, u8)> {
    let bytes = text.get(range.clone()).unwrap_or_default().bytes();
    bytes
        .enumerate()
        .filter_map(|(at, byte)| Some((range.start.saturating_add(at), skeleton(byte)?)))
        .collect()
}

/// What was found in letters, and how many letters there are.
type Convinced = fn(&[(Range<usize>, &'static lexicon::Word)], usize) -> bool;

/// Writes the words that `letters` spell, with spaces between them; `false` when they do not convince.
pub(super) fn respace(
    text: &str,
    letters: &[(usize, u8)],
    convinced: Convinced,
    draft: &mut Draft,
) -> bool {
    let spelt: Vec<u8> = letters.iter().map(|(_, letter)| *letter).collect();
    let words = lexicon::take_apart(&spelt);
    if !convinced(&words, spelt.len()) {
        return false;
    }
    let mut next = 0usize;
    for (range, word) in words {
        copy_letters(text, letters.get(next..range.start).unwrap_or_default(), draft);
        let (Some((start, _)), Some((last, _))) =
            (letters.get(range.start), letters.get(range.end.saturating_sub(1)))
        else {
            continue;
        };
        draft.put(word.text, *start..last.saturating_add(1));
        draft.put(" ", last.saturating_add(1)..last.saturating_add(1));
        next = range.end;
    }
    copy_letters(text, letters.get(next..).unwrap_or_default(), draft);
    true
}

fn copy_letters(text: &str, letters: &[(usize, u8)], draft: &mut Draft) {
    for (at, _) in letters {
        draft.copy(text.get(*at..at.saturating_add(1)).unwrap_or_default(), *at);
    }
    if let Some((last, _)) = letters.last() {
        draft.put(" ", last.saturating_add(1)..last.saturating_add(1));
    }
}
