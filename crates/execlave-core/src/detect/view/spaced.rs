//! Letters set apart: `i g n o r e  a l l`, `i-g-n-o-r-e`, `i.g.n.o.r.e.a.l.l`.
//!
//! The gap that most letters share separates letters; any other gap separates words. Where there is only one kind of gap, the letters are
//! taken apart like text without spaces.

use std::ops::Range;

use super::area::runs;
use super::lexicon::{self, skeleton};
use super::map::Draft;
use super::respace::respace;

/// Fewer letters in a row are initials or a formula.
const LEAST: usize = 5;
/// A wider gap ends the sequence, in bytes.
const WIDEST_GAP: usize = 8;

/// Closes the gaps between letters.
pub(in crate::detect) fn undo(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    let tokens = runs(text, area.clone(), |character| {
        character.is_alphanumeric() || matches!(character, '@' | '$')
    });
    let mut from = area.start;
    let mut undone = false;
    let single = |token: &Range<usize>| {
        text.get(token.clone()).is_some_and(|token| token.chars().count() == 1)
    };
    for sequence in tokens.chunk_by(|left, right| {
        single(left) && single(right) && right.start.saturating_sub(left.end) <= WIDEST_GAP
    }) {
        let (Some(first), Some(last)) = (sequence.first(), sequence.last()) else { continue };
        if sequence.len() < LEAST {
            continue;
        }
        let mark = draft.mark();
        draft.copy(text.get(from..first.start).unwrap_or_default(), from);
        if close_gaps(text, sequence, draft) {
            undone = true;
            from = last.end;
        } else {
            draft.reset(mark);
        }
    }
    draft.copy(text.get(from..area.end).unwrap_or_default(), from);
    undone
}

fn gap<'t>(text: &'t str, left: &Range<usize>, right: &Range<usize>) -> &'t str {
    text.get(left.end..right.start).unwrap_or_default()
}

/// Writes the words of one sequence; `false` when they are not convincing.
fn close_gaps(text: &str, sequence: &[Range<usize>], draft: &mut Draft) -> bool {
    let gaps: Vec<&str> = sequence
        .iter()
        .zip(sequence.iter().skip(1))
        .map(|(left, right)| gap(text, left, right))
        .collect();
    let usual = most_frequent(&gaps);
    // Word gaps are wider, or the only white space.
    let separates = |left: &Range<usize>, right: &Range<usize>| {
        let gap = gap(text, left, right);
        gap != usual && (gap.len() > usual.len() || gap.contains(char::is_whitespace))
    };
    let words: Vec<&[Range<usize>]> =
        sequence.chunk_by(|left, right| !separates(left, right)).collect();
    let mut known = false;
    let mut long = 0usize;
    let mut last_end: Option<usize> = None;
    for word in words {
        let (Some(first), Some(last)) = (word.first(), word.last()) else { continue };
        if let Some(end) = last_end {
            draft.copy(text.get(end..first.start).unwrap_or_default(), end);
        }
        last_end = Some(last.end);
        let spelt: String = word.iter().filter_map(|letter| text.get(letter.clone())).collect();
        long = long
            .saturating_add(usize::from(word.len() >= 4 && spelt.chars().all(char::is_alphabetic)));
        if let Some(found) = lexicon::find(&spelt).filter(|found| found.text.len() == word.len()) {
            known |= word.len() >= 4 && (found.telling || word.len() < sequence.len());
            draft.put(found.text, first.start..last.end);
        } else if word.len() >= LEAST
            && respace(text, &ascii_letters(text, word), nearly_all, draft)
        {
            known = true;
        } else {
            for letter in word {
                draft.copy(text.get(letter.clone()).unwrap_or_default(), letter.start);
            }
        }
    }
    known || long >= 2
}

/// Whether letters that are one word by their gaps are words nearly to the last letter: a word of one letter before them looks the same.
fn nearly_all(words: &[(Range<usize>, &'static lexicon::Word)], length: usize) -> bool {
    let covered: usize = words.iter().map(|(range, _)| range.len()).sum();
    let long = words.iter().any(|(range, _)| range.len() >= 4);
    (long && covered.saturating_mul(10) >= length.saturating_mul(8))
        || lexicon::convince(words, length)
}

fn ascii_letters(text: &str, word: &[Range<usize>]) -> Vec<(usize, u8)> {
    let letter = |range: &Range<usize>| {
        let byte = text.as_bytes().get(range.start)?;
        Some((range.start, skeleton(*byte)?))
    };
    word.iter().filter_map(letter).collect()
}

fn most_frequent<'t>(gaps: &[&'t str]) -> &'t str {
    let mut sorted = gaps.to_vec();
    sorted.sort_unstable();
    let longest = sorted.chunk_by(|left, right| left == right).max_by_key(|same| same.len());
    longest.and_then(|same| same.first().copied()).unwrap_or_default()
}
