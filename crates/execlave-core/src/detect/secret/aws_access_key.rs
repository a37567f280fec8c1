//! # What it finds
//! AWS access key ids: `AKIAIOSFODNN7EXAMPLE`; temporary (`ASIA`), bearer and certificate ids alike.
//!
//! # How it is checked
//! Sixteen capital letters and digits behind the prefix.
//!
//! # What it leaves alone
//! Parts of longer words. The secret key that belongs to the id is a kind of its own.
//!
//! # References
//! AWS, IAM User Guide, "IAM identifiers".

use super::key;
use crate::detect::candidates::detector::{Detector, Reads};

pub(super) const DETECTOR: Detector = Detector {
    reads: &[
        Reads::Prefix("AKIA", |source, start| key(source, start, "AKIA", 16..=16, is_upper)),
        Reads::Prefix("ASIA", |source, start| key(source, start, "ASIA", 16..=16, is_upper)),
        Reads::Prefix("ABIA", |source, start| key(source, start, "ABIA", 16..=16, is_upper)),
        Reads::Prefix("ACCA", |source, start| key(source, start, "ACCA", 16..=16, is_upper)),
    ],
};

fn is_upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}
