//! # What it finds
//! AWS secret access keys behind their name: `aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY`.
//!
//! # How it is checked
//! Forty characters of base64 with capitals, small letters and digits or signs, behind a name that ends in
//! `secret_access_key`, `aws_secret_key` or `secretkey`.
//!
//! # What it leaves alone
//! Forty characters without such a name, which are often a hash.
//!
//! # References
//! AWS, IAM User Guide, "Manage access keys for IAM users".

use crate::detect::candidates::assignment::Assignment;
use crate::detect::candidates::detector::{Detector, Hit, Reads};

pub(super) const DETECTOR: Detector = Detector { reads: &[Reads::Assignment(look)] };

fn look(assignment: &Assignment<'_>) -> Option<Hit> {
    let value = assignment.value;
    let base_64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let mixed =
        value.iter().any(u8::is_ascii_uppercase) && value.iter().any(u8::is_ascii_lowercase);
    let fits = value.len() == 40
        && value.iter().all(base_64)
        && mixed
        && assignment.is_named(&["secretaccesskey", "awssecretkey", "secretkey"]);
    fits.then(|| Hit::proven(assignment.range.clone(), 0.95))
}
