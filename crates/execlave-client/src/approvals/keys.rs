//! The server's published signing keys, fetched when they are needed and kept.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use execlave_api::paths;
use execlave_core::json;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::http::{Call, Http};

/// Ed25519 keys by key id.
#[derive(Debug, Default)]
pub(crate) struct KeyRing {
    keys: Mutex<HashMap<String, VerifyingKey>>,
}

impl KeyRing {
    /// Whether the server publishes keys: asked unless some are known. Any answer but a list with keys in it is a no; a server that does not
    /// answer, or fails, has not said so.
    pub(crate) async fn has_keys(&self, http: &Http) -> Result<bool, Error> {
        let known = || !self.keys.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        if !known() {
            let reply = http.send(Call::get(paths::JWKS).unversioned()).await?;
            if reply.status >= 500 || reply.status == 429 {
                return Err(reply.to_error());
            }
            if reply.is_success() {
                self.learn(&reply.json().unwrap_or_default());
            }
        }
        Ok(known())
    }

    /// Whether a certificate was signed by one of the server's keys. An unknown key id is looked for once more: keys are rotated.
    pub(crate) async fn verify(
        &self,
        http: &Http,
        certificate: &Map<String, Value>,
    ) -> Result<bool, Error> {
        let Some(key_id) = certificate.get("keyId").and_then(Value::as_str) else {
            return Ok(false);
        };
        let key = self.key(http, key_id).await?;
        Ok(key.is_some_and(|key| is_signed_by(certificate, &key)))
    }

    /// The key with this id, if the server has published one.
    pub(crate) async fn key(
        &self,
        http: &Http,
        key_id: &str,
    ) -> Result<Option<VerifyingKey>, Error> {
        if self.find(key_id).is_none() {
            self.refresh(http).await?;
        }
        Ok(self.find(key_id))
    }

    fn find(&self, key_id: &str) -> Option<VerifyingKey> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).get(key_id).copied()
    }

    async fn refresh(&self, http: &Http) -> Result<(), Error> {
        let answer: Value = http.fetch(Call::get(paths::JWKS).unversioned()).await?;
        self.learn(&answer);
        Ok(())
    }

    fn learn(&self, answer: &Value) {
        let keys = answer.get("keys").and_then(Value::as_array).into_iter().flatten();
        let keys: HashMap<_, _> = keys.filter_map(read_key).collect();
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).extend(keys);
    }
}

/// One JWK of kind OKP, curve Ed25519 (RFC 8037); others are none of ours.
fn read_key(jwk: &Value) -> Option<(String, VerifyingKey)> {
    let text = |name| jwk.get(name).and_then(Value::as_str);
    if (text("kty"), text("crv")) != (Some("OKP"), Some("Ed25519")) {
        return None;
    }
    let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(text("x")?).ok()?.try_into().ok()?;
    Some((text("kid")?.to_owned(), VerifyingKey::from_bytes(&bytes).ok()?))
}

/// The signature is over the RFC 8785 form of the certificate without it.
fn is_signed_by(certificate: &Map<String, Value>, key: &VerifyingKey) -> bool {
    let mut unsigned = certificate.clone();
    let signature = unsigned.remove("signature");
    let signature = signature.as_ref().and_then(Value::as_str).and_then(|text| {
        let bytes: [u8; 64] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        Some(Signature::from_bytes(&bytes))
    });
    let message = json::canonical(&Value::Object(unsigned));
    signature.is_some_and(|signature| key.verify(&message, &signature).is_ok())
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_changed_certificate_is_not_genuine() {
        let signing_key = SigningKey::from_bytes(&[7; 32]);
        let unsigned = json!({"approvalId": "1", "keyId": "k"});
        let signature = signing_key.sign(&json::canonical(&unsigned));
        let mut certificate = unsigned.as_object().expect("an object").clone();
        let text = URL_SAFE_NO_PAD.encode(signature.to_bytes());
        certificate.insert("signature".to_owned(), text.into());
        assert!(is_signed_by(&certificate, &signing_key.verifying_key()));
        certificate.insert("approvalId".to_owned(), "2".into());
        assert!(!is_signed_by(&certificate, &signing_key.verifying_key()));
    }
}
