//! The proof of which agent is speaking: a JSON Web Token that lives for minutes, signed like everything else with the deployment's
//! Ed25519 key (RFC 8037) and checked with what is published in `/.well-known/jwks.json`.
//!
//! The form is fixed: there is one algorithm, one audience, and no header or claim that is not known here. What a token says about how
//! it wants to be checked is never followed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::certificate::key_id;
use crate::ids::{AgentId, OrgId};
use crate::json;
use crate::time::Timestamp;

/// What every credential begins with, so that it is recognised wherever it turns up.
pub const PREFIX: &str = "exe_agt_";

/// The one issuer, and the one audience: the deployment itself.
pub const ISSUER: &str = "execlave";

/// How long a credential is good.
pub const LIFETIME_SECONDS: i64 = 15 * 60;

/// How far the clocks of two servers may be apart.
const SKEW_SECONDS: i64 = 60;

/// A credential is a few hundred bytes; what is longer is not looked at.
const LONGEST: usize = 2_048;

/// What a credential states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialClaims {
    /// The agent.
    pub agent: AgentId,
    /// Its organisation.
    pub org: OrgId,
    /// The credential's own id.
    pub id: Uuid,
    /// The agent's generation of credentials when it was issued.
    pub generation: i64,
    /// Since when.
    pub issued_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

impl CredentialClaims {
    /// What is issued at this moment, to the second.
    pub fn issue(agent: AgentId, org: OrgId, id: Uuid, generation: i64, now: Timestamp) -> Self {
        let seconds = seconds_of(now);
        let end = seconds.saturating_add(LIFETIME_SECONDS);
        let (issued_at, expires_at) = (at(seconds), at(end));
        Self { agent, org, id, generation, issued_at, expires_at }
    }

    /// Signs them.
    pub fn sign(&self, key: &SigningKey) -> String {
        let header = Header {
            alg: ALGORITHM.to_owned(),
            kid: key_id(&key.verifying_key()),
            typ: "JWT".to_owned(),
        };
        let payload = Payload {
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            sub: self.agent,
            org: self.org,
            jti: self.id,
            generation: self.generation,
            iat: seconds_of(self.issued_at),
            exp: seconds_of(self.expires_at),
        };
        let signed = format!("{}.{}", part(&header), part(&payload));
        let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).to_bytes());
        format!("{PREFIX}{signed}.{signature}")
    }
}

/// Why a credential proves nothing: the first thing that is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialFault {
    /// It is not `exe_agt_` and a token of the one form.
    Malformed,
    /// No published key is the one it names.
    UnknownKey,
    /// The signature is not that key's.
    BadSignature,
    /// It was issued by or for somebody else.
    WrongAudience,
    /// It begins in the future.
    NotYetValid,
    /// It has ended.
    Expired,
    /// It belongs to another organisation, or its agent is not known.
    UnknownAgent,
    /// Its agent is archived.
    AgentArchived,
    /// It was revoked, alone or with all of its agent.
    Revoked,
}

impl CredentialFault {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::WrongAudience => "wrong_audience",
            Self::NotYetValid => "not_yet_valid",
            Self::Expired => "expired",
            Self::UnknownAgent => "unknown_agent",
            Self::AgentArchived => "agent_archived",
            Self::Revoked => "revoked",
        }
    }
}

/// The key that a credential says it was signed with.
pub fn named_key(credential: &str) -> Option<String> {
    Parts::of(credential).map(|parts| parts.header.kid)
}

/// Checks everything that a credential proves by itself. Whether its agent is there, and whether it was revoked, is for the caller to
/// know.
pub fn verify(
    credential: &str,
    keys: &[VerifyingKey],
    now: Timestamp,
) -> Result<CredentialClaims, CredentialFault> {
    let parts = Parts::of(credential).ok_or(CredentialFault::Malformed)?;
    let key = keys.iter().find(|key| key_id(key) == parts.header.kid);
    let key = key.ok_or(CredentialFault::UnknownKey)?;
    key.verify_strict(parts.signed.as_bytes(), &parts.signature)
        .map_err(|_| CredentialFault::BadSignature)?;
    let payload: Payload = decode(parts.payload).ok_or(CredentialFault::Malformed)?;
    if payload.iss != ISSUER || payload.aud != ISSUER {
        return Err(CredentialFault::WrongAudience);
    }
    let seconds = seconds_of(now);
    if payload.exp <= seconds {
        return Err(CredentialFault::Expired);
    }
    if payload.iat > seconds.saturating_add(SKEW_SECONDS) {
        return Err(CredentialFault::NotYetValid);
    }
    Ok(CredentialClaims {
        agent: payload.sub,
        org: payload.org,
        id: payload.jti,
        generation: payload.generation,
        issued_at: at(payload.iat),
        expires_at: at(payload.exp),
    })
}

const ALGORITHM: &str = "EdDSA";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: String,
    typ: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    iss: String,
    aud: String,
    sub: AgentId,
    org: OrgId,
    jti: Uuid,
    #[serde(rename = "gen")]
    generation: i64,
    iat: i64,
    exp: i64,
}

struct Parts<'a> {
    header: Header,
    payload: &'a str,
    signed: &'a str,
    signature: Signature,
}

impl<'a> Parts<'a> {
    fn of(credential: &'a str) -> Option<Self> {
        if credential.len() > LONGEST {
            return None;
        }
        let (signed, signature) = credential.strip_prefix(PREFIX)?.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let header: Header = decode(header)?;
        if header.alg != ALGORITHM || header.typ != "JWT" {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let signature = Signature::from_slice(&bytes).ok()?;
        Some(Self { header, payload, signed, signature })
    }
}

fn part<T: Serialize>(value: &T) -> String {
    // INVARIANT: both parts are strings and integers, which always become JSON.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap_or_default())
}

fn decode<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    json::parse(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn seconds_of(time: Timestamp) -> i64 {
    time.as_millis().div_euclid(1_000)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1_000))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_millis(1_790_000_000_500)
    }

    fn claims() -> CredentialClaims {
        let id = Uuid::from_u128(7);
        CredentialClaims::issue(id.into(), id.into(), id, 3, now())
    }

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    /// A token with these parts, signed well.
    fn token(header: &Value, payload: &Value) -> String {
        let signed = format!("{}.{}", part(header), part(payload));
        let signature = URL_SAFE_NO_PAD.encode(key().sign(signed.as_bytes()).to_bytes());
        format!("{PREFIX}{signed}.{signature}")
    }

    fn parts() -> (Value, Value) {
        let credential = claims().sign(&key());
        let mut parts = credential.strip_prefix(PREFIX).unwrap().split('.');
        let mut next = || decode(parts.next().unwrap()).unwrap();
        (next(), next())
    }

    fn verdict(credential: &str) -> Result<CredentialClaims, CredentialFault> {
        verify(credential, &[key().verifying_key()], now())
    }

    #[test]
    fn what_was_issued_is_good_until_it_ends() {
        let credential = claims().sign(&key());
        assert_eq!(verdict(&credential), Ok(claims()));
        let keys = [key().verifying_key()];
        let later = |ms| verify(&credential, &keys, now().plus_millis(ms)).map(drop);
        assert_eq!(later(899_499), Ok(()));
        assert_eq!(later(899_500), Err(CredentialFault::Expired));
        assert_eq!(later(-62_000), Err(CredentialFault::NotYetValid));
    }

    #[test]
    fn another_key_or_another_signature_is_refused() {
        let other = SigningKey::from_bytes(&[8; 32]);
        assert_eq!(verdict(&claims().sign(&other)), Err(CredentialFault::UnknownKey));
        let (header, mut payload) = parts();
        let good = token(&header, &payload);
        payload["sub"] = json!(Uuid::from_u128(8));
        let forged = token(&header, &payload);
        let signature = good.rsplit_once('.').unwrap().1;
        let forged = format!("{}.{signature}", forged.rsplit_once('.').unwrap().0);
        assert_eq!(verdict(&forged), Err(CredentialFault::BadSignature));
    }

    #[test]
    fn there_is_one_form() {
        let (header, payload) = parts();
        for (field, value) in [
            ("alg", json!("none")),
            ("alg", json!("HS256")),
            ("alg", json!("eddsa")),
            ("typ", json!("at+jwt")),
            ("crit", json!(["exp"])),
            ("jwk", json!({})),
        ] {
            let mut header = header.clone();
            header[field] = value;
            assert_eq!(verdict(&token(&header, &payload)), Err(CredentialFault::Malformed));
        }
        for text in ["", "exe_agt_", "exe_agt_a.b", "exe_agt_a.b.c", &"exe_agt_".repeat(400)] {
            assert_eq!(verdict(text), Err(CredentialFault::Malformed));
        }
        let good = token(&header, &payload);
        assert_eq!(verdict(good.strip_prefix(PREFIX).unwrap()), Err(CredentialFault::Malformed));
        assert_eq!(verdict(&format!("{good}=")), Err(CredentialFault::Malformed));
    }

    #[test]
    fn it_is_for_this_deployment_alone() {
        let (header, payload) = parts();
        for field in ["iss", "aud"] {
            let mut payload = payload.clone();
            payload[field] = json!("somebody else");
            assert_eq!(verdict(&token(&header, &payload)), Err(CredentialFault::WrongAudience));
        }
        let mut endless = payload;
        endless.as_object_mut().unwrap().remove("exp");
        assert_eq!(verdict(&token(&header, &endless)), Err(CredentialFault::Malformed));
    }
}
