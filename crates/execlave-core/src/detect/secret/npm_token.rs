//! # What it finds
//! npm access tokens: `npm_…`.
//!
//! # How it is checked
//! 36 letters and digits behind the prefix.
//!
//! # What it leaves alone
//! Names of environment variables such as `npm_config_registry`.
//!
//! # References
//! npm Docs, "About access tokens".

use super::key;
use crate::detect::candidates::detector::{Detector, Reads};
use crate::detect::source::is_alnum;

pub(super) const DETECTOR: Detector = Detector {
    reads: &[Reads::Prefix("npm_", |source, start| key(source, start, "npm_", 36..=36, is_alnum))],
};
