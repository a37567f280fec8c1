//! Digits and signs in the place of letters: `1gn0r3 pr3v10u5`.

use std::ops::Range;

use super::area::{each_run, runs, whole_words};
use super::lexicon::{self, skeleton};
use super::map::Draft;
use super::signs::{Areas, add};

/// The words of the list that are written with digits or signs.
pub(in crate::detect) fn seen(text: &str, area: &Range<usize>, places: &mut Areas) {
    each_run(
        text,
        &whole_words(text, area),
        |byte| skeleton(byte).is_some(),
        |range, run| {
            let token = trimmed(run);
            let letters = token.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
            if token.len() >= 3
                && letters > 0
                && letters < token.len()
                && lexicon::find_letters(&token.iter().copied()).is_some()
            {
                add(places, &range);
            }
        },
    );
}

/// A token without the signs that end a sentence.
fn trimmed(token: &[u8]) -> &[u8] {
    let end = token.iter().rposition(|byte| !matches!(byte, b'!' | b'|' | b'+'));
    token.get(..end.map_or(0, |last| last.saturating_add(1))).unwrap_or_default()
}

/// Writes words for leet. Words of the list are evidence; others are spelled by the letters most often meant.
pub(in crate::detect) fn undo(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    let mut from = area.start;
    let mut evidence = 0usize;
    for run in runs(text, area.clone(), |character| {
        character.is_ascii() && u8::try_from(character).ok().and_then(skeleton).is_some()
    }) {
        let written = text.get(run.clone()).unwrap_or_default();
        let token = written.trim_end_matches(['!', '|', '+']);
        let run = run.start..run.start.saturating_add(token.len());
        let letters = token.bytes().filter(u8::is_ascii_alphabetic).count();
        if letters == token.len() || token.len() < 2 {
            continue;
        }
        let word = lexicon::find(token).filter(|word| word.text.len() == token.len());
        let spelt = match word {
            Some(word) => {
                let weight = usize::from(letters > 0 && token.len() >= 3);
                evidence = evidence.saturating_add(if word.telling {
                    weight.saturating_mul(2)
                } else {
                    weight
                });
                word.text.to_owned()
            }
            None if token.len() >= 4 && letters.saturating_mul(2) >= token.len() => spell(token),
            None => continue,
        };
        draft.copy(text.get(from..run.start).unwrap_or_default(), from);
        draft.put(&spelt, run.clone());
        from = run.end;
    }
    draft.copy(text.get(from..area.end).unwrap_or_default(), from);
    evidence >= 2
}

fn spell(token: &str) -> String {
    let letters = token.bytes().map(|byte| match byte {
        b'1' | b'!' | b'|' => 'i',
        letter if letter.is_ascii_alphabetic() => char::from(letter),
        other => skeleton(other).map_or(char::from(other), char::from),
    });
    letters.collect()
}
