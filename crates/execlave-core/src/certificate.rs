//! The signed proof that a person approved exactly one action.
//!
//! Ed25519 over the RFC 8785 form of the certificate without its signature. Anyone who has the published
//! key can check it, without asking the server that issued it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::digest::ActionDigest;
use crate::ids::{AgentId, ApprovalId, OrgId, PolicyId};
use crate::json;
use crate::time::Timestamp;

/// What a certificate states, before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateClaims {
    /// The approval.
    pub approval_id: ApprovalId,
    /// The one action it is for.
    pub action_digest: ActionDigest,
    /// The agent that asked.
    pub agent_id: AgentId,
    /// Its organisation.
    pub organization_id: OrgId,
    /// Who approved.
    pub approved_by: String,
    /// When.
    pub issued_at: Timestamp,
    /// Until when the certificate may be used.
    pub expires_at: Timestamp,
    /// The policies in force when the approval was asked for.
    pub policy_versions: Vec<PolicyVersion>,
    /// The place of the decision in the audit log.
    pub audit_index: i64,
}

/// One version of one policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyVersion {
    /// The policy.
    pub policy_id: PolicyId,
    /// Its version.
    pub version: i64,
}

/// A signed certificate, as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Certificate {
    /// The approval.
    pub approval_id: ApprovalId,
    /// The one action it is for.
    pub action_digest: ActionDigest,
    /// The agent that asked.
    pub agent_id: AgentId,
    /// Its organisation.
    pub organization_id: OrgId,
    /// Who approved.
    pub approved_by: String,
    /// When.
    pub issued_at: Timestamp,
    /// Until when the certificate may be used.
    pub expires_at: Timestamp,
    /// The policies in force when the approval was asked for.
    pub policy_versions: Vec<PolicyVersion>,
    /// The place of the decision in the audit log.
    pub audit_index: i64,
    /// The key that signed: see [`key_id`].
    pub key_id: String,
    /// Base64url, without padding.
    pub signature: String,
}

impl Certificate {
    /// Signs the claims.
    pub fn sign(claims: CertificateClaims, key: &SigningKey) -> Self {
        let mut certificate = Self {
            approval_id: claims.approval_id,
            action_digest: claims.action_digest,
            agent_id: claims.agent_id,
            organization_id: claims.organization_id,
            approved_by: claims.approved_by,
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
            policy_versions: claims.policy_versions,
            audit_index: claims.audit_index,
            key_id: key_id(&key.verifying_key()),
            signature: String::new(),
        };
        certificate.signature = sign_value(&certificate.to_value(), key);
        certificate
    }

    /// Whether this key signed exactly this certificate. Says nothing about expiry or use.
    pub fn verify(&self, key: &VerifyingKey) -> bool {
        self.key_id == key_id(key) && verify_value(&self.to_value(), &self.signature, key)
    }

    fn to_value(&self) -> Value {
        // INVARIANT: a certificate is strings and integers, which always become JSON.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Signs the RFC 8785 form of an object without its field `signature`.
pub(crate) fn sign_value(value: &Value, key: &SigningKey) -> String {
    URL_SAFE_NO_PAD.encode(key.sign(&signed_bytes(value)).to_bytes())
}

/// Whether this key made this signature of the object.
pub(crate) fn verify_value(value: &Value, signature: &str, key: &VerifyingKey) -> bool {
    let decoded = URL_SAFE_NO_PAD.decode(signature).ok();
    let signature = decoded.and_then(|bytes| Signature::from_slice(&bytes).ok());
    signature.is_some_and(|signature| key.verify_strict(&signed_bytes(value), &signature).is_ok())
}

fn signed_bytes(value: &Value) -> Vec<u8> {
    let mut value = value.clone();
    if let Some(map) = value.as_object_mut() {
        map.remove("signature");
    }
    json::canonical(&value)
}

/// The RFC 7638 thumbprint of the public key.
pub fn key_id(key: &VerifyingKey) -> String {
    let required =
        json!({"crv": "Ed25519", "kty": "OKP", "x": URL_SAFE_NO_PAD.encode(key.as_bytes())});
    URL_SAFE_NO_PAD.encode(Sha256::digest(json::canonical(&required)))
}

/// The public key as it is published in `/.well-known/jwks.json`.
pub fn jwk(key: &VerifyingKey) -> Value {
    json!({
        "kty": "OKP",
        "crv": "Ed25519",
        "x": URL_SAFE_NO_PAD.encode(key.as_bytes()),
        "kid": key_id(key),
        "alg": "EdDSA",
        "use": "sig",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(key: &SigningKey) -> Certificate {
        let id = uuid::Uuid::from_u128(7);
        let claims = CertificateClaims {
            approval_id: id.into(),
            action_digest: ActionDigest::of_context(&json!({"input": "x"})),
            agent_id: id.into(),
            organization_id: id.into(),
            approved_by: "jane@example.com".into(),
            issued_at: Timestamp::from_millis(0),
            expires_at: Timestamp::from_millis(1_800_000),
            policy_versions: vec![PolicyVersion { policy_id: id.into(), version: 3 }],
            audit_index: 12,
        };
        Certificate::sign(claims, key)
    }

    #[test]
    fn every_change_breaks_the_signature() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let signed = certificate(&key);
        assert!(signed.verify(&key.verifying_key()));
        let read: Certificate =
            serde_json::from_value(serde_json::to_value(&signed).unwrap()).unwrap();
        assert!(read.verify(&key.verifying_key()));

        let mut later = signed.clone();
        later.expires_at = later.expires_at.plus_millis(1);
        assert!(!later.verify(&key.verifying_key()));
        let mut other_key = signed.clone();
        other_key.key_id = "x".into();
        assert!(!other_key.verify(&key.verifying_key()));
        let mut unsigned = signed.clone();
        unsigned.signature = String::new();
        assert!(!unsigned.verify(&key.verifying_key()));
        assert!(!signed.verify(&SigningKey::from_bytes(&[8; 32]).verifying_key()));
    }

    #[test]
    fn key_ids_are_rfc_7638_thumbprints() {
        // The example key of RFC 8037, appendix A.3.
        let bytes = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let key = VerifyingKey::from_bytes(&bytes.try_into().unwrap()).unwrap();
        assert_eq!(key_id(&key), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(jwk(&key)["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    }
}
