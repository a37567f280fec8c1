//! # What it finds
//! Hugging Face access tokens: `hf_…`, organisation tokens `api_org_…`.
//!
//! # How it is checked
//! 34 letters or digits behind the prefix.
//!
//! # What it leaves alone
//! Shorter words with the same beginning, such as names of functions.
//!
//! # References
//! Hugging Face Hub documentation, "User access tokens".

use super::key;
use crate::detect::candidates::detector::{Detector, Reads};
use crate::detect::source::is_alnum;

pub(super) const DETECTOR: Detector = Detector {
    reads: &[
        Reads::Prefix("hf_", |source, start| key(source, start, "hf_", 34..=40, is_alnum)),
        Reads::Prefix("api_org_", |source, start| {
            key(source, start, "api_org_", 34..=40, is_alnum)
        }),
    ],
};
