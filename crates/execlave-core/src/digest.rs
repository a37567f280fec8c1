//! The fingerprint of an action: an approval is bound to it, and a certificate is valid for it alone.
//!
//! SHA-256 over the RFC 8785 form of the action context, so that two clients in two languages which mean
//! the same action compute the same digest.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::json;

/// 64 lower-case hexadecimal characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ActionDigest(String);

/// Text that is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an action digest is 64 lower-case hexadecimal characters")]
pub struct InvalidDigest;

impl ActionDigest {
    /// The digest of an action context (see [`crate::request::Action::context`]), or of whatever a client
    /// claims to be one.
    pub fn of_context(context: &Value) -> Self {
        Self(hex(&Sha256::digest(json::canonical(context))))
    }

    /// The hexadecimal text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl fmt::Debug for ActionDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActionDigest({})", self.0)
    }
}

impl fmt::Display for ActionDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ActionDigest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let valid =
            text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if valid { Ok(Self(text.into())) } else { Err(InvalidDigest) }
    }
}

impl TryFrom<String> for ActionDigest {
    type Error = InvalidDigest;

    fn try_from(text: String) -> Result<Self, InvalidDigest> {
        text.parse()
    }
}

impl From<ActionDigest> for String {
    fn from(digest: ActionDigest) -> Self {
        digest.0
    }
}
