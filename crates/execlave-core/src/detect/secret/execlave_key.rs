//! # What it finds
//! Execlave API keys: `exe_prod_…`.
//!
//! # How it is checked
//! Twenty characters or more behind `exe_`.
//!
//! # What it leaves alone
//! Shorter words with the same beginning.
//!
//! # References
//! The reference of the command line: `execlave keys create`.

use super::key;
use crate::detect::candidates::detector::{Detector, Reads};
use crate::detect::source::is_wide;

pub(super) const DETECTOR: Detector = Detector {
    reads: &[Reads::Prefix("exe_", |source, start| key(source, start, "exe_", 20..=200, is_wide))],
};
