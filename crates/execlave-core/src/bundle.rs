//! The signed set of policies an SDK evaluates in its own process.
//!
//! A bundle holds policy documents with their versions, not compiled programs: whoever opens it compiles them
//! with the same code as the server, so the same action gets the same decision. With it come the agents it was
//! asked for, as policies see them: a pause, a new tag or a new tool baseline is another bundle. What depends on
//! shared state stays undecided ([`OpenBundle::decide`]), and the server is asked. Signed like a certificate:
//! Ed25519 over the RFC 8785 form without the signature.

use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::certificate::{key_id, sign_value, verify_value};
use crate::decision::{Decision, Outcome};
use crate::digest::hex;
use crate::ids::{OrgId, PolicyId};
use crate::json;
use crate::policy::{Evaluation, PolicyDocument, PolicyError, PolicySet, compile, evaluate};
use crate::request::{Action, AgentProfile, AgentStatus, Occasion};
use crate::time::Timestamp;

/// Most agents in one bundle: their ids still fit into a request line that every proxy lets through.
pub const AGENTS: usize = 200;

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
    /// The agents it was asked for.
    pub agents: Vec<BundleAgent>,
    /// Whether the organisation keeps raw inputs with its decisions.
    pub keep_input: bool,
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

/// One agent, as the server knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BundleAgent {
    /// What policies look at.
    pub profile: AgentProfile,
    /// Grows with every change of its status; nothing that was fetched under an older one is used.
    pub epoch: i64,
    /// Whether a cost budget rule may count for its actions: spending is shared state, so the server is asked.
    pub has_budget: bool,
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
    /// The agents it was asked for, by id.
    pub agents: Vec<BundleAgent>,
    /// Whether the organisation keeps raw inputs with its decisions.
    pub keep_input: bool,
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
    /// Signs the claims. Policies and agents are put in the order of their ids.
    pub fn sign(claims: BundleClaims, key: &SigningKey) -> Self {
        let (mut policies, mut agents) = (claims.policies, claims.agents);
        policies.sort_by_key(|policy| (policy.policy_id, policy.version));
        agents.sort_by_key(|agent| agent.profile.id);
        let mut bundle = Self {
            organization_id: claims.organization_id,
            epoch: claims.epoch,
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
            policies,
            agents,
            keep_input: claims.keep_input,
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

    /// SHA-256, in hexadecimal, of the canonical JSON of `organizationId`, `epoch` and `policies`: the name of
    /// the set of policies, which decisions carry. It is the same whenever and for whichever agents it is issued.
    pub fn digest(&self) -> String {
        policy_set_digest(self.organization_id, self.epoch, &self.policies)
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
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            digest: self.digest(),
            agents: self.agents.clone(),
            keep_input: self.keep_input,
            policies: PolicySet::new(compiled.collect::<Result<_, _>>()?),
        })
    }

    fn to_value(&self) -> Value {
        // INVARIANT: a bundle is JSON values, strings and integers, which always become JSON.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// See [`Bundle::digest`]. The policies must be in the order of their ids.
pub fn policy_set_digest(org: OrgId, epoch: i64, policies: &[BundlePolicy]) -> String {
    let content = json!({ "organizationId": org, "epoch": epoch, "policies": policies });
    hex(&Sha256::digest(json::canonical(&content)))
}

/// A bundle that has been checked.
#[derive(Debug, Clone)]
pub struct OpenBundle {
    /// Whose policies.
    pub organization_id: OrgId,
    /// Compare it with the latest epoch known before every use.
    pub epoch: i64,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Until when it may be used.
    pub expires_at: Timestamp,
    /// See [`Bundle::digest`].
    pub digest: String,
    /// The agents it can decide about.
    pub agents: Vec<BundleAgent>,
    /// Whether the organisation keeps raw inputs with its decisions.
    pub keep_input: bool,
    policies: PolicySet,
}

/// What a bundle makes of an action.
#[derive(Debug, Clone, PartialEq)]
pub enum LocalVerdict {
    /// The decision, as the server would make it: `allow` or `block`.
    Decided(Decision),
    /// Only the server can decide: it answers what policies ask of shared state, remembers the action for a sequence,
    /// counts it against a budget, asks a person, or knows whether the agent is still stopped. With it, what the
    /// policies say meanwhile.
    AskServer(Box<Evaluation>),
}

impl OpenBundle {
    /// Decides an action of one of [`OpenBundle::agents`] that is about to happen, if nobody else is needed for that.
    pub fn decide(&self, agent: &BundleAgent, action: &Action, now: Timestamp) -> LocalVerdict {
        let profile = &agent.profile;
        let evaluation =
            self.evaluate(&Occasion::before(self.organization_id, profile, action, now));
        let is_running = matches!(profile.status, AgentStatus::Active | AgentStatus::Error);
        let needs_state = !evaluation.checks.is_empty() || !evaluation.marks.is_empty();
        let needs_person = evaluation.decision.outcome == Outcome::RequireApproval;
        if agent.has_budget || !is_running || needs_state || needs_person {
            return LocalVerdict::AskServer(Box::new(evaluation));
        }
        LocalVerdict::Decided(evaluation.decision)
    }

    /// What the policies say about an action, as the server would: final when nothing is
    /// [undecided](Evaluation::undecided).
    pub fn evaluate(&self, occasion: &Occasion<'_>) -> Evaluation {
        evaluate(&self.policies, &Occasion { org: self.organization_id, ..*occasion })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(changed: &Value) -> BundleAgent {
        let mut profile = json!({
            "id": uuid::Uuid::from_u128(7), "externalId": "bot", "name": "Bot",
            "environment": "production", "status": "active",
        });
        for (key, value) in changed.as_object().into_iter().flatten() {
            profile[key] = value.clone();
        }
        let profile = serde_json::from_value(profile).unwrap();
        BundleAgent { profile, epoch: 1, has_budget: false }
    }

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
            agents: vec![agent(&json!({}))],
            keep_input: false,
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
        let mut resumed = read.clone();
        resumed.agents[0].epoch = 2;
        assert_eq!(resumed.open(&public, now).unwrap_err(), BundleError::Tampered);
        assert_eq!(resumed.digest(), read.digest());
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
                agents: claims.agents,
                keep_input: claims.keep_input,
            },
            &key,
        );
        let opened = signed.open(&key.verifying_key(), Timestamp::from_millis(1));
        assert!(matches!(opened, Err(BundleError::Unreadable { .. })));
    }

    #[test]
    fn what_needs_nobody_else_is_decided() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let opened = |policies: Vec<Value>| {
            let policies = policies.into_iter().enumerate().map(|(number, mut document)| {
                document["name"] = json!(format!("policy {number}"));
                let policy_id = uuid::Uuid::from_u128(number as u128).into();
                BundlePolicy { policy_id, version: 1, document }
            });
            let claims = BundleClaims {
                organization_id: uuid::Uuid::from_u128(9).into(),
                epoch: 1,
                issued_at: Timestamp::from_millis(0),
                expires_at: Timestamp::from_millis(60_000),
                policies: policies.collect(),
                agents: Vec::new(),
                keep_input: false,
            };
            let now = Timestamp::from_millis(1);
            Bundle::sign(claims, &key).open(&key.verifying_key(), now).unwrap()
        };
        let policy = |kind: &str, mode: &str, rule: Value| json!({ "policyType": kind, "enforcementMode": mode, "ruleDefinition": rule });
        let denied = |mode| policy("access_control", mode, json!({ "deniedTools": ["rm"] }));
        let rated = || policy("rate_limit", "warn", json!({ "maxRequestsPerMinute": 5 }));
        let sequence = || {
            let rule = json!({ "after": { "tools": ["rm"] }, "deny": { "tools": ["send"] }, "within": "session" });
            policy("sequence", "block", rule)
        };
        let with_budget = || BundleAgent { has_budget: true, ..agent(&json!({})) };
        let active = || agent(&json!({}));
        let wants_rm_approved = agent(&json!({
            "autonomyLevel": "act_with_approval", "requiresHumanApprovalFor": ["rm"],
        }));
        for (policies, agent, expected) in [
            (vec![], active(), Some(Outcome::Allow)),
            (vec![denied("block")], active(), Some(Outcome::Block)),
            (vec![denied("warn")], active(), Some(Outcome::Allow)),
            (vec![denied("block")], agent(&json!({ "status": "error" })), Some(Outcome::Block)),
            (vec![denied("require_approval")], active(), None),
            (vec![], wants_rm_approved, None),
            (vec![denied("block"), rated()], active(), None),
            (vec![sequence()], active(), None),
            (vec![], with_budget(), None),
            (vec![], agent(&json!({ "status": "paused" })), None),
        ] {
            let action: Action = serde_json::from_value(
                json!({ "input": "x", "tools": ["rm"], "metadata": { "sessionId": "s" } }),
            )
            .unwrap();
            let now = Timestamp::from_millis(1);
            let decided = match opened(policies.clone()).decide(&agent, &action, now) {
                LocalVerdict::Decided(decision) => Some(decision.outcome),
                LocalVerdict::AskServer(_) => None,
            };
            assert_eq!(decided, expected, "{policies:?} {agent:?}");
        }
    }
}
