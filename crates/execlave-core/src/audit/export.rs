//! The export: lines of canonical JSON, each ended by a line feed. First a header, then the entries in order, last the signed tree head.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::VerifyingKey;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Problem;
use crate::certificate;
use crate::ids::OrgId;
use crate::json;

/// What `format` of a header says.
pub const FORMAT: &str = "execlave-audit";

/// The version of the format that is written, and the only one that is read.
pub const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    /// The public keys of the server, as in its `/.well-known/jwks.json`.
    pub keys: Vec<Value>,
    /// Whose log.
    pub organization_id: OrgId,
    /// [`VERSION`].
    pub version: u32,
}

impl Header {
    /// The header of an export of this organisation.
    pub fn new(organization_id: OrgId, keys: &[VerifyingKey]) -> Self {
        let keys = keys.iter().map(certificate::jwk).collect();
        Self { format: FORMAT.to_owned(), keys, organization_id, version: VERSION }
    }

    /// The keys, if each is written as the server writes it.
    pub(super) fn verifying_keys(&self) -> Result<Vec<VerifyingKey>, Problem> {
        self.keys.iter().map(|jwk| key_of_jwk(jwk).ok_or(Problem::InvalidKey)).collect()
    }
}

/// The key of a JWK, if this is exactly how the server writes it.
pub fn key_of_jwk(jwk: &Value) -> Option<VerifyingKey> {
    let bytes = URL_SAFE_NO_PAD.decode(jwk.get("x")?.as_str()?).ok()?;
    let key = VerifyingKey::from_bytes(&bytes.try_into().ok()?).ok()?;
    (certificate::jwk(&key) == *jwk).then_some(key)
}

/// A line of an export: the canonical form and a line feed.
pub fn line_of<T: Serialize>(part: &T) -> Vec<u8> {
    // INVARIANT: the parts of an export are strings, integers and JSON, which always become JSON.
    let mut line = json::canonical(&serde_json::to_value(part).unwrap_or_default());
    line.push(b'\n');
    line
}

/// Reads a line without its line feed. It must be byte for byte what would be written for what it says.
pub(super) fn read<T: DeserializeOwned + Serialize>(line: &[u8]) -> Result<T, Problem> {
    let part: T = json::parse(line).map_err(|fault| Problem::Unreadable(fault.to_string()))?;
    match line_of(&part).strip_suffix(b"\n") {
        Some(canonical) if canonical == line => Ok(part),
        _ => Err(Problem::NotCanonical),
    }
}
