//! # What it finds
//! Google OAuth client secrets (`GOCSPX-…`) and access tokens (`ya29.…`).
//!
//! # How it is checked
//! 28 characters behind `GOCSPX-`; thirty or more behind `ya29.`.
//!
//! # What it leaves alone
//! Client ids, which are public.
//!
//! # References
//! Google Identity, "Using OAuth 2.0 to access Google APIs".

use super::key;
use crate::detect::candidates::detector::{Detector, Reads};
use crate::detect::source::is_wide;

pub(super) const DETECTOR: Detector = Detector {
    reads: &[
        Reads::Prefix("GOCSPX-", |source, start| key(source, start, "GOCSPX-", 28..=28, is_wide)),
        Reads::Prefix("ya29", |source, start| key(source, start, "ya29.", 30..=600, is_wide)),
    ],
};
