//! Morse code (ITU-R M.1677): `.. --. -. --- .-. .`, words set apart by `/`, `|` or a wider gap.

use std::ops::Range;

use crate::detect::view::area::runs;
use crate::detect::view::map::Draft;

/// Fewer signs are an ellipsis or a rule.
const LEAST: usize = 8;

const SIGNS: &[(&str, char)] = &[
    (".-", 'a'),
    ("-...", 'b'),
    ("-.-.", 'c'),
    ("-..", 'd'),
    (".", 'e'),
    ("..-.", 'f'),
    ("--.", 'g'),
    ("....", 'h'),
    ("..", 'i'),
    (".---", 'j'),
    ("-.-", 'k'),
    (".-..", 'l'),
    ("--", 'm'),
    ("-.", 'n'),
    ("---", 'o'),
    (".--.", 'p'),
    ("--.-", 'q'),
    (".-.", 'r'),
    ("...", 's'),
    ("-", 't'),
    ("..-", 'u'),
    ("...-", 'v'),
    (".--", 'w'),
    ("-..-", 'x'),
    ("-.--", 'y'),
    ("--..", 'z'),
    ("-----", '0'),
    (".----", '1'),
    ("..---", '2'),
    ("...--", '3'),
    ("....-", '4'),
    (".....", '5'),
    ("-....", '6'),
    ("--...", '7'),
    ("---..", '8'),
    ("----.", '9'),
    (".-.-.-", '.'),
    ("--..--", ','),
    ("..--..", '?'),
    ("---...", ':'),
    (".----.", '\''),
    ("-.-.--", '!'),
    ("-....-", '-'),
    ("-..-.", '/'),
];

pub(in crate::detect) fn undo(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    let tokens = runs(text, area.clone(), |character| matches!(character, '.' | '-'));
    let signs: Vec<(char, Range<usize>)> = tokens
        .into_iter()
        .filter_map(|token| {
            let sign = text.get(token.clone())?;
            let letter = SIGNS.iter().find(|(known, _)| *known == sign)?.1;
            Some((letter, token))
        })
        .collect();
    let gap = |left: &(char, Range<usize>), right: &(char, Range<usize>)| {
        text.get(left.1.end..right.1.start).unwrap_or_default()
    };
    let adjacent = |left: &(char, Range<usize>), right: &(char, Range<usize>)| {
        let gap = gap(left, right);
        (1..=5).contains(&gap.len())
            && gap.bytes().all(|byte| matches!(byte, b' ' | b'\n' | b'/' | b'|'))
    };
    let mut from = area.start;
    let mut undone = false;
    for sequence in signs.chunk_by(adjacent) {
        let distinct = |letter: char| sequence.iter().any(|(other, _)| *other != letter);
        let (Some((letter, first)), Some((_, last))) = (sequence.first(), sequence.last()) else {
            continue;
        };
        if sequence.len() < LEAST || !distinct(*letter) {
            continue;
        }
        draft.copy(text.get(from..first.start).unwrap_or_default(), from);
        let mut end: Option<usize> = None;
        for (letter, range) in sequence {
            if let Some(end) = end.filter(|end| text.get(*end..range.start) != Some(" ")) {
                draft.put(" ", end..range.start);
            }
            draft.put_char(*letter, range.clone());
            end = Some(range.end);
        }
        undone = true;
        from = last.end;
    }
    draft.copy(text.get(from..area.end).unwrap_or_default(), from);
    undone
}
