//! # What it finds
//! `PyPI` upload tokens: `pypi-AgEIcHlwaS5vcmc…`.
//!
//! # How it is checked
//! The beginning that every token of pypi.org or test.pypi.org has, and fifty characters or more.
//!
//! # What it leaves alone
//! Words that start with `pypi-`.
//!
//! # References
//! `PyPI` help, "How can I use API tokens"; libmacaroons (binary format).

use super::key;
use crate::detect::candidates::detector::{Detector, Reads};
use crate::detect::source::is_wide;

pub(super) const DETECTOR: Detector = Detector {
    reads: &[
        Reads::Prefix("pypi-AgEIcHlwaS5vcmc", |source, start| {
            key(source, start, "pypi-AgEIcHlwaS5vcmc", 50..=600, is_wide)
        }),
        Reads::Prefix("pypi-AgENdGVzdC5weXBpLm9yZw", |source, start| {
            key(source, start, "pypi-AgENdGVzdC5weXBpLm9yZw", 50..=600, is_wide)
        }),
    ],
};
