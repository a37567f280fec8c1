//! Finds prompt injection, personal data and secrets in text.
//!
//! Detectors are pure functions from text to findings with byte offsets on character boundaries. They are
//! linear in the length of the text whatever it holds: no pattern here can be made slow by an attacker.

pub mod injection;
pub mod pii;
pub mod secret;
pub mod text;

pub(crate) mod candidates;
mod checksum;
mod normalise;
mod source;

/// Everything that was found in one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// Attempts to instruct the model.
    pub injection: injection::Verdict,
    /// Personal data, sorted and not overlapping.
    pub pii: Vec<pii::Match>,
    /// Credentials, sorted and not overlapping.
    pub secrets: Vec<secret::Match>,
}

/// Runs every detector on one text.
pub fn scan(text: &str) -> Scan {
    Scan { injection: injection::scan(text), pii: pii::find(text), secrets: secret::find(text) }
}
