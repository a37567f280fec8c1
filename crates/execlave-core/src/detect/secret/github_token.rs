//! # What it finds
//! GitHub tokens: personal (`ghp_`, `github_pat_`), OAuth (`gho_`), application (`ghu_`, `ghs_`) and refresh (`ghr_`).
//!
//! # How it is checked
//! 36 characters or more behind the prefix, 22 or more behind `github_pat_`.
//!
//! # What it leaves alone
//! Shorter words with the same beginning.
//!
//! # References
//! GitHub Docs, "About authentication to GitHub", token formats.

use super::key;
use crate::detect::candidates::detector::{Detector, Reads};
use crate::detect::source::is_wide;

pub(super) const DETECTOR: Detector = Detector {
    reads: &[
        Reads::Prefix("ghp_", |source, start| key(source, start, "ghp_", 36..=255, is_wide)),
        Reads::Prefix("gho_", |source, start| key(source, start, "gho_", 36..=255, is_wide)),
        Reads::Prefix("ghu_", |source, start| key(source, start, "ghu_", 36..=255, is_wide)),
        Reads::Prefix("ghs_", |source, start| key(source, start, "ghs_", 36..=255, is_wide)),
        Reads::Prefix("ghr_", |source, start| key(source, start, "ghr_", 36..=255, is_wide)),
        Reads::Prefix("github_pat_", |source, start| {
            key(source, start, "github_pat_", 22..=255, is_wide)
        }),
    ],
};
