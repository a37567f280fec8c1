//! # What it finds
//! Google API keys: `AIza…`.
//!
//! # How it is checked
//! 35 characters behind the prefix.
//!
//! # What it leaves alone
//! Longer and shorter words with the same beginning.
//!
//! # References
//! Google Cloud, "Manage API keys".

use super::key;
use crate::detect::candidates::detector::{Detector, Reads};
use crate::detect::source::is_wide;

pub(super) const DETECTOR: Detector = Detector {
    reads: &[Reads::Prefix("AIza", |source, start| key(source, start, "AIza", 35..=35, is_wide))],
};
