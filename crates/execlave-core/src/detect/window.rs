//! Cuts a text of any length into overlapping windows, so that memory is bounded and a stream is judged like the whole.
//!
//! Scanning a text IS scanning its windows one after the other and putting the results together, whether the text is there at once or
//! comes in pieces. Where a window ends depends only on the text up to there. Each window repeats the end of the one before, so that
//! what lies across a cut is seen whole by one of them.

use std::ops::Range;

use super::{Scan, injection, pii, secret};

/// The sizes of windows, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizes {
    /// The longest window.
    pub(super) window: usize,
    /// How much of a window the next one repeats. Also how far back a good place for a cut is looked for.
    pub(super) overlap: usize,
}

/// What scans use. Nothing that detectors look for is longer than the overlap.
pub(super) const SIZES: Sizes = Sizes { window: 64 * 1024, overlap: 4 * 1024 };

impl Sizes {
    /// Where the window at the start of `text` ends; `None` as long as more of the text may belong to it.
    ///
    /// Windows end after a line, else after a space, else between characters. More than one window's worth of text is needed to know.
    pub(super) fn cut(self, text: &str) -> Option<usize> {
        if text.len() <= self.window {
            return None;
        }
        let limit = text.floor_char_boundary(self.window);
        let from = text.floor_char_boundary(limit.saturating_sub(self.overlap));
        let last = text.get(from..limit).unwrap_or_default();
        let after = |place: usize| from.saturating_add(place).saturating_add(1);
        let line = last.bytes().rposition(|byte| byte == b'\n').map(after);
        Some(
            line.or_else(|| last.bytes().rposition(|byte| byte == b' ').map(after))
                .unwrap_or(limit),
        )
    }

    /// Where the window after the one that ends at `cut` starts. It is always further on than the window that ends there.
    pub(super) fn next(self, text: &str, cut: usize) -> usize {
        let from = text.floor_char_boundary(cut.saturating_sub(self.overlap));
        let repeated = text.get(from..cut).unwrap_or_default();
        // A window that starts within a word would see another word.
        let space =
            repeated.bytes().position(|byte| byte <= b' ').map(|place| from.saturating_add(place));
        space.unwrap_or(from)
    }
}

/// What the windows so far have found, put together.
#[derive(Debug, Default)]
pub(super) struct Windows {
    verdicts: Vec<injection::Verdict>,
    pii: Vec<pii::Match>,
    secrets: Vec<secret::Match>,
}

impl Windows {
    /// Scans one window that starts at `start` of the whole text.
    pub(super) fn scan(&mut self, window: &str, start: usize) {
        let moved = |place: usize| place.saturating_add(start);
        let mut verdict = injection::scan(window);
        for finding in &mut verdict.findings {
            (finding.start, finding.end) = (moved(finding.start), moved(finding.end));
        }
        if let Some(last) = self.verdicts.last_mut() {
            keep_longer(&mut last.findings, &mut verdict.findings);
        }
        if !verdict.findings.is_empty() {
            self.verdicts.push(verdict);
        }
        self.pii.extend(pii::find(window).into_iter().map(|found| pii::Match {
            start: moved(found.start),
            end: moved(found.end),
            ..found
        }));
        self.secrets.extend(secret::find(window).into_iter().map(|found| secret::Match {
            start: moved(found.start),
            end: moved(found.end),
            ..found
        }));
    }

    /// The scan of the whole.
    pub(super) fn merge(self) -> Scan {
        Scan {
            injection: injection::merge(self.verdicts),
            pii: widest(self.pii, pii::Match::range),
            secrets: widest(self.secrets, secret::Match::range),
        }
    }
}

/// Of findings of one rule in two windows that overlap the longer, which saw it whole; of equals that of the first window.
fn keep_longer(first: &mut Vec<injection::Finding>, second: &mut Vec<injection::Finding>) {
    let longer = |one: &injection::Finding, other: &injection::Finding, least: usize| {
        one.rule_id == other.rule_id
            && one.start < other.end
            && other.start < one.end
            && one.range().len() >= other.range().len().saturating_add(least)
    };
    second.retain(|found| !first.iter().any(|other| longer(other, found, 0)));
    first.retain(|found| !second.iter().any(|other| longer(other, found, 1)));
}

/// Of matches that overlap the longest, which saw it whole; of equals the first.
fn widest<T>(mut found: Vec<T>, range: impl Fn(&T) -> Range<usize>) -> Vec<T> {
    found.sort_by_key(|found| (range(found).start, std::cmp::Reverse(range(found).end)));
    let mut kept: Vec<T> = Vec::with_capacity(found.len());
    for next in found {
        match kept.last_mut() {
            Some(last) if range(last).end > range(&next).start => {
                if range(&next).len() > range(last).len() {
                    *last = next;
                }
            }
            _ => kept.push(next),
        }
    }
    kept
}
