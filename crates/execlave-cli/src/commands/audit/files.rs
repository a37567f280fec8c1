//! What `execlave audit verify` reads besides the log: kept tree heads, proofs and public keys.

use ed25519_dalek::VerifyingKey;
use execlave_core::audit::{ConsistencyProof, InclusionProof, TreeHead, key_of_jwk};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fs;
use std::path::Path;

use crate::failure::Failure;

/// A proof of either kind.
#[derive(Debug)]
pub(super) enum Proof {
    Inclusion(InclusionProof),
    Consistency(ConsistencyProof),
}

/// A tree head, as `audit tree-head` prints it or as the API answers it.
pub(super) fn tree_head(path: &Path) -> Result<TreeHead, Failure> {
    parse(path, value(path)?)
}

/// A proof, as the API answers it.
pub(super) fn proof(path: &Path) -> Result<Proof, Failure> {
    let value = value(path)?;
    if value.get("entry").is_some() {
        parse(path, value).map(Proof::Inclusion)
    } else {
        parse(path, value).map(Proof::Consistency)
    }
}

/// The keys of a JSON Web Key Set.
pub(super) fn keys(path: &Path) -> Result<Vec<VerifyingKey>, Failure> {
    let value = value(path)?;
    let jwks = value.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let keys: Option<Vec<VerifyingKey>> = jwks.iter().map(key_of_jwk).collect();
    keys.filter(|keys| !keys.is_empty()).ok_or_else(|| {
        Failure::usage(format!("`{}` is not a set of Ed25519 keys", path.display()))
            .hint("take it from `/.well-known/jwks.json` of the server")
    })
}

fn value(path: &Path) -> Result<Value, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("cannot read `{}`: {error}", path.display())))?;
    let mut value: Value = serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("`{}` is not JSON: {error}", path.display())))?;
    Ok(value.get_mut("data").map(Value::take).unwrap_or(value))
}

fn parse<T: DeserializeOwned>(path: &Path, value: Value) -> Result<T, Failure> {
    serde_json::from_value(value)
        .map_err(|error| Failure::usage(format!("`{}` cannot be used: {error}", path.display())))
}
