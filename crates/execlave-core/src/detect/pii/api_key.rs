//! # What it finds
//! API keys by their prefix: `exe_prod_…` (ours), `sk-…`, `sk_…`, `pk_…`, `rk_…`, `ag_…`.
//!
//! # How it is checked
//! At least 20 letters, digits, hyphens and underscores follow the prefix, with a digit among them or sixteen
//! characters in a row without a separator.
//!
//! # What it leaves alone
//! Prose with hyphens (`sk-very-long-words-with-hyphens-here`), and prefixes in the middle of a word. A key whose
//! vendor is known is reported as a secret of that kind as well.
//!
//! # References
//! The prefixes of published Execlave clients.

use crate::detect::candidates::detector::{Detector, Hit, Reads};
use crate::detect::source::{Source, is_wide};

pub(super) const DETECTOR: Detector = Detector {
    reads: &[
        Reads::Prefix("exe_", look),
        Reads::Prefix("exe-", look),
        Reads::Prefix("sk-", look),
        Reads::Prefix("sk_", look),
        Reads::Prefix("pk-", look),
        Reads::Prefix("pk_", look),
        Reads::Prefix("rk-", look),
        Reads::Prefix("rk_", look),
        Reads::Prefix("ag-", look),
        Reads::Prefix("ag_", look),
    ],
};

/// The longest key; what is longer is data.
const LONGEST: usize = 512;

fn look(source: Source<'_>, start: usize) -> Option<Hit> {
    let end = source.run_end(start, LONGEST, is_wide);
    let key = source.slice(start..end);
    let body = key.splitn(2, |byte| matches!(byte, b'-' | b'_')).nth(1).unwrap_or_default();
    let longest =
        body.split(|byte| matches!(byte, b'-' | b'_')).map(<[u8]>::len).max().unwrap_or(0);
    let telling = longest >= 16 || body.iter().any(u8::is_ascii_digit);
    (body.len() >= 20 && telling).then(|| Hit::proven(start..end, 0.95))
}
