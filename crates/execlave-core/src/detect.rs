//! Finds prompt injection, personal data and secrets in text.
//!
//! Detectors are pure functions from text to findings with byte offsets on character boundaries. They are
//! linear in the length of the text whatever it holds: no pattern here can be made slow by an attacker.

pub mod injection;
pub mod pii;
pub mod report;
pub mod secret;
pub mod stream;
pub mod text;
pub mod view;

pub(crate) mod candidates;
mod checksum;
mod decode;
mod source;
mod window;

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
///
/// A long text is read in overlapping windows of about 64 KiB and the findings are put together, so the memory
/// needed does not grow with the text and [`stream::Scanner`] finds the same.
pub fn scan(text: &str) -> Scan {
    stream::scan(text, window::SIZES)
}
