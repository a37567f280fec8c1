//! Short hashes of what was removed.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::digest::hex;

/// How findings are hashed. Both forms are 16 hexadecimal characters.
#[derive(Debug, Clone, Default)]
pub enum Hash {
    /// SHA-256, as published clients do. Whoever can list all values (there are few telephone numbers) can
    /// reverse it.
    #[default]
    Plain,
    /// HMAC-SHA256 with a key that stays with its owner (RFC 2104): only they can compare values.
    Keyed(HashKey),
}

/// A key for [`Hash::Keyed`]; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct HashKey(Vec<u8>);

impl HashKey {
    /// A key of any length; 32 random bytes are a good one.
    pub fn new(key: impl Into<Vec<u8>>) -> Self {
        Self(key.into())
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(…)")
    }
}

impl Hash {
    /// The hash of one finding.
    pub fn of(&self, text: &str) -> String {
        let digest = match self {
            Self::Plain => hex(&Sha256::digest(text)),
            Self::Keyed(HashKey(key)) => {
                // An HMAC takes keys of every length.
                let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
                mac.update(text.as_bytes());
                hex(&mac.finalize().into_bytes())
            }
        };
        digest.chars().take(16).collect()
    }
}
