//! # What it finds
//! `OpenAI` API keys: of projects, service accounts and administrators (`sk-proj-…`), and of users (`sk-…`).
//!
//! # How it is checked
//! Twenty characters or more behind a prefix with a kind in it; behind `sk-` alone, 48 letters and digits or the mark
//! `T3BlbkFJ` that such keys have in the middle.
//!
//! # What it leaves alone
//! Other vendors' keys that start with `sk-`; they are still reported as `api_key`.
//!
//! # References
//! `OpenAI`, API reference, authentication; GitHub Docs, "Supported secret scanning patterns".

use super::key;
use crate::detect::candidates::detector::{Detector, Hit, Reads};
use crate::detect::source::{Source, is_alnum, is_wide};

pub(super) const DETECTOR: Detector = Detector {
    reads: &[
        Reads::Prefix("sk-proj-", |source, start| {
            key(source, start, "sk-proj-", 20..=300, is_wide)
        }),
        Reads::Prefix("sk-svcacct-", |source, start| {
            key(source, start, "sk-svcacct-", 20..=300, is_wide)
        }),
        Reads::Prefix("sk-admin-", |source, start| {
            key(source, start, "sk-admin-", 20..=300, is_wide)
        }),
        Reads::Prefix("sk-", user),
    ],
};

fn user(source: Source<'_>, start: usize) -> Option<Hit> {
    let marked =
        |hit: &Hit| source.slice(hit.range.clone()).windows(8).any(|mark| mark == b"T3BlbkFJ");
    key(source, start, "sk-", 48..=48, is_alnum)
        .or_else(|| key(source, start, "sk-", 40..=300, is_wide).filter(marked))
}
