//! HTML tags and comments, Markdown emphasis and links: what a reader does not see, between the letters of what he does.

use std::cell::Cell;
use std::ops::Range;

use super::{Meaning, substitute};
use crate::detect::view::map::Draft;

/// A longer tag is not recognised, in bytes.
const LONGEST: usize = 400;

/// Tags within a line of text.
const INLINE: &[&str] = &[
    "b", "i", "u", "s", "em", "strong", "span", "font", "small", "big", "sub", "sup", "mark",
    "del", "ins", "a", "tt", "wbr", "abbr", "bdo", "bdi", "label",
];
/// Tags that begin a line or cell.
const BLOCKS: &[&str] = &[
    "p", "div", "br", "li", "ul", "ol", "td", "tr", "th", "table", "h1", "h2", "h3", "h4", "body",
    "html",
];

pub(in crate::detect) fn undo(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    // Emphasis around a word is no disguise; within a word it is.
    let telling = Cell::new(0usize);
    let within_word = |rest: &str, length: usize| {
        let before = rest.as_ptr() as usize;
        let offset = before.saturating_sub(text.as_ptr() as usize);
        let last = offset.checked_sub(1).and_then(|at| text.as_bytes().get(at));
        let next = text.as_bytes().get(offset.saturating_add(length));
        last.is_some_and(u8::is_ascii_alphanumeric) && next.is_some_and(u8::is_ascii_alphanumeric)
    };
    let starts = |byte: u8| matches!(byte, b'<' | b'*' | b'~' | b'`' | b'[' | b']' | b'_');
    substitute(text, area, draft, starts, |rest| {
        let (meaning, length) = match rest.bytes().next()? {
            b'<' => tag(rest)?,
            b'[' => return link_opens(rest).then_some((Meaning::Nothing, 1)),
            b']' => {
                let (meaning, length) = link_closes(rest)?;
                telling.set(telling.get().saturating_add(1));
                return Some((meaning, length));
            }
            mark => {
                let length = rest.bytes().take(3).take_while(|byte| *byte == mark).count();
                if mark == b'_' && length == 1 || !within_word(rest, length) {
                    return None;
                }
                (Meaning::Nothing, length)
            }
        };
        telling.set(telling.get().saturating_add(1));
        Some((meaning, length))
    });
    telling.get() > 0
}

/// A tag or comment; one that begins a block separates words.
fn tag(rest: &str) -> Option<(Meaning, usize)> {
    if let Some(comment) = rest.strip_prefix("<!--") {
        let end =
            comment.get(..comment.floor_char_boundary(LONGEST)).unwrap_or(comment).find("-->")?;
        return Some((Meaning::Nothing, end.saturating_add(7)));
    }
    let (inline, _) = name(rest.as_bytes())?;
    let inside = rest.get(..rest.floor_char_boundary(LONGEST)).unwrap_or(rest);
    let end = inside.find('>')?;
    let meaning = if inline { Meaning::Nothing } else { Meaning::Char(' ') };
    Some((meaning, end.saturating_add(1)))
}

/// Whether bytes begin with a tag of running text.
pub(in crate::detect) fn is_tag(rest: &[u8]) -> bool {
    name(rest).is_some()
}

/// The known tag that bytes begin with: whether it stands within a line, and the length of its name.
///
/// Only what a browser shows as running text is known: generic types of programs and forged chat roles are left alone.
fn name(rest: &[u8]) -> Option<(bool, usize)> {
    let body = rest.strip_prefix(b"</").or_else(|| rest.strip_prefix(b"<"))?;
    let length = body.iter().take(8).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let name = body.get(..length)?;
    let is = |known: &&str| name.eq_ignore_ascii_case(known.as_bytes());
    if !matches!(body.get(length), None | Some(b'>' | b' ' | b'/' | b'\n')) {
        return None;
    }
    let inline = INLINE.iter().any(&is);
    (inline || BLOCKS.iter().any(is)).then_some((inline, length))
}

/// Whether a bracket begins the text of a link.
fn link_opens(rest: &str) -> bool {
    let inside = rest.get(..rest.floor_char_boundary(LONGEST)).unwrap_or(rest);
    inside
        .find(']')
        .is_some_and(|end| rest.get(end..).is_some_and(|close| link_closes(close).is_some()))
}

/// `](address)`; a title in it stays in the plain reading.
fn link_closes(rest: &str) -> Option<(Meaning, usize)> {
    let address = rest.strip_prefix("](")?;
    let inside = address.get(..address.floor_char_boundary(LONGEST)).unwrap_or(address);
    let end = inside.find(')')?;
    Some((Meaning::Nothing, end.saturating_add(3)))
}
