//! # What it finds
//! Anthropic API keys: `sk-ant-api03-…`.
//!
//! # How it is checked
//! Twenty characters or more behind `sk-ant-`.
//!
//! # What it leaves alone
//! Shorter words with the same beginning.
//!
//! # References
//! Anthropic, API reference, authentication.

use super::key;
use crate::detect::candidates::detector::{Detector, Reads};
use crate::detect::source::is_wide;

pub(super) const DETECTOR: Detector = Detector {
    reads: &[Reads::Prefix("sk-ant-", |source, start| {
        key(source, start, "sk-ant-", 20..=300, is_wide)
    })],
};
