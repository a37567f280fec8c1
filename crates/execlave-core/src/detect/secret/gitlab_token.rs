//! # What it finds
//! GitLab tokens: personal (`glpat-`), deploy, runner, pipeline trigger, job, feed, agent and OAuth.
//!
//! # How it is checked
//! Twenty characters or more behind the prefix.
//!
//! # What it leaves alone
//! Shorter words with the same beginning.
//!
//! # References
//! GitLab Docs, "Token overview", prefixes.

use super::key;
use crate::detect::candidates::detector::{Detector, Reads};
use crate::detect::source::is_wide;

pub(super) const DETECTOR: Detector = Detector {
    reads: &[
        Reads::Prefix("glpat-", |source, start| key(source, start, "glpat-", 20..=300, is_wide)),
        Reads::Prefix("gldt-", |source, start| key(source, start, "gldt-", 20..=300, is_wide)),
        Reads::Prefix("glrt-", |source, start| key(source, start, "glrt-", 20..=300, is_wide)),
        Reads::Prefix("glptt-", |source, start| key(source, start, "glptt-", 20..=300, is_wide)),
        Reads::Prefix("glcbt-", |source, start| key(source, start, "glcbt-", 20..=300, is_wide)),
        Reads::Prefix("glft-", |source, start| key(source, start, "glft-", 20..=300, is_wide)),
        Reads::Prefix("glagent-", |source, start| {
            key(source, start, "glagent-", 20..=300, is_wide)
        }),
        Reads::Prefix("gloas-", |source, start| key(source, start, "gloas-", 20..=300, is_wide)),
        Reads::Prefix("glsoat-", |source, start| key(source, start, "glsoat-", 20..=300, is_wide)),
    ],
};
