//! Masks personal data and credentials in text and in JSON values.
//!
//! A finding becomes `[EMAIL_REDACTED]` and the like. What was found is reported by type with a short hash, so
//! that two traces about the same person can be told to be so without keeping who it was. Masking moves what
//! surrounds a finding closer together, which can bring out another; a text is therefore read again until
//! nothing is found, so that scrubbing twice is scrubbing once.

use std::borrow::Cow;
use std::ops::Range;

use crate::detect::candidates::{self, overlap::strength};

mod excerpt;
mod hash;
mod value;

pub(crate) use excerpt::excerpt;
pub use hash::{Hash, HashKey};
pub use value::{
    DEPTH_LIMIT, DEPTH_PLACEHOLDER, ScrubReport, scrub_value, scrub_value_with, scrub_value_within,
};

/// What replaces a text that cannot be scrubbed: one longer than [`SIZE_LIMIT`], or one in which masking keeps
/// bringing out more.
pub const SIZE_PLACEHOLDER: &str = "[REDACTED_SIZE_LIMIT]";

/// Longer texts are replaced whole, in bytes.
pub const SIZE_LIMIT: usize = 16 * 1024 * 1024;

/// How often one text is read; ordinary ones need two.
const ROUNDS: usize = 8;

/// How to scrub.
#[derive(Debug, Clone, Default)]
pub struct Scrubbing {
    /// Whether the keys of objects are scrubbed like their values.
    pub keys: bool,
    /// Whether names of persons are looked for.
    pub names: bool,
    /// How what was found is hashed.
    pub hash: Hash,
}

/// A place to mask.
struct Mask {
    range: Range<usize>,
    word: &'static str,
}

impl Mask {
    fn placeholder(&self) -> String {
        format!("[{}_REDACTED]", self.word.to_ascii_uppercase())
    }
}

/// Masks personal data and credentials; borrows when there is none.
pub fn redact_text(text: &str) -> Cow<'_, str> {
    redact_text_with(text, &Scrubbing::default())
}

/// The same with a choice of what to look for.
pub fn redact_text_with<'t>(text: &'t str, scrubbing: &Scrubbing) -> Cow<'t, str> {
    let masked = mask_all(text, None, scrubbing.names, |_, _| {});
    masked.unwrap_or_else(|| Cow::Owned(SIZE_PLACEHOLDER.to_owned()))
}

/// Masks everything, telling `seen` the type and text of each finding; `None` when it does not come to an end.
/// Where nothing is left to find in the text alone, it is read once more as what stands under `key`.
fn mask_all<'t>(
    text: &'t str,
    key: Option<&str>,
    names: bool,
    mut seen: impl FnMut(&'static str, &str),
) -> Option<Cow<'t, str>> {
    if text.len() > SIZE_LIMIT {
        return None;
    }
    let mut masked = Cow::Borrowed(text);
    for _ in 0..ROUNDS {
        let mut masks = masks(&masked, names);
        if let (true, Some(key)) = (masks.is_empty(), key) {
            masks = masks_under(key, &masked, names);
        }
        if masks.is_empty() {
            return Some(masked);
        }
        for mask in &masks {
            seen(mask.word, masked.get(mask.range.clone()).unwrap_or_default());
        }
        masked = Cow::Owned(mask(&masked, 0..masked.len(), &masks));
    }
    None
}

/// Longer texts need no help from the key they stand under, in bytes.
const SHORT: usize = 256;

/// The places to mask in a value that is written `key: value`; of a finding that starts in the key, the rest.
fn masks_under(key: &str, value: &str, names: bool) -> Vec<Mask> {
    let telling = value.len() <= SHORT && key.len() <= SHORT;
    if !telling || !value.bytes().any(|byte| byte.is_ascii_digit()) {
        return Vec::new();
    }
    let text = format!("{key}: {value}");
    let from = text.len().saturating_sub(value.len());
    let inside = masks(&text, names).into_iter().filter(|mask| mask.range.end > from);
    let shift = |index: usize| index.saturating_sub(from);
    inside
        .map(|mask| Mask { range: shift(mask.range.start)..shift(mask.range.end), ..mask })
        .collect()
}

/// All places to mask, sorted; where a credential and personal data overlap, one mask covers both.
fn masks(text: &str, names: bool) -> Vec<Mask> {
    let found = candidates::find(text, names);
    let pii = found.pii.into_iter().map(|found| (found.what.as_str(), found.hit));
    let secrets = found.secrets.into_iter().map(|found| (found.what.as_str(), found.hit));
    let mut all: Vec<_> = pii.chain(secrets).collect();
    all.sort_by_key(|(_, hit)| hit.range.start);
    let mut masks: Vec<Mask> = Vec::new();
    let mut strongest = None;
    for (word, hit) in all {
        let Some(last) = masks.last_mut().filter(|last| hit.range.start < last.range.end) else {
            masks.push(Mask { range: hit.range.clone(), word });
            strongest = Some(hit);
            continue;
        };
        last.range.end = last.range.end.max(hit.range.end);
        if strongest.as_ref().is_some_and(|strongest| strength(&hit, strongest).is_gt()) {
            last.word = word;
            strongest = Some(hit);
        }
    }
    masks
}

/// Copies `window` of `text`; each mask that touches it is replaced as a whole.
fn mask(text: &str, window: Range<usize>, masks: &[Mask]) -> String {
    let mut copy = String::with_capacity(window.len());
    let mut from = window.start;
    for mask in masks {
        if mask.range.end <= from || mask.range.start >= window.end {
            continue;
        }
        copy.push_str(text.get(from..mask.range.start.max(from)).unwrap_or_default());
        copy.push_str(&mask.placeholder());
        from = mask.range.end;
    }
    copy.push_str(text.get(from..window.end).unwrap_or_default());
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_findings_is_not_copied() {
        assert!(matches!(redact_text("nothing here"), Cow::Borrowed("nothing here")));
        assert_eq!(redact_text("mail é@b jane@example.com!"), "mail é@b [EMAIL_REDACTED]!");
    }
}
