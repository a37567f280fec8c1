//! Spans in the order of their tree, each with its place on the common time axis.

use std::collections::{HashMap, HashSet};

use execlave_store::traces::Trace;

/// A span's place.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    /// Its index in what was given.
    pub(crate) index: usize,
    /// How many spans are above it, up to what the page can indent.
    pub(crate) depth: usize,
    /// Where it starts and how long it is, in percent of the whole.
    pub(crate) left: String,
    pub(crate) width: String,
}

/// Deeper spans are drawn at this depth.
const DEEPEST: usize = 6;
/// The shortest span is still a line.
const NARROWEST: f64 = 0.4;

/// Parents before children, siblings by start. `spans` are ordered by start.
pub(crate) fn place(spans: &[Trace]) -> Vec<Placed> {
    let begin = spans.iter().map(|span| span.started_at.as_millis()).min().unwrap_or_default();
    let whole = total_ms(spans).max(1);
    order(spans)
        .into_iter()
        .map(|(index, depth)| {
            let Some(span) = spans.get(index) else {
                return Placed { index, depth, left: "0".into(), width: "0".into() };
            };
            let left =
                percent(span.started_at.as_millis() - begin, whole).clamp(0.0, 100.0 - NARROWEST);
            let width =
                percent(span.duration_ms.unwrap_or_default(), whole).clamp(NARROWEST, 100.0 - left);
            Placed {
                index,
                depth: depth.min(DEEPEST),
                left: format!("{left:.2}"),
                width: format!("{width:.2}"),
            }
        })
        .collect()
}

/// From the first start to the last end.
pub(crate) fn total_ms(spans: &[Trace]) -> i64 {
    let begin = spans.iter().map(|span| span.started_at.as_millis()).min().unwrap_or_default();
    let end = spans
        .iter()
        .map(|span| {
            span.started_at.as_millis().saturating_add(span.duration_ms.unwrap_or_default())
        })
        .max();
    end.unwrap_or_default().saturating_sub(begin)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a hundredth of a percent is far coarser than the loss"
)]
fn percent(part: i64, whole: i64) -> f64 {
    part as f64 * 100.0 / whole as f64
}

/// Depth first. A span whose parent is unknown is a root, and so is the first of a circle, so that none is left out.
fn order(spans: &[Trace]) -> Vec<(usize, usize)> {
    let known: HashSet<&str> = spans.iter().filter_map(|span| span.span_id.as_deref()).collect();
    let mut children: HashMap<Option<&str>, Vec<usize>> = HashMap::new();
    for (index, span) in spans.iter().enumerate() {
        let parent = span.parent_span_id.as_deref().filter(|parent| known.contains(parent));
        children.entry(parent).or_default().push(index);
    }
    let mut ordered = Vec::with_capacity(spans.len());
    let mut seen = vec![false; spans.len()];
    let roots = children.get(&None).cloned().unwrap_or_default();
    for root in roots.into_iter().chain(0..spans.len()) {
        let mut stack = vec![(root, 0)];
        while let Some((index, depth)) = stack.pop() {
            let Some(seen) = seen.get_mut(index) else { continue };
            if std::mem::replace(seen, true) {
                continue;
            }
            ordered.push((index, depth));
            let below = spans
                .get(index)
                .and_then(|span| span.span_id.as_deref())
                .and_then(|id| children.get(&Some(id)));
            stack.extend(below.into_iter().flatten().rev().map(|child| (*child, depth + 1)));
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::trace::tests::span;

    fn drawn(spans: &[Trace]) -> Vec<(usize, usize, String, String)> {
        place(spans)
            .into_iter()
            .map(|placed| (placed.index, placed.depth, placed.left, placed.width))
            .collect()
    }

    #[test]
    fn children_follow_their_parent() {
        let spans = [
            span("root", None, 0, 1_000),
            span("first", Some("root"), 100, 200),
            span("second", Some("root"), 400, 100),
            span("inner", Some("first"), 150, 50),
        ];
        let places: Vec<_> =
            drawn(&spans).into_iter().map(|(index, depth, ..)| (index, depth)).collect();
        assert_eq!(places, [(0, 0), (1, 1), (3, 2), (2, 1)]);
        assert_eq!(drawn(&spans)[1].2, "10.00");
        assert_eq!(drawn(&spans)[1].3, "20.00");
    }

    #[test]
    fn circles_and_orphans_are_all_shown_once() {
        let spans =
            [span("a", Some("b"), 0, 1), span("b", Some("a"), 0, 1), span("c", Some("gone"), 5, 1)];
        let mut shown: Vec<_> = drawn(&spans).into_iter().map(|(index, ..)| index).collect();
        shown.sort_unstable();
        assert_eq!(shown, [0, 1, 2]);
    }

    #[test]
    fn no_time_at_all_is_still_a_line() {
        assert_eq!(drawn(&[span("only", None, 0, 0)])[0].3, "0.40");
    }
}
