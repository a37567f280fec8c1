//! Credentials that open something: private keys, cloud keys, tokens.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use crate::words::words;

/// A kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SecretKind {
    /// A private key in PEM form.
    PrivateKey,
    /// An AWS access key id.
    AwsAccessKey,
    /// A GitHub token.
    GithubToken,
    /// A Slack token.
    SlackToken,
    /// A Google API key.
    GoogleApiKey,
    /// A signed JSON web token.
    Jwt,
}

words!(
    SecretKind,
    "secret kind",
    PrivateKey = "private_key",
    AwsAccessKey = "aws_access_key",
    GithubToken = "github_token",
    SlackToken = "slack_token",
    GoogleApiKey = "google_api_key",
    Jwt = "jwt",
);

/// What replaces a credential in an excerpt.
pub const PLACEHOLDER: &str = "[SECRET_REDACTED]";

/// One credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// What it opens.
    pub kind: SecretKind,
    /// Where it starts, in bytes.
    pub start: usize,
    /// Where it ends, in bytes, exclusive.
    pub end: usize,
}

impl Match {
    /// The byte range.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// One group per kind, in the order of [`SecretKind::ALL`]. `None` only if the pattern is not a valid
/// expression, which the tests rule out.
static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let alternatives = [
        r"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----)",
        r"(\b{start-half}(?:AKIA|ASIA)[A-Z0-9]{16}\b{end-half})",
        r"(\b{start-half}(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}))",
        r"(\b{start-half}xox[abeoprs]-[A-Za-z0-9-]{10,255})",
        r"(\b{start-half}AIza[A-Za-z0-9_-]{35})",
        r"(\b{start-half}eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})",
    ];
    RegexBuilder::new(&alternatives.join("|")).unicode(false).build().ok()
});

/// All credentials in `text`, by position; no two matches overlap.
pub fn find(text: &str) -> Vec<Match> {
    let Some(pattern) = PATTERN.as_ref() else { return Vec::new() };
    let mut found: Vec<Match> = Vec::new();
    for captures in pattern.captures_iter(text.as_bytes()) {
        let named = SecretKind::ALL.iter().zip(captures.iter().skip(1));
        for (kind, group) in named {
            let Some(group) = group else { continue };
            let inside = found.last().is_some_and(|last| group.start() < last.end);
            if inside {
                continue;
            }
            let end = match kind {
                SecretKind::PrivateKey => key_end(text, group.end()),
                _ => group.end(),
            };
            found.push(Match { kind: *kind, start: group.start(), end });
        }
    }
    found
}

/// A private key ends with its footer; one that is cut off is reported by its header.
fn key_end(text: &str, header_end: usize) -> usize {
    let whole_key = || {
        let body = text.get(header_end..)?;
        let dashes = body.find("-----")?;
        let footer = body.get(dashes..)?.strip_prefix("-----END ")?;
        let label = footer.find("-----").filter(|label| *label <= 60)?;
        let parts = [dashes, "-----END ".len(), label, "-----".len()];
        Some(parts.into_iter().fold(header_end, usize::saturating_add))
    };
    whole_key().unwrap_or(header_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_has_one_group_per_kind() {
        let pattern = PATTERN.as_ref().expect("the pattern compiles");
        assert_eq!(pattern.captures_len(), SecretKind::ALL.len() + 1);
    }

    #[test]
    fn whole_private_keys_are_one_match() {
        let text = "é -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- AKIAIOSFODNN7EXAMPLE";
        let found: Vec<_> = find(text).iter().map(|found| found.kind).collect();
        assert_eq!(found, [SecretKind::PrivateKey, SecretKind::AwsAccessKey]);
    }
}
