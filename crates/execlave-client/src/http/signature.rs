//! Signed requests: HMAC-SHA256, keyed by the API key, over the time, a nonce, the method, the path with its query, and the SHA-256 of the
//! body, a line each. `docs/concepts/identity.md` has the exact text.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};

use crate::clock;

/// What goes along with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    /// Unix seconds.
    pub(crate) timestamp: String,
    /// Never the same again.
    pub(crate) nonce: String,
    /// `sha256=` and hexadecimal digits.
    pub(crate) hmac: String,
}

impl Signature {
    /// Signs a request that is made now.
    pub(super) fn new(key: &str, method: &str, target: &str, body: &[u8]) -> Self {
        let timestamp = (clock::now().as_millis() / 1000).to_string();
        let nonce = clock::new_id().simple().to_string();
        let hmac = sign(key, &[&timestamp, &nonce, method, target], body);
        Self { timestamp, nonce, hmac }
    }
}

fn sign(key: &str, lines: &[&str], body: &[u8]) -> String {
    // INVARIANT: HMAC takes a key of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any key length will do");
    mac.update(b"v2\n");
    for line in lines {
        mac.update(line.as_bytes());
        mac.update(b"\n");
    }
    mac.update(hex(&Sha256::digest(body)).as_bytes());
    format!("sha256={}", hex(&mac.finalize().into_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Infallible: writing to a string.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_covers_everything() {
        // Computed with Python's `hmac` module; the server's test has the same.
        let lines = ["1700000000", "0123456789abcdef", "POST", "/api/v1/agents?x=1"];
        let good = "sha256=c29d122b78de873c5654b7c5a020562149d5c5f952836f3b961e559eed24c826";
        assert_eq!(sign("exe_dev_k", &lines, b"{}"), good);
        assert_ne!(sign("exe_dev_k", &lines, b"{ }"), good);
    }

    #[test]
    fn no_two_are_alike() {
        let sign = || Signature::new("key", "GET", "/health", b"");
        assert_ne!(sign().nonce, sign().nonce);
    }
}
