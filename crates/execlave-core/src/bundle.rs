//! The signed set of policies an SDK evaluates in its own process.
//!
//! A bundle holds policy documents with their versions, not compiled programs: whoever opens it compiles them
//! with the same code as the server, so the same action gets the same decision. What depends on shared state
//! stays undecided, and [`crate::policy::Evaluation::undecided`] says for which policies the server must be
//! asked. Signed like a certificate: Ed25519 over the RFC 8785 form without the signature.

use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::certificate::{key_id, sign_value, verify_value};
use crate::digest::hex;
use crate::ids::{OrgId, PolicyId};
use crate::json;
use crate::policy::{Evaluation, PolicyDocument, PolicyError, PolicySet, compile, evaluate};
use crate::request::Occasion;
use crate::time::Timestamp;

/// What a bundle states, before it is signed.
#[derive(Debug, Clone, PartialEq)]
pub struct BundleClaims {
    /// Whose policies.
    pub organization_id: OrgId,
    /// Raised by every change that must not be missed; a bundle of an older epoch is not used again.
    pub epoch: i64,
    /// When.
    pub issued_at: Timestamp,
    /// Until when it may be used.
    pub expires_at: Timestamp,
    /// The active policies.
    pub policies: Vec<BundlePolicy>,
}

/// One version of one policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BundlePolicy {
    /// The policy.
    pub policy_id: PolicyId,
    /// Its version.
    pub version: i64,
    /// As it is stored: see [`PolicyDocument::to_value`].
    pub document: Value,
}

/// A signed bundle, as it travels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bundle {
    /// Whose policies.
    pub organization_id: OrgId,
    /// Raised by every change that must not be missed.
    pub epoch: i64,
    /// When.
    pub issued_at: Timestamp,
    /// Until when it may be used.
    pub expires_at: Timestamp,
    /// The active policies, by id.
    pub policies: Vec<BundlePolicy>,
    /// The key that signed: see [`key_id`].
    pub key_id: String,
    /// Base64url, without padding.
    pub signature: String,
}

/// Why a bundle is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Another key signed it, or it was changed.
    #[error("the bundle is not signed by this server: fetch it again")]
    Tampered,
    /// Its time is over.
    #[error("the bundle expired at {0}: fetch it again")]
    Expired(Timestamp),
    /// This version of the software does not know what a policy asks for. Nothing may be decided without it.
    #[error("policy {policy_id} cannot be read by this version: {error}")]
    Unreadable {
        /// The policy.
        policy_id: PolicyId,
        /// What is wrong with it.
        error: PolicyError,
    },
}

impl Bundle {
    /// Signs the claims. Policies are put in the order of their ids.
    pub fn sign(claims: BundleClaims, key: &SigningKey) -> Self {
        let mut policies = claims.policies;
        policies.sort_by_key(|policy| (policy.policy_id, policy.version));
        let mut bundle = Self {
            organization_id: claims.organization_id,
            epoch: claims.epoch,
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
            policies,
            key_id: key_id(&key.verifying_key()),
            signature: String::new(),
        };
        bundle.signature = sign_value(&bundle.to_value(), key);
        bundle
    }

    /// Whether this key signed exactly this bundle. Says nothing about its age.
    pub fn verify(&self, key: &VerifyingKey) -> bool {
        self.key_id == key_id(key) && verify_value(&self.to_value(), &self.signature, key)
    }

    /// SHA-256, in hexadecimal, of the canonical JSON of `organizationId`, `epoch` and `policies`: the `ETag`.
    /// The same policies have the same digest whenever they are issued.
    pub fn digest(&self) -> String {
        let content = json!({
            "organizationId": self.organization_id,
            "epoch": self.epoch,
            "policies": self.policies,
        });
        hex(&Sha256::digest(json::canonical(&content)))
    }

    /// Checks signature and age, and makes the policies ready to run.
    pub fn open(&self, key: &VerifyingKey, now: Timestamp) -> Result<OpenBundle, BundleError> {
        if !self.verify(key) {
            return Err(BundleError::Tampered);
        }
        if now >= self.expires_at {
            return Err(BundleError::Expired(self.expires_at));
        }
        let compiled = self.policies.iter().map(|policy| {
            PolicyDocument::from_value(policy.document.clone())
                .and_then(|document| compile(policy.policy_id, policy.version, &document))
                .map_err(|error| BundleError::Unreadable { policy_id: policy.policy_id, error })
        });
        Ok(OpenBundle {
            organization_id: self.organization_id,
            epoch: self.epoch,
            expires_at: self.expires_at,
            digest: self.digest(),
            policies: PolicySet::new(compiled.collect::<Result<_, _>>()?),
        })
    }

    fn to_value(&self) -> Value {
        // INVARIANT: a bundle is JSON values, strings and integers, which always become JSON.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// A bundle that has been checked.
#[derive(Debug, Clone)]
pub struct OpenBundle {
    /// Whose policies.
    pub organization_id: OrgId,
    /// Compare it with the latest epoch known before every use.
    pub epoch: i64,
    /// Until when it may be used.
    pub expires_at: Timestamp,
    /// See [`Bundle::digest`].
    pub digest: String,
    policies: PolicySet,
}

impl OpenBundle {
    /// What the policies say about an action, as the server would: final when nothing is
    /// [undecided](Evaluation::undecided).
    pub fn evaluate(&self, occasion: &Occasion<'_>) -> Evaluation {
        evaluate(&self.policies, &Occasion { org: self.organization_id, ..*occasion })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(key: &SigningKey) -> Bundle {
        let policy = |number: u128| BundlePolicy {
            policy_id: uuid::Uuid::from_u128(number).into(),
            version: 1,
            document: json!({
                "name": format!("policy {number}"), "policyType": "pii_access",
                "enforcementMode": "block", "ruleDefinition": {},
            }),
        };
        let claims = BundleClaims {
            organization_id: uuid::Uuid::from_u128(9).into(),
            epoch: 4,
            issued_at: Timestamp::from_millis(0),
            expires_at: Timestamp::from_millis(60_000),
            policies: vec![policy(2), policy(1)],
        };
        Bundle::sign(claims, key)
    }

    #[test]
    fn every_change_breaks_the_signature_and_the_digest_is_of_the_content() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let (public, now) = (key.verifying_key(), Timestamp::from_millis(1));
        let signed = bundle(&key);
        let text = serde_json::to_string(&signed).unwrap();
        let read: Bundle = serde_json::from_str(&text).unwrap();
        assert!(read.open(&public, now).is_ok());
        assert_eq!(
            read.open(&public, read.expires_at).unwrap_err(),
            BundleError::Expired(read.expires_at)
        );
        assert_eq!(read.policies[0].policy_id, uuid::Uuid::from_u128(1).into());

        let mut later = read.clone();
        later.expires_at = later.expires_at.plus_millis(1);
        assert_eq!(later.open(&public, now).unwrap_err(), BundleError::Tampered);
        assert_eq!(later.digest(), read.digest());
        let mut fewer = read.clone();
        fewer.policies.pop();
        assert_eq!(fewer.open(&public, now).unwrap_err(), BundleError::Tampered);
        assert_ne!(fewer.digest(), read.digest());
        let other = SigningKey::from_bytes(&[8; 32]).verifying_key();
        assert_eq!(read.open(&other, now).unwrap_err(), BundleError::Tampered);
    }

    #[test]
    fn a_policy_that_cannot_be_read_stops_everything() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let mut claims = bundle(&key);
        claims.policies[0].document["policyType"] = json!("telepathy");
        let signed = Bundle::sign(
            BundleClaims {
                organization_id: claims.organization_id,
                epoch: 5,
                issued_at: claims.issued_at,
                expires_at: claims.expires_at,
                policies: claims.policies,
            },
            &key,
        );
        let opened = signed.open(&key.verifying_key(), Timestamp::from_millis(1));
        assert!(matches!(opened, Err(BundleError::Unreadable { .. })));
    }
}
