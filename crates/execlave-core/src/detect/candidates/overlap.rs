//! Which of several overlapping findings stays: the proven one, then the longest, then the surest.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;

use super::detector::Hit;

/// A hit and what it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Candidate<T> {
    /// The type.
    pub(crate) what: T,
    /// The place.
    pub(crate) hit: Hit,
}

/// Compares two hits; the stronger one is greater.
pub(crate) fn strength(left: &Hit, right: &Hit) -> Ordering {
    left.proven
        .cmp(&right.proven)
        .then(left.range.len().cmp(&right.range.len()))
        .then(left.confidence.total_cmp(&right.confidence))
}

/// Keeps what does not overlap something stronger, sorted by position. At equal strength the earlier position
/// stays, then the type that comes first in its table.
pub(crate) fn resolve<T: Copy + Ord>(candidates: &mut Vec<Candidate<T>>) {
    candidates.sort_by(|left, right| {
        let place = left.hit.range.start.cmp(&right.hit.range.start);
        place.then(left.hit.range.end.cmp(&right.hit.range.end)).then(left.what.cmp(&right.what))
    });
    let mut furthest = 0;
    let overlaps = candidates.iter().any(|candidate| {
        let overlaps = candidate.hit.range.start < furthest;
        furthest = furthest.max(candidate.hit.range.end);
        overlaps
    });
    if !overlaps {
        return;
    }
    let mut by_strength: Vec<usize> = (0..candidates.len()).collect();
    by_strength.sort_by(|left, right| match (candidates.get(*left), candidates.get(*right)) {
        (Some(left), Some(right)) => strength(&right.hit, &left.hit),
        _ => Ordering::Equal,
    });
    let mut taken = Taken::default();
    let kept: Vec<bool> =
        by_strength.iter().fold(vec![false; candidates.len()], |mut kept, index| {
            let range =
                candidates.get(*index).map_or(0..0, |candidate| candidate.hit.range.clone());
            if let Some(kept) = kept.get_mut(*index) {
                *kept = taken.take(range);
            }
            kept
        });
    let mut kept = kept.into_iter();
    candidates.retain(|_| kept.next().unwrap_or(false));
}

/// Ranges that do not overlap.
#[derive(Debug, Default)]
struct Taken {
    ends: BTreeMap<usize, usize>,
}

impl Taken {
    /// Takes a range unless part of it has been taken.
    fn take(&mut self, range: Range<usize>) -> bool {
        let before = self.ends.range(..range.end).next_back();
        let free = before.is_none_or(|(_, end)| *end <= range.start);
        if free {
            self.ends.insert(range.start, range.end);
        }
        free
    }
}
