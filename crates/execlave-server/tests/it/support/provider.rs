//! A sign-in provider on this machine: everybody who comes is the person it was told to vouch for.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

/// What it does.
#[derive(Clone)]
pub(crate) struct Provider(Arc<Mutex<Inner>>);

struct Inner {
    issuer: String,
    claims: Value,
    key: u8,
    is_down: bool,
    /// The challenge and nonce of each code that was given out.
    codes: HashMap<String, (String, String)>,
    times_keys_asked: usize,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address: SocketAddr = listener.local_addr().expect("an address");
        let provider = Self(Arc::new(Mutex::new(Inner {
            issuer: format!("http://{address}"),
            claims: json!({}),
            key: 1,
            is_down: false,
            codes: HashMap::new(),
            times_keys_asked: 0,
        })));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(provider.clone());
        #[expect(clippy::disallowed_methods, reason = "another server, which ends with the test")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    pub(crate) fn issuer(&self) -> String {
        self.with(|inner| inner.issuer.clone())
    }

    /// Who comes from now on.
    pub(crate) fn vouch_for(&self, subject: &str, email: &str, is_verified: bool) {
        self.with(|inner| {
            inner.claims = json!({ "sub": subject, "email": email, "email_verified": is_verified, "name": "Ada O." });
        });
    }

    /// Says something else in its tokens, too.
    pub(crate) fn lie(&self, claim: &str, value: Value) {
        self.with(|inner| inner.claims[claim] = value);
    }

    pub(crate) fn change_keys(&self) {
        self.with(|inner| inner.key += 1);
    }

    pub(crate) fn go_down(&self) {
        self.with(|inner| inner.is_down = true);
    }

    pub(crate) fn times_keys_asked(&self) -> usize {
        self.with(|inner| inner.times_keys_asked)
    }

    /// The person arrives with an address, and leaves with a code for the address they came from.
    pub(crate) fn visit(&self, address: &str) -> String {
        let url: Url = address.parse().expect("an address");
        let asked: HashMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!((asked["response_type"].as_str(), asked["client_id"].as_str()), ("code", "us"));
        assert_eq!(asked["code_challenge_method"], "S256");
        let code = format!("code-{}", asked["nonce"]);
        let kept = (asked["code_challenge"].clone(), asked["nonce"].clone());
        self.with(|inner| inner.codes.insert(code.clone(), kept));
        let back: Url = asked["redirect_uri"].parse().expect("an address");
        format!("{}?code={code}&state={}", back.path(), asked["state"])
    }

    fn with<T>(&self, what: impl FnOnce(&mut Inner) -> T) -> T {
        what(&mut self.0.lock().expect("unlocked"))
    }
}

async fn describe(State(provider): State<Provider>) -> Response {
    provider.with(|inner| {
        if inner.is_down {
            return StatusCode::BAD_GATEWAY.into_response();
        }
        let issuer = &inner.issuer;
        Json(json!({
            "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize?theme=dark"), "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
        }))
        .into_response()
    })
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    provider.with(|inner| {
        inner.times_keys_asked += 1;
        let x = URL_SAFE_NO_PAD.encode(SigningKey::from_bytes(&[inner.key; 32]).verifying_key());
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": inner.key.to_string(), "use": "sig" });
        Json(json!({ "keys": [{ "kty": "oct", "k": "AAAA", "kid": "0" }, key] }))
    })
}

/// Codes are good once, for who has the verifier and the password.
async fn token(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let basic = format!("Basic {}", STANDARD.encode("us:s%2F3cret"));
    if headers.get("authorization").is_none_or(|given| *given != *basic) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    provider.with(|inner| {
        let Some((challenge, nonce)) = inner.codes.remove(&form["code"]) else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        if URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"])) != challenge {
            return StatusCode::BAD_REQUEST.into_response();
        }
        let now = crate::support::START / 1_000;
        let mut claims = json!({ "iss": inner.issuer, "aud": "us", "exp": now + 4_000_000, "iat": now, "nonce": nonce });
        for (name, value) in inner.claims.as_object().expect("claims") {
            claims[name] = value.clone();
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({ "alg": "EdDSA", "kid": inner.key.to_string() });
        let signed = format!("{}.{}", part(&header), part(&claims));
        let key = SigningKey::from_bytes(&[inner.key; 32]);
        let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).to_bytes());
        let id_token = format!("{signed}.{signature}");
        Json(json!({ "access_token": "x", "token_type": "Bearer", "id_token": id_token })).into_response()
    })
}
