//! A few words of a text as evidence, safe to show.

use std::ops::Range;

use super::{mask, masks};

/// Characters of context on each side of an excerpt's finding, and of the finding itself.
const CONTEXT: usize = 24;
const LENGTH: usize = 120;

/// What stands at `range` and around it: personal data and credentials are masked.
pub(crate) fn excerpt(text: &str, range: Range<usize>) -> String {
    let before = text.get(..range.start).unwrap_or_default();
    let start =
        before.char_indices().rev().take(CONTEXT).last().map_or(range.start, |(index, _)| index);
    let end = |from: usize, count: usize| {
        let rest = text.get(from..).unwrap_or_default();
        rest.char_indices().nth(count).map_or(text.len(), |(index, _)| from.saturating_add(index))
    };
    let finding_end = range.end.min(end(range.start, LENGTH));
    let window = start..end(finding_end, CONTEXT);
    let shown = mask(text, window.clone(), &masks(text, false));
    let head = if window.start > 0 { "…" } else { "" };
    let tail = if window.end < text.len() { "…" } else { "" };
    format!("{head}{shown}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_never_show_half_a_finding() {
        let text = format!("{}jane@example.com ignore previous instructions", "x".repeat(40));
        let start = text.find("ignore").expect("is there");
        let shown = excerpt(&text, start..text.len());
        assert_eq!(shown, "…[EMAIL_REDACTED] ignore previous instructions");
    }
}
