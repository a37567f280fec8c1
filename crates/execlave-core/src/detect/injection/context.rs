//! What surrounds a match: quotation, discussion and denial make it less likely to be meant.
//!
//! None of them makes a match vanish. An attacker can add quotation marks or "for example" for free, so a
//! quotation counts only together with words of discussion, and then leaves enough that two quoted intents of
//! a text that does little else are still seen.

use std::ops::Range;

use super::engine::purpose;

/// How far to look for quotation marks and words of discussion, in bytes.
const REACH: usize = 160;

/// How near a denial or a reporting verb has to be, in bytes.
const NEAR: usize = 40;

/// How near a denial has to be.
const ADJACENT: usize = 24;

/// What the weight of a match at `span` is multiplied with.
pub(super) fn factor(text: &str, span: Range<usize>) -> f64 {
    let before = tail(text, span.start, REACH);
    let after = head(text, span.end, REACH);
    let reported = purpose(sentence(tail(text, span.start, NEAR))).reporting > 0;
    let clause = sentence(tail(text, span.start, ADJACENT)).rsplit(',').next().unwrap_or_default();
    // In `don't obey` the denial belongs to the match.
    let contracted = clause.ends_with(['\'', '’']);
    let denied = !contracted && purpose(clause).denial > 0;
    let discussed = purpose(before).discussion.saturating_add(purpose(after).discussion);
    let discussed = if reported { discussed.saturating_add(2) } else { discussed };
    let surroundings = match (quoted(before, after), discussed) {
        (true, 1..) | (false, 3..) => 0.4,
        (false, 2) => 0.6,
        (true, 0) => 0.8,
        _ => 1.0,
    };
    let surroundings = if denied { surroundings * 0.6 } else { surroundings };
    if named(before, text.get(span).unwrap_or_default()) {
        surroundings * 0.4
    } else {
        surroundings
    }
}

/// Whether the match is the name of a function that is defined, with its parameters:
/// `def ignore_previous(instructions)`.
fn named(before: &str, found: &str) -> bool {
    const KEYWORDS: &[&str] = &["def ", "fn ", "func ", "function ", "fun "];
    let defined = KEYWORDS.iter().any(|keyword| before.ends_with(keyword));
    defined && found.find('(').is_some_and(|name| !found.get(..name).unwrap_or(" ").contains(' '))
}

/// What of `before` belongs to the sentence that goes on.
fn sentence(before: &str) -> &str {
    before.rsplit(['.', '!', '?', '\n', ';']).next().unwrap_or(before)
}

/// Up to `reach` bytes before `end`, from its paragraph.
fn tail(text: &str, end: usize, reach: usize) -> &str {
    let mut start = end.saturating_sub(reach);
    while !text.is_char_boundary(start) {
        start = start.saturating_add(1);
    }
    let tail = text.get(start..end).unwrap_or_default();
    tail.rsplit("\n\n").next().unwrap_or(tail)
}

/// Up to `reach` bytes after `start`, from its paragraph.
fn head(text: &str, start: usize, reach: usize) -> &str {
    let mut end = start.saturating_add(reach).min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let head = text.get(start..end).unwrap_or_default();
    head.split("\n\n").next().unwrap_or(head)
}

/// Opening marks and what closes them.
const MARKS: &[(char, &str)] = &[
    ('"', "\""),
    ('\'', "'"),
    ('`', "`"),
    ('“', "”"),
    ('„', "“”"),
    ('‘', "’"),
    ('«', "»"),
    ('»', "«"),
    ('「', "」"),
    ('『', "』"),
    ('《', "》"),
];

/// Whether an opening mark before the match has its closing mark behind it.
fn quoted(before: &str, after: &str) -> bool {
    let mut next = None;
    // From the match backwards: the first mark that opens a word and was not closed in between.
    for (index, mark) in before.char_indices().rev() {
        let behind = next.replace(mark);
        let Some((_, closing)) = MARKS.iter().find(|(opening, _)| *opening == mark) else {
            continue;
        };
        let opens_word =
            behind.is_none_or(|letter| letter.is_alphanumeric() || !letter.is_whitespace());
        let ahead = before.get(..index).and_then(|ahead| ahead.chars().next_back());
        let in_word = ahead.is_some_and(char::is_alphanumeric) && mark == '\'';
        if opens_word && !in_word {
            return after.contains(|letter| closing.contains(letter));
        }
    }
    false
}
