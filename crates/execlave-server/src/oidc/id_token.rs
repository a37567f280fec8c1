//! ID tokens: `OpenID` Connect Core 1.0, section 3.1.3.7. The signature is checked with `ring`, which TLS brings already, so that no code
//! for private RSA keys comes along.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use execlave_core::time::Timestamp;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

/// More than any provider signs.
const TOKEN_BYTES: usize = 16 * 1024;

/// How far the clocks may differ.
const LEEWAY_SECONDS: i64 = 60;

/// No key of the provider has the name that the token gives.
pub(super) const UNKNOWN_KEY: &str = "it is signed with a key that the provider does not list";

/// A public key (RFC 7517, RFC 7518 section 6, RFC 8037).
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Key {
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    #[serde(flatten)]
    material: Material,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kty")]
enum Material {
    #[serde(rename = "RSA")]
    Rsa { n: String, e: String },
    #[serde(rename = "EC")]
    Curve { crv: String, x: String, y: String },
    #[serde(rename = "OKP")]
    Edwards { crv: String, x: String },
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nonce: Option<String>,
    email: Option<String>,
    email_verified: Option<Flag>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Some providers write the word instead of the value.
#[derive(Deserialize)]
#[serde(untagged)]
enum Flag {
    Value(bool),
    Word(String),
}

/// What a token must be.
pub(super) struct Wanted<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: Timestamp,
}

/// Who the provider says somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Which provider says so.
    pub(crate) issuer: String,
    /// Never changes and is never given to somebody else.
    pub(crate) subject: String,
    /// How they are reached, where the provider has made sure of it.
    pub(crate) verified_email: Option<String>,
    /// What to call them.
    pub(crate) name: Option<String>,
}

/// Who a token speaks of, if it is good.
pub(super) fn read(
    token: &str,
    keys: &[Key],
    wanted: &Wanted<'_>,
) -> Result<Identity, &'static str> {
    let claims = verified(token, keys)?;
    let claims: Claims =
        serde_json::from_slice(&claims).map_err(|_| "it lacks what every token has")?;
    if claims.iss != wanted.issuer {
        return Err("another provider made it");
    }
    let (for_us, alone) = match &claims.aud {
        Audience::One(aud) => (aud == wanted.client_id, true),
        Audience::Many(all) => (all.iter().any(|aud| aud == wanted.client_id), all.len() == 1),
    };
    let party = claims.azp.as_deref();
    if !for_us || party.is_some_and(|azp| azp != wanted.client_id) || (!alone && party.is_none()) {
        return Err("it is for another application");
    }
    #[expect(clippy::cast_precision_loss, reason = "seconds of our time are exact")]
    let (now, leeway) = ((wanted.now.as_millis() / 1_000) as f64, LEEWAY_SECONDS as f64);
    if claims.exp <= now - leeway || claims.iat > now + leeway {
        return Err("it is over, or from the future: check the clocks");
    }
    let nonce = claims.nonce.unwrap_or_default();
    if !bool::from(nonce.as_bytes().ct_eq(wanted.nonce.as_bytes())) {
        return Err("it belongs to another attempt");
    }
    if claims.sub.is_empty() || claims.sub.len() > 255 {
        return Err("its subject is empty or too long");
    }
    let verified = matches!(claims.email_verified, Some(Flag::Value(true)))
        || matches!(&claims.email_verified, Some(Flag::Word(word)) if word == "true");
    Ok(Identity {
        issuer: claims.iss,
        subject: claims.sub,
        verified_email: claims.email.filter(|_| verified),
        name: claims.name,
    })
}

/// The claims of a token that one of the keys signed. Which algorithm it may be is the key's to say, not the token's.
fn verified(token: &str, keys: &[Key]) -> Result<Vec<u8>, &'static str> {
    const FORM: &str = "it is no JSON Web Token";
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| FORM);
    if token.len() > TOKEN_BYTES {
        return Err("it is too large");
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(FORM)?;
    let (header, claims) = signed.split_once('.').ok_or(FORM)?;
    let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| FORM)?;
    let (claims, signature) = (decoded(claims)?, decoded(signature)?);
    let named = |key: &&Key| header.kid.is_none() || key.kid == header.kid;
    let signs = |key: &&Key| key.purpose.as_deref().is_none_or(|purpose| purpose == "sig");
    let mut candidates = keys.iter().filter(named).filter(signs).peekable();
    if candidates.peek().is_none() {
        return Err(UNKNOWN_KEY);
    }
    let good = candidates.any(|key| {
        key.material.verifies(&header.alg, signed.as_bytes(), &signature).unwrap_or(false)
    });
    if good { Ok(claims) } else { Err("its signature is wrong, or of a kind that is not accepted") }
}

impl Material {
    fn verifies(&self, alg: &str, message: &[u8], signature: &[u8]) -> Option<bool> {
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let good = match self {
            Self::Rsa { n, e } => {
                let parameters: &RsaParameters = match alg {
                    "RS256" => &RSA_PKCS1_2048_8192_SHA256,
                    "RS384" => &RSA_PKCS1_2048_8192_SHA384,
                    "RS512" => &RSA_PKCS1_2048_8192_SHA512,
                    "PS256" => &RSA_PSS_2048_8192_SHA256,
                    _ => return None,
                };
                let key = RsaPublicKeyComponents { n: bytes(n)?, e: bytes(e)? };
                key.verify(parameters, message, signature).is_ok()
            }
            Self::Curve { crv, x, y } => {
                let algorithm = match (alg, crv.as_str()) {
                    ("ES256", "P-256") => &ECDSA_P256_SHA256_FIXED,
                    ("ES384", "P-384") => &ECDSA_P384_SHA384_FIXED,
                    _ => return None,
                };
                let mut point = vec![4];
                point.extend(bytes(x)?);
                point.extend(bytes(y)?);
                UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok()
            }
            Self::Edwards { crv, x } => {
                if (alg, crv.as_str()) != ("EdDSA", "Ed25519") {
                    return None;
                }
                UnparsedPublicKey::new(&ED25519, bytes(x)?).verify(message, signature).is_ok()
            }
        };
        Some(good)
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_790_000_000;

    fn claims() -> Value {
        json!({
            "iss": "https://id.example", "sub": "7", "aud": "us", "exp": NOW + 300, "iat": NOW, "nonce": "n",
            "email": "ada@example.com", "email_verified": true, "name": "Ada",
        })
    }

    fn keys() -> Vec<Key> {
        let x = URL_SAFE_NO_PAD.encode(SigningKey::from_bytes(&[1; 32]).verifying_key());
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "k1", "use": "sig", "alg": "EdDSA" });
        vec![serde_json::from_value(key).expect("a key")]
    }

    fn token(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = SigningKey::from_bytes(&[1; 32]).sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    fn look(token: &str) -> Result<Identity, &'static str> {
        let wanted = Wanted {
            issuer: "https://id.example",
            client_id: "us",
            nonce: "n",
            now: Timestamp::from_millis(NOW * 1_000),
        };
        read(token, &keys(), &wanted)
    }

    fn good() -> Value {
        json!({ "alg": "EdDSA", "kid": "k1", "typ": "JWT" })
    }

    #[test]
    fn a_good_token_says_who_somebody_is() {
        let identity = look(&token(&good(), &claims())).expect("a good token");
        assert_eq!(identity.verified_email.as_deref(), Some("ada@example.com"));
        assert_eq!((identity.subject.as_str(), identity.name.as_deref()), ("7", Some("Ada")));
    }

    #[test]
    fn a_token_that_is_wrong_in_one_thing_says_nothing() {
        for (field, value, why) in [
            ("iss", json!("https://evil.example"), "another provider"),
            ("aud", json!("them"), "another application"),
            ("aud", json!(["them"]), "another application"),
            ("aud", json!(["us", "them"]), "another application"),
            ("azp", json!("them"), "another application"),
            ("exp", json!(NOW - 60), "it is over"),
            ("exp", Value::Null, "lacks"),
            ("iat", json!(NOW + 61), "from the future"),
            ("nonce", json!("m"), "another attempt"),
            ("nonce", Value::Null, "another attempt"),
            ("sub", json!(""), "subject"),
            ("sub", json!("x".repeat(256)), "subject"),
        ] {
            let mut claims = claims();
            claims[field] = value.clone();
            let refused = look(&token(&good(), &claims)).expect_err(field);
            assert!(refused.contains(why), "{field} {value}: {refused}");
        }
        let mut shared = claims();
        shared["aud"] = json!(["us", "them"]);
        shared["azp"] = json!("us");
        look(&token(&good(), &shared)).expect("it names us as the party it is for");
    }

    #[test]
    fn an_address_counts_only_where_the_provider_made_sure_of_it() {
        for (verified, counts) in [
            (json!(true), true),
            (json!("true"), true),
            (json!(false), false),
            (json!("false"), false),
            (Value::Null, false),
        ] {
            let mut claims = claims();
            claims["email_verified"] = verified.clone();
            let identity = look(&token(&good(), &claims)).expect("a good token");
            assert_eq!(identity.verified_email.is_some(), counts, "{verified}");
        }
    }

    #[test]
    fn the_key_says_how_a_token_is_signed() {
        let with = |name: &str, value: Value| {
            let mut header = good();
            header[name] = value;
            look(&token(&header, &claims()))
        };
        for alg in ["none", "HS256", "RS256", "ES256", "eddsa", ""] {
            with("alg", json!(alg)).expect_err(alg);
        }
        assert_eq!(with("kid", json!("k2")), Err(UNKNOWN_KEY));
        with("kid", Value::Null).expect("there is only one key");
        let whole = token(&good(), &claims());
        let (signed, _) = whole.rsplit_once('.').expect("three parts");
        for bad in ["", ".", "..", &format!("{signed}."), &format!("{signed}.AAAA"), signed] {
            look(bad).expect_err(bad);
        }
        let long = format!("{whole}{}", "A".repeat(TOKEN_BYTES));
        assert_eq!(look(&long), Err("it is too large"));
        let forged = token(&good(), &json!({ "sub": "8" }));
        let (_, signature) = whole.rsplit_once('.').expect("three parts");
        let (others, _) = forged.rsplit_once('.').expect("three parts");
        look(&format!("{others}.{signature}")).expect_err("signed for something else");
    }
}
