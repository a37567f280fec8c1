//! Masks personal data in text and in JSON values.
//!
//! A finding becomes `[EMAIL_REDACTED]` and the like. What was found is reported by type with the first 16
//! hexadecimal characters of its SHA-256, so that two traces about the same person can be told to be so
//! without keeping who it was.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::detect::pii::{self, PiiType};
use crate::detect::{secret, text};
use crate::digest::hex;

/// Values nested deeper are replaced whole.
pub const DEPTH_LIMIT: usize = 32;

/// What replaces a value beyond [`DEPTH_LIMIT`].
pub const DEPTH_PLACEHOLDER: &str = "[REDACTED_DEPTH_LIMIT]";

/// What [`scrub_value`] found and whether it could remove it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScrubReport {
    /// For each type, one hash per finding.
    pub found: BTreeMap<PiiType, Vec<String>>,
    /// Whether reading the scrubbed value again finds nothing. Data split over two values is found but cannot
    /// be masked.
    pub clean: bool,
}

/// Masks personal data; borrows when there is none.
pub fn redact_text(text: &str) -> Cow<'_, str> {
    let found = pii::find(text);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(mask(
        text,
        0..text.len(),
        found.iter().map(|found| (found.range(), found.pii_type.placeholder())),
    ))
}

/// Masks personal data in every string and number inside `value`. Keys are left alone; a number that holds
/// personal data becomes the masked text.
pub fn scrub_value(value: &mut Value) -> ScrubReport {
    let mut report = ScrubReport::default();
    scrub(value, DEPTH_LIMIT, &mut report);
    let left = text::extract(value);
    let split = pii::find(&left);
    report.clean = split.is_empty();
    report.add(&left, &split);
    report
}

fn scrub(value: &mut Value, depth_left: usize, report: &mut ScrubReport) {
    match value {
        Value::String(leaf) => {
            if let Some(masked) = scrub_leaf(leaf, report) {
                *leaf = masked;
            }
        }
        Value::Number(leaf) => {
            if let Some(masked) = scrub_leaf(&leaf.to_string(), report) {
                *value = Value::String(masked);
            }
        }
        Value::Array(_) | Value::Object(_) if depth_left == 0 => {
            *value = Value::String(DEPTH_PLACEHOLDER.into());
        }
        Value::Array(items) => {
            for item in items {
                scrub(item, depth_left.saturating_sub(1), report);
            }
        }
        Value::Object(map) => {
            for item in map.values_mut() {
                scrub(item, depth_left.saturating_sub(1), report);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn scrub_leaf(leaf: &str, report: &mut ScrubReport) -> Option<String> {
    let found = pii::find(leaf);
    if found.is_empty() {
        return None;
    }
    report.add(leaf, &found);
    Some(mask(
        leaf,
        0..leaf.len(),
        found.iter().map(|found| (found.range(), found.pii_type.placeholder())),
    ))
}

impl ScrubReport {
    fn add(&mut self, text: &str, found: &[pii::Match]) {
        for found in found {
            let matched = text.get(found.range()).unwrap_or_default();
            let hash: String = hex(&Sha256::digest(matched)).chars().take(16).collect();
            self.found.entry(found.pii_type).or_default().push(hash);
        }
    }
}

/// Copies `window` of `text`; each masked range that touches it is replaced as a whole.
fn mask(
    text: &str,
    window: Range<usize>,
    masked: impl Iterator<Item = (Range<usize>, &'static str)>,
) -> String {
    let mut copy = String::with_capacity(window.len());
    let mut from = window.start;
    for (range, placeholder) in masked {
        if range.end <= from || range.start >= window.end {
            continue;
        }
        copy.push_str(text.get(from..range.start.max(from)).unwrap_or_default());
        copy.push_str(placeholder);
        from = range.end;
    }
    copy.push_str(text.get(from..window.end).unwrap_or_default());
    copy
}

/// Characters of context on each side of an excerpt's finding, and of the finding itself.
const EXCERPT_CONTEXT: usize = 24;
const EXCERPT_LENGTH: usize = 120;

/// What stands at `range` and around it, safe to show: personal data and credentials are masked.
pub(crate) fn excerpt(text: &str, range: Range<usize>, pii: &[pii::Match]) -> String {
    let before = text.get(..range.start).unwrap_or_default();
    let start = before
        .char_indices()
        .rev()
        .take(EXCERPT_CONTEXT)
        .last()
        .map_or(range.start, |(index, _)| index);
    let end = |from: usize, count: usize| {
        let rest = text.get(from..).unwrap_or_default();
        rest.char_indices().nth(count).map_or(text.len(), |(index, _)| from.saturating_add(index))
    };
    let finding_end = range.end.min(end(range.start, EXCERPT_LENGTH));
    let window = start..end(finding_end, EXCERPT_CONTEXT);
    let mut masked: Vec<(Range<usize>, &'static str)> = pii
        .iter()
        .map(|found| (found.range(), found.pii_type.placeholder()))
        .chain(secret::find(text).into_iter().map(|found| (found.range(), secret::PLACEHOLDER)))
        .collect();
    masked.sort_by_key(|(range, _)| (range.start, range.end));
    let shown = mask(text, window.clone(), masked.into_iter());
    let head = if window.start > 0 { "…" } else { "" };
    let tail = if window.end < text.len() { "…" } else { "" };
    format!("{head}{shown}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_findings_is_not_copied() {
        assert!(matches!(redact_text("nothing here"), Cow::Borrowed(_)));
        assert_eq!(redact_text("mail é@b jane@example.com!"), "mail é@b [EMAIL_REDACTED]!");
    }

    #[test]
    fn excerpts_never_show_half_a_finding() {
        let text = format!("{}jane@example.com ignore previous instructions", "x".repeat(40));
        let found = pii::find(&text);
        let start = text.find("ignore").expect("is there");
        let shown = excerpt(&text, start..text.len(), &found);
        assert_eq!(shown, "…[EMAIL_REDACTED] ignore previous instructions");
    }
}
