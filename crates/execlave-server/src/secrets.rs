//! Secrets the server hands out: API keys, sign-in links, sessions.
//!
//! Each is 256 random bits, or 80 where people must type them, shown once and stored as its SHA-256. A slow hash would add nothing: there is no dictionary of such values.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};

use crate::clock::random_bytes;

/// A value nobody can guess, for links, sessions and forms.
pub fn new_token() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<32>())
}

/// What the tokens of sessions begin with: it tells them from keys.
pub const SESSION_PREFIX: &str = "exe_ses_";

/// A new token for a session.
pub fn new_session_token() -> String {
    format!("{SESSION_PREFIX}{}", new_token())
}

/// A new recovery code: 80 random bits, in four parts that can be read out.
pub fn new_recovery_code() -> String {
    let letters = BASE32_NOPAD.encode(&random_bytes::<10>()).to_lowercase();
    let (left, right) = letters.split_at(8);
    let quarters = [left.split_at(4), right.split_at(4)].map(|(first, then)| [first, then]);
    quarters.concat().join("-")
}

/// A new API key for an environment.
pub fn new_api_key(environment: &str) -> String {
    let short = match environment {
        "production" => "prod",
        "staging" => "stg",
        _ => "dev",
    };
    format!("exe_{short}_{}", new_token())
}

/// The environment a key's prefix names; a key of another form is one for production.
pub fn key_environment(key: &str) -> &'static str {
    if key.starts_with("exe_stg_") {
        "staging"
    } else if key.starts_with("exe_dev_") {
        "development"
    } else {
        "production"
    }
}

/// The part of a key that may be shown, to recognise it by.
pub fn key_prefix(key: &str) -> String {
    let named = if key.starts_with("exe_") { 13 } else { 4 };
    let visible = named.min(key.chars().count() / 3);
    key.chars().take(visible).collect()
}

/// What is stored instead of the secret.
pub fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret))
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_documented_shape() {
        for environment in ["production", "staging", "development"] {
            assert_eq!(key_environment(&new_api_key(environment)), environment);
        }
        let key = new_api_key("staging");
        assert!(key.starts_with("exe_stg_"));
        assert_eq!(key.len(), "exe_stg_".len() + 43);
        assert_ne!(key, new_api_key("staging"));
        let code = new_recovery_code();
        assert_eq!(code.split('-').map(str::len).collect::<Vec<_>>(), [4; 4], "{code}");
        assert_eq!(hash("").get(..8), Some("e3b0c442"));
    }
}
