//! # What it finds
//! Stripe secret and restricted keys (`sk_live_…`, `rk_test_…`) and webhook secrets (`whsec_…`).
//!
//! # How it is checked
//! Sixteen letters or digits or more behind the prefix.
//!
//! # What it leaves alone
//! Publishable keys (`pk_live_…`), which are meant to be seen.
//!
//! # References
//! Stripe Docs, "API keys".

use super::key;
use crate::detect::candidates::detector::{Detector, Reads};
use crate::detect::source::is_alnum;

pub(super) const DETECTOR: Detector = Detector {
    reads: &[
        Reads::Prefix("sk_live_", |source, start| {
            key(source, start, "sk_live_", 16..=250, is_alnum)
        }),
        Reads::Prefix("sk_test_", |source, start| {
            key(source, start, "sk_test_", 16..=250, is_alnum)
        }),
        Reads::Prefix("rk_live_", |source, start| {
            key(source, start, "rk_live_", 16..=250, is_alnum)
        }),
        Reads::Prefix("rk_test_", |source, start| {
            key(source, start, "rk_test_", 16..=250, is_alnum)
        }),
        Reads::Prefix("whsec_", |source, start| key(source, start, "whsec_", 16..=250, is_alnum)),
    ],
};
