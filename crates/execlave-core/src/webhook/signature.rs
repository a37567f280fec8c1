//! The proof that nobody else wrote a body: HMAC-SHA256 with the webhook's secret, as 64 hexadecimal digits after `sha256=`.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::digest::hex;
use crate::time::Timestamp;
use crate::words::words;

/// What a signature covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SignatureVersion {
    /// The body alone: whoever recorded a request can send it again.
    V1,
    /// The time, a dot and the body: a receiver can refuse what is old.
    V2,
}

words!(SignatureVersion, "signature version", V1 = "v1", V2 = "v2");

/// A signature with what a receiver needs to check it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// `sha256=` and 64 hexadecimal digits.
    pub signature: String,
    /// What it covers.
    pub version: SignatureVersion,
    /// Seconds since 1970; only where the signature covers it.
    pub timestamp: Option<i64>,
}

/// Signs a body that is sent at a moment.
pub fn sign(version: SignatureVersion, secret: &str, at: Timestamp, body: &[u8]) -> Signed {
    let seconds = at.as_millis().div_euclid(1_000);
    let timestamp = (version == SignatureVersion::V2).then_some(seconds);
    // An HMAC takes keys of every length.
    let mut signature = "sha256=".to_owned();
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        if let Some(seconds) = timestamp {
            mac.update(format!("{seconds}.").as_bytes());
        }
        mac.update(body);
        signature.push_str(&hex(&mac.finalize().into_bytes()));
    }
    Signed { signature, version, timestamp }
}
