//! Text that is read the other way round, and letters shifted by thirteen.

use std::ops::Range;

use super::area::{each_run, runs, whole_words};
use super::lexicon;
use super::map::Draft;
use super::signs::{Areas, add};

/// The whole area from its end: `tpmorp metsys eht laever`.
pub(in crate::detect) fn backwards(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    let part = text.get(area.clone()).unwrap_or_default();
    let mark = draft.mark();
    for (at, character) in part.char_indices().rev() {
        let start = area.start.saturating_add(at);
        draft.put_char(character, start..start.saturating_add(character.len_utf8()));
    }
    is_english(draft.since(mark))
}

/// Each word from its end, in the order they stand: `erongi lla suoiverp`.
pub(in crate::detect) fn words_backwards(
    text: &str,
    area: Range<usize>,
    draft: &mut Draft,
) -> bool {
    let mark = draft.mark();
    let mut from = area.start;
    for word in runs(text, area.clone(), char::is_alphanumeric) {
        draft.copy(text.get(from..word.start).unwrap_or_default(), from);
        let letters = text.get(word.clone()).unwrap_or_default();
        for (at, character) in letters.char_indices().rev() {
            let start = word.start.saturating_add(at);
            draft.put_char(character, start..start.saturating_add(character.len_utf8()));
        }
        from = word.end;
    }
    draft.copy(text.get(from..area.end).unwrap_or_default(), from);
    is_english(draft.since(mark))
}

/// Words that are of the list once they are shifted back.
pub(in crate::detect) fn seen_rotated(text: &str, area: &Range<usize>, places: &mut Areas) {
    each_run(
        text,
        &whole_words(text, area),
        |byte| byte.is_ascii_alphabetic(),
        |range, run| {
            let turned = run.iter().map(|byte| match byte.to_ascii_lowercase() {
                letter @ b'a'..=b'm' => letter.saturating_add(13),
                letter => letter.saturating_sub(13),
            });
            let telling = lexicon::find_letters(&turned).is_some_and(|word| word.telling);
            if run.len() >= 4
                && (telling || SCHEMES.iter().any(|scheme| turned.clone().eq(scheme.bytes())))
            {
                add(places, &range);
            }
        },
    );
}

/// ROT13: `vtaber nyy cerivbhf vafgehpgvbaf`.
pub(in crate::detect) fn rotated(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    let part = text.get(area.clone()).unwrap_or_default();
    let turned: String = part
        .chars()
        .map(|character| match character.to_ascii_lowercase() {
            'a'..='m' => shift(character, 13),
            'n'..='z' => shift(character, -13),
            _ => character,
        })
        .collect();
    draft.copy(&turned, area.start);
    is_english(&turned)
}

fn shift(letter: char, by: i32) -> char {
    u32::from(letter).checked_add_signed(by).and_then(char::from_u32).unwrap_or(letter)
}

/// What addresses begin with: as telling as a word when it stands in no plain text.
const SCHEMES: [&str; 2] = ["http", "https"];

/// Whether a text holds a telling word and another one of the list.
fn is_english(text: &str) -> bool {
    let words = text.split(|character: char| !character.is_ascii_alphabetic());
    let weights = words.filter(|word| word.len() >= 3).map(|word| match lexicon::find(word) {
        Some(word) if word.telling => 10usize,
        _ if SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(word)) => 10,
        _ => usize::from(lexicon::knows(word)),
    });
    weights.sum::<usize>() >= 11
}
