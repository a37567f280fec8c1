//! A reading under construction, and the way from its bytes back to the text it was made from.

use std::cell::Cell;
use std::ops::Range;

/// Stands between excerpts of a text that are read together, so that no rule reads across the gap.
const GAP: &str = "\n.\n\n.\n\n.\n\n.\n";

/// One stretch of a reading and what is behind it; it ends where the next one starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    /// Where it starts in the reading.
    at: usize,
    /// Where it starts in the text behind.
    origin: usize,
    /// Bytes of the text behind; zero for what was inserted.
    length: usize,
    /// Whether it is a copy, byte for byte, rather than one thing that stands for another.
    copy: bool,
}

/// The way back from a finished reading.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::detect) struct Map {
    pieces: Vec<Piece>,
}

/// Memory that is kept for the next reading, in bytes of text and in pieces.
const KEPT: (usize, usize) = (1024 * 1024, 16 * 1024);

thread_local! {
    static SPARE: Cell<(String, Vec<Piece>)> = const { Cell::new((String::new(), Vec::new())) };
}

impl Map {
    /// Keeps the memory of a reading and its map for the next one in this thread, unless it is very much.
    pub(super) fn give_back(self, text: String) {
        if text.capacity() <= KEPT.0 && self.pieces.capacity() <= KEPT.1 {
            SPARE.set((text, self.pieces));
        }
    }

    /// The range of the text behind a range of the reading. What stands for a longer stretch is given as the whole stretch.
    pub(in crate::detect) fn origin(&self, reading: Range<usize>) -> Range<usize> {
        let from = self.pieces.partition_point(|piece| piece.at <= reading.start).saturating_sub(1);
        let to =
            self.pieces.partition_point(|piece| piece.at < reading.end).max(from.saturating_add(1));
        let pieces = self.pieces.get(from..to).unwrap_or_default();
        let ends = pieces.iter().skip(1).map(|piece| piece.at).chain([reading.end]);
        // Where a reading is turned round, what it ends with comes first in the text.
        let behind = pieces.iter().zip(ends).map(|(piece, end)| piece.behind(reading.start..end));
        let all = behind.reduce(|all, next| all.start.min(next.start)..all.end.max(next.end));
        all.unwrap_or(0..0)
    }
}

impl Piece {
    /// What is behind the part of it that lies in a range of the reading which reaches no further than it does.
    fn behind(&self, reading: Range<usize>) -> Range<usize> {
        if !self.copy {
            return self.origin..self.origin.saturating_add(self.length);
        }
        let place = |at: usize| self.origin.saturating_add(at.saturating_sub(self.at));
        let start = place(reading.start);
        start..place(reading.end).max(start)
    }
}

/// A reading under construction. It never grows beyond its limit: what no longer fits is left out.
#[derive(Debug)]
pub(in crate::detect) struct Draft {
    text: String,
    pieces: Vec<Piece>,
    limit: usize,
}

/// A point to go back to.
#[derive(Debug, Clone, Copy)]
pub(in crate::detect) struct Mark {
    text: usize,
    pieces: usize,
}

impl Draft {
    /// An empty reading of at most `limit` bytes.
    pub(in crate::detect) fn new(limit: usize) -> Self {
        Self { text: String::new(), pieces: Vec::new(), limit }
    }

    /// An empty reading without a limit, with room for one of about the length of `text`.
    pub(in crate::detect) fn for_most_of(text: &str) -> Self {
        let (mut draft, mut pieces) = SPARE.take();
        draft.clear();
        draft.reserve(text.len());
        pieces.clear();
        Self { text: draft, pieces, limit: usize::MAX }
    }

    /// Whether nothing more fits.
    pub(in crate::detect) fn is_full(&self) -> bool {
        self.text.len() >= self.limit
    }

    /// What was written since `mark`.
    pub(in crate::detect) fn since(&self, mark: Mark) -> &str {
        self.text.get(mark.text..).unwrap_or_default()
    }

    /// Adds `text`, which stands at `origin` in the text behind.
    pub(in crate::detect) fn copy(&mut self, text: &str, origin: usize) {
        let room = self.limit.saturating_sub(self.text.len());
        let text = text.get(..text.floor_char_boundary(room)).unwrap_or_default();
        if text.is_empty() {
            return;
        }
        let goes_on = self.pieces.last().is_some_and(|last| {
            last.copy
                && last.origin.saturating_add(self.text.len().saturating_sub(last.at)) == origin
        });
        if !goes_on {
            self.pieces.push(Piece { at: self.text.len(), origin, length: text.len(), copy: true });
        }
        self.text.push_str(text);
    }

    /// Adds `text`, which stands for the whole of `origin` in the text behind.
    pub(in crate::detect) fn put(&mut self, text: &str, origin: Range<usize>) {
        if text.is_empty() || self.is_full() {
            return;
        }
        if text.len() > self.limit.saturating_sub(self.text.len()) {
            self.limit = self.text.len();
            return;
        }
        let length = origin.end.saturating_sub(origin.start);
        self.pieces.push(Piece { at: self.text.len(), origin: origin.start, length, copy: false });
        self.text.push_str(text);
    }

    /// The same for one character.
    pub(in crate::detect) fn put_char(&mut self, character: char, origin: Range<usize>) {
        self.put(character.encode_utf8(&mut [0; 4]), origin);
    }

    /// Adds what a run of decoded bytes spells, when it is text. `bytes` holds each byte with the range it was written in.
    pub(in crate::detect) fn put_bytes(&mut self, bytes: &[(u8, Range<usize>)]) -> bool {
        let plain: Vec<u8> = bytes.iter().map(|(byte, _)| *byte).collect();
        let Ok(text) = std::str::from_utf8(&plain) else { return false };
        for (at, character) in text.char_indices() {
            let last = at.saturating_add(character.len_utf8()).saturating_sub(1);
            if let (Some((_, first)), Some((_, last))) = (bytes.get(at), bytes.get(last)) {
                self.put_char(character, first.start..last.end);
            }
        }
        true
    }

    /// Separates two excerpts; `origin` is where the first of them ends.
    pub(in crate::detect) fn gap(&mut self, origin: usize) {
        if !self.text.is_empty() {
            self.put(GAP, origin..origin);
        }
    }

    /// Where the draft stands.
    pub(in crate::detect) fn mark(&self) -> Mark {
        Mark { text: self.text.len(), pieces: self.pieces.len() }
    }

    /// Takes back what was added since `mark`.
    pub(in crate::detect) fn reset(&mut self, mark: Mark) {
        self.text.truncate(mark.text);
        self.pieces.truncate(mark.pieces);
    }

    /// The reading and its map.
    pub(in crate::detect) fn finish(self) -> (String, Map) {
        (self.text, Map { pieces: self.pieces })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_exact_and_substitutes_are_whole() {
        let mut draft = Draft::new(100);
        draft.copy("ab", 0);
        draft.copy("cd", 2);
        draft.put("X", 4..9);
        draft.copy("ef", 9);
        let (text, map) = draft.finish();
        assert_eq!(text, "abcdXef");
        assert_eq!(map.pieces.len(), 3);
        assert_eq!(map.origin(1..3), 1..3);
        assert_eq!(map.origin(3..6), 3..10);
        assert_eq!(map.origin(4..5), 4..9);
    }

    #[test]
    fn a_reset_draft_is_as_it_was() {
        let mut draft = Draft::new(100);
        draft.copy("ab", 0);
        let mark = draft.mark();
        draft.put("X", 2..9);
        assert_eq!(draft.since(mark), "X");
        draft.reset(mark);
        draft.copy("cd", 2);
        assert_eq!(draft.finish().1.origin(0..4), 0..4);
    }

    #[test]
    fn a_full_draft_takes_no_more() {
        let mut draft = Draft::new(2);
        draft.copy("ab", 0);
        draft.put("X", 2..3);
        assert_eq!(draft.finish().0, "ab");
    }
}
