//! Credentials that open something: private keys, cloud keys, tokens, passwords.
//!
//! Each kind is a file in `secret/` and a line in `DETECTORS`. Most are recognised by the prefix their issuer
//! gave them for that very purpose; a value without one is recognised by the name in front of it.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::candidates::detector::{Detector, Hit};
use super::candidates::{self, overlap::Candidate};
use super::source::Source;
use crate::words::words;

mod anthropic_key;
mod aws_access_key;
mod aws_secret_key;
mod azure_key;
mod connection_string;
mod execlave_key;
mod github_token;
mod gitlab_token;
mod google_api_key;
mod google_oauth;
mod huggingface_token;
mod jwt;
mod named_secret;
mod npm_token;
mod openai_key;
mod private_key;
mod pypi_token;
mod slack_token;
mod stripe_key;

/// A kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SecretKind {
    /// A private key in PEM form.
    PrivateKey,
    /// An AWS access key id.
    AwsAccessKey,
    /// An AWS secret access key.
    AwsSecretKey,
    /// A GitHub token.
    GithubToken,
    /// A GitLab token.
    GitlabToken,
    /// A Slack token or incoming webhook.
    SlackToken,
    /// A Google API key.
    GoogleApiKey,
    /// A Google OAuth client secret or access token.
    GoogleOauth,
    /// An Azure account key, client secret or shared access signature.
    AzureKey,
    /// A Stripe secret or restricted key, or the secret of a webhook.
    StripeKey,
    /// An `OpenAI` API key.
    OpenaiKey,
    /// An Anthropic API key.
    AnthropicKey,
    /// A Hugging Face access token.
    HuggingfaceToken,
    /// An npm access token.
    NpmToken,
    /// A `PyPI` upload token.
    PypiToken,
    /// An Execlave API key.
    ExeclaveKey,
    /// A signed JSON web token.
    Jwt,
    /// The user name and password in the URL of a database or queue.
    ConnectionString,
    /// A value that a name such as `password` or `client_secret` gives away.
    NamedSecret,
}

words!(
    SecretKind,
    "secret kind",
    PrivateKey = "private_key",
    AwsAccessKey = "aws_access_key",
    AwsSecretKey = "aws_secret_key",
    GithubToken = "github_token",
    GitlabToken = "gitlab_token",
    SlackToken = "slack_token",
    GoogleApiKey = "google_api_key",
    GoogleOauth = "google_oauth",
    AzureKey = "azure_key",
    StripeKey = "stripe_key",
    OpenaiKey = "openai_key",
    AnthropicKey = "anthropic_key",
    HuggingfaceToken = "huggingface_token",
    NpmToken = "npm_token",
    PypiToken = "pypi_token",
    ExeclaveKey = "execlave_key",
    Jwt = "jwt",
    ConnectionString = "connection_string",
    NamedSecret = "named_secret",
);

/// Every detector, one line each.
pub(crate) static DETECTORS: &[(SecretKind, &Detector)] = &[
    (SecretKind::PrivateKey, &private_key::DETECTOR),
    (SecretKind::AwsAccessKey, &aws_access_key::DETECTOR),
    (SecretKind::AwsSecretKey, &aws_secret_key::DETECTOR),
    (SecretKind::GithubToken, &github_token::DETECTOR),
    (SecretKind::GitlabToken, &gitlab_token::DETECTOR),
    (SecretKind::SlackToken, &slack_token::DETECTOR),
    (SecretKind::GoogleApiKey, &google_api_key::DETECTOR),
    (SecretKind::GoogleOauth, &google_oauth::DETECTOR),
    (SecretKind::AzureKey, &azure_key::DETECTOR),
    (SecretKind::StripeKey, &stripe_key::DETECTOR),
    (SecretKind::OpenaiKey, &openai_key::DETECTOR),
    (SecretKind::AnthropicKey, &anthropic_key::DETECTOR),
    (SecretKind::HuggingfaceToken, &huggingface_token::DETECTOR),
    (SecretKind::NpmToken, &npm_token::DETECTOR),
    (SecretKind::PypiToken, &pypi_token::DETECTOR),
    (SecretKind::ExeclaveKey, &execlave_key::DETECTOR),
    (SecretKind::Jwt, &jwt::DETECTOR),
    (SecretKind::ConnectionString, &connection_string::DETECTOR),
    (SecretKind::NamedSecret, &named_secret::DETECTOR),
];

impl SecretKind {
    /// What replaces a finding: `[AWS_ACCESS_KEY_REDACTED]`.
    pub fn placeholder(self) -> String {
        format!("[{}_REDACTED]", self.as_str().to_ascii_uppercase())
    }
}

/// One credential.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// What it opens.
    pub kind: SecretKind,
    /// Where it starts, in bytes.
    pub start: usize,
    /// Where it ends, in bytes, exclusive.
    pub end: usize,
    /// How sure, from 0.5 to 1.
    pub confidence: f32,
}

impl Match {
    /// The byte range.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// All credentials in `text`, by position; no two matches overlap.
pub fn find(text: &str) -> Vec<Match> {
    matches(candidates::find(text, false).secrets)
}

pub(crate) fn matches(found: Vec<Candidate<SecretKind>>) -> Vec<Match> {
    let matches = found.into_iter().map(|Candidate { what, hit }| Match {
        kind: what,
        start: hit.range.start,
        end: hit.range.end,
        confidence: hit.confidence,
    });
    matches.collect()
}

/// A key of a prefix and so many characters of one alphabet, which is not the beginning of a longer word.
fn key(
    source: Source<'_>,
    start: usize,
    prefix: &str,
    length: std::ops::RangeInclusive<usize>,
    such: fn(u8) -> bool,
) -> Option<Hit> {
    let body = start.saturating_add(prefix.len());
    let end = source.run_end(body, length.end().saturating_add(1), such);
    let next = source.at(end);
    let whole = !next.is_ascii_alphanumeric() && next != b'_';
    (length.contains(&end.saturating_sub(body)) && whole).then(|| Hit::proven(start..end, 0.95))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_line_in_the_table() {
        let listed: Vec<SecretKind> = DETECTORS.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(listed, SecretKind::ALL);
    }

    #[test]
    fn whole_private_keys_are_one_match() {
        let text = "é -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- AKIAIOSFODNN7EXAMPLE";
        let found: Vec<_> = find(text).iter().map(|found| found.kind).collect();
        assert_eq!(found, [SecretKind::PrivateKey, SecretKind::AwsAccessKey]);
    }
}
