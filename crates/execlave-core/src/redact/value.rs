//! Scrubs JSON values: every string and number inside, and keys if asked.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{SIZE_PLACEHOLDER, Scrubbing, mask_all, masks};
use crate::detect::text;

/// Values nested deeper are replaced whole.
pub const DEPTH_LIMIT: usize = 32;

/// What replaces a value beyond [`DEPTH_LIMIT`].
pub const DEPTH_PLACEHOLDER: &str = "[REDACTED_DEPTH_LIMIT]";

/// What [`scrub_value`] found and whether it could remove it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScrubReport {
    /// For each type of personal data and kind of secret, by its word on the wire, one hash per finding.
    pub found: BTreeMap<&'static str, Vec<String>>,
    /// How many values were replaced whole, because they lie too deep or are too long to be read.
    pub replaced: usize,
    /// Whether reading the scrubbed value again finds nothing. Data split over two values is found but cannot
    /// be masked.
    pub clean: bool,
}

impl ScrubReport {
    fn add(&mut self, word: &'static str, hash: String) {
        self.found.entry(word).or_default().push(hash);
    }
}

/// Masks personal data and credentials in every string and number inside `value`. Keys are left alone, but
/// what stands under them is read with their help; a number that holds personal data becomes the masked text.
pub fn scrub_value(value: &mut Value) -> ScrubReport {
    scrub_value_with(value, &Scrubbing::default())
}

/// The same with a choice of what to scrub and how to hash.
pub fn scrub_value_with(value: &mut Value, scrubbing: &Scrubbing) -> ScrubReport {
    scrub_value_within(value, scrubbing, DEPTH_LIMIT)
}

/// The same with a choice of how many levels are read before the rest is replaced whole.
pub fn scrub_value_within(value: &mut Value, scrubbing: &Scrubbing, levels: usize) -> ScrubReport {
    let mut walk = Walk { scrubbing, report: ScrubReport::default() };
    walk.scrub(value, None, levels);
    let mut report = walk.report;
    let left = seams(value);
    let split = masks(&left, scrubbing.names);
    report.clean = split.is_empty();
    for mask in split {
        let hash = scrubbing.hash.of(left.get(mask.range).unwrap_or_default());
        report.add(mask.word, hash);
    }
    report
}

/// Beginning and end of a leaf that are read together with its neighbours, in bytes.
const SEAM: usize = 1024;

/// What data that is split over two values would be found in: all leaves joined, without the middle of long ones,
/// which have been read already. Empty when there is only one leaf.
fn seams(value: &Value) -> String {
    let mut text = String::new();
    let mut count = 0usize;
    text::leaves(value, |leaf| {
        if is_uuid(leaf) {
            return;
        }
        count = count.saturating_add(1);
        let space = |part: &str| part.find(char::is_whitespace);
        let head_at = leaf.ceil_char_boundary(SEAM);
        let head = leaf.get(head_at..).and_then(space).map(|end| end.saturating_add(head_at));
        let tail_at = leaf.floor_char_boundary(leaf.len().saturating_sub(SEAM));
        let tail = leaf.get(..tail_at).and_then(|part| part.rfind(char::is_whitespace));
        match (head, tail) {
            (Some(head), Some(tail)) if head < tail => {
                text::push(&mut text, leaf.get(..head).unwrap_or_default());
                text.push('\n');
                text.push_str(leaf.get(tail..).unwrap_or_default());
            }
            _ => text::push(&mut text, leaf),
        }
    });
    if count > 1 { text } else { String::new() }
}

/// Whether a text is a UUID and nothing else. Among thousands of random ones there is always one that checks as an IBAN.
fn is_uuid(leaf: &str) -> bool {
    leaf.len() == 36
        && leaf.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

struct Walk<'s> {
    scrubbing: &'s Scrubbing,
    report: ScrubReport,
}

impl Walk<'_> {
    fn scrub(&mut self, value: &mut Value, key: Option<&str>, depth_left: usize) {
        match value {
            Value::String(leaf) => {
                if let Some(masked) = self.scrub_leaf(leaf, key) {
                    *leaf = masked;
                }
            }
            Value::Number(leaf) => {
                if let Some(masked) = self.scrub_leaf(&leaf.to_string(), key) {
                    *value = Value::String(masked);
                }
            }
            Value::Array(_) | Value::Object(_) if depth_left == 0 => {
                self.report.replaced = self.report.replaced.saturating_add(1);
                *value = Value::String(DEPTH_PLACEHOLDER.into());
            }
            Value::Array(items) => {
                for item in items {
                    self.scrub(item, key, depth_left.saturating_sub(1));
                }
            }
            Value::Object(map) => {
                // Keys first: values are read with the help of what stands in front of them when it is sent.
                if self.scrubbing.keys {
                    self.scrub_keys(map);
                }
                for (key, item) in map.iter_mut() {
                    self.scrub(item, Some(key), depth_left.saturating_sub(1));
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// The scrubbed text, if it differs. A short value is read as `key: value` as well: nine digits under `ssn`
    /// are one.
    fn scrub_leaf(&mut self, leaf: &str, key: Option<&str>) -> Option<String> {
        if is_uuid(leaf) {
            return None;
        }
        let (report, Scrubbing { names, hash, .. }) = (&mut self.report, self.scrubbing);
        let masked = mask_all(leaf, key, *names, |word, found| report.add(word, hash.of(found)));
        match masked {
            Some(Cow::Borrowed(_)) => None,
            Some(Cow::Owned(masked)) => Some(masked),
            None => {
                report.replaced = report.replaced.saturating_add(1);
                Some(SIZE_PLACEHOLDER.to_owned())
            }
        }
    }

    /// Two keys that are masked alike are told apart by a number, so that no value is lost.
    fn scrub_keys(&mut self, map: &mut Map<String, Value>) {
        let masked: Vec<(String, String)> =
            map.keys().filter_map(|key| Some((key.clone(), self.scrub_leaf(key, None)?))).collect();
        for (key, masked) in masked {
            let Some(value) = map.remove(&key) else { continue };
            let numbered = (2u32..).map(|number| format!("{masked} {number}"));
            let free = std::iter::once(masked.clone())
                .chain(numbered)
                .find(|name| !map.contains_key(name));
            map.insert(free.unwrap_or(masked), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_uuid_is_nobodys_account() {
        let iban = "01a22c21-ad34-7005-9aed-4f51430a2038";
        assert!(!masks(iban, false).is_empty());
        let mut value = json!({"run": iban, "parent": "36042554-4450-4645-b695-124b089ab2c9"});
        let before = value.clone();
        let report = scrub_value(&mut value);
        assert_eq!((value, report.clean, report.found.len()), (before, true, 0));
        let mut said = json!(format!("to {iban}"));
        assert!(!scrub_value(&mut said).found.is_empty());
    }
}
