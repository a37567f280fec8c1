//! Signed requests: what version 2 covers, and that nothing is accepted twice.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::Method;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use execlave_server::config::Config;
use execlave_server::{build_state, router};

use crate::support::{Answer, Client, START, TestApp};

const BODY: &str = r#"{"agentId":"signed","name":"Signed"}"#;
const NONCE: &str = "abcdefghijklmnop";
const AGENTS: &str = "/api/v1/agents";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes everything");
        text
    })
}

fn mac(key: &str, message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any length");
    mac.update(message.as_bytes());
    format!("sha256={}", hex(&mac.finalize().into_bytes()))
}

/// A request of version 2, signed as it says and sent as it says.
#[derive(Clone)]
struct Sent<'a> {
    method: Method,
    target: &'a str,
    body: &'a str,
    nonce: &'a str,
    seconds: i64,
}

const GOOD: Sent<'_> =
    Sent { method: Method::POST, target: AGENTS, body: BODY, nonce: NONCE, seconds: START / 1000 };

impl Sent<'_> {
    fn signature(&self, client: &Client) -> String {
        let Self { method, target, body, nonce, seconds } = self;
        let body = hex(&Sha256::digest(body));
        let key = client.key.as_deref().expect("a key");
        mac(key, &format!("v2\n{seconds}\n{nonce}\n{method}\n{target}\n{body}"))
    }

    async fn send_with(&self, client: &Client, signature: &str) -> Answer {
        let request = client
            .request(self.method.clone(), self.target)
            .header("content-type", "application/json")
            .header("x-execlave-signature-version", "v2")
            .header("x-execlave-timestamp", self.seconds.to_string())
            .header("x-execlave-nonce", self.nonce)
            .header("x-execlave-signature", signature);
        client.send(request.body(Body::from(self.body.to_owned())).expect("a request")).await
    }

    async fn send(&self, client: &Client) -> Answer {
        self.send_with(client, &self.signature(client)).await
    }
}

#[tokio::test]
async fn whatever_is_changed_breaks_the_signature() {
    let app = TestApp::new().await;
    let client = app.agent_key().await;
    let signature = GOOD.signature(&client);
    for changed in [
        Sent { body: r#"{"agentId":"signed","name":"Other"}"#, ..GOOD },
        Sent { method: Method::GET, ..GOOD },
        Sent { target: "/api/agents", ..GOOD },
        Sent { target: "/api/v1/agents?search=x", ..GOOD },
        Sent { nonce: "abcdefghijklmnoq", ..GOOD },
        Sent { seconds: START / 1000 + 1, ..GOOD },
    ] {
        changed.send_with(&client, &signature).await.expect_error(401, "INVALID_SIGNATURE");
    }
    for bad in [
        Sent { nonce: "short", ..GOOD },
        Sent { nonce: "abcdefghijklmno.", ..GOOD },
        Sent { seconds: START / 1000 - 301, ..GOOD },
        Sent { seconds: START / 1000 + 301, ..GOOD },
    ] {
        bad.send(&client).await.expect_error(401, "INVALID_SIGNATURE");
    }
    // A signature of version 1 is none of version 2, and half of one is none at all.
    let key = client.key.clone().expect("a key");
    let first = mac(&key, &format!("{}.{BODY}", START / 1000));
    GOOD.send_with(&client, &first).await.expect_error(401, "INVALID_SIGNATURE");
    let half = client.request(Method::GET, "/agents").header("x-execlave-nonce", NONCE);
    let half = client.send(half.body(Body::empty()).expect("a request")).await;
    half.expect_error(401, "INVALID_SIGNATURE");
    // What was refused has used no nonce up.
    GOOD.send(&client).await.expect(201);
}

#[tokio::test]
async fn a_nonce_is_accepted_once_per_key_and_with_path_and_query() {
    let app = TestApp::new().await;
    let client = app.agent_key().await;
    GOOD.send(&client).await.expect(201);
    GOOD.send(&client).await.expect_error(401, "REQUEST_REPLAYED");
    let elsewhere =
        Sent { method: Method::GET, target: "/api/agents?search=sig%20ned", body: "", ..GOOD };
    elsewhere.send(&client).await.expect_error(401, "REQUEST_REPLAYED");
    elsewhere.send(&app.agent_key().await).await.expect(200);
    Sent { nonce: "0123456789abcdef", ..elsewhere }.send(&client).await.expect(200);
}

#[tokio::test]
async fn what_was_seen_is_known_to_other_servers_and_after_a_restart() {
    let app = TestApp::new().await;
    let client = app.agent_key().await;
    GOOD.send(&client).await.expect(201);
    let key = client.key.clone().expect("a key");
    let first = mac(&key, &format!("{}.", START / 1000));
    old(&client, "/agents", &first).await.expect(200);
    // A server with an empty memory on the same store is another one, or this one after a restart.
    let state = build_state(Config::default(), (*app.store).clone(), app.clock.clone());
    let other = router::router(state.await.expect("the store is read"));
    let other = Client::new(other, client.key.clone());
    GOOD.send(&other).await.expect_error(401, "REQUEST_REPLAYED");
    app.clock.advance_millis(2_001);
    old(&other, "/agents", &first).await.expect_error(401, "REQUEST_REPLAYED");
}

/// A request without a body, signed in version 1 at the start.
async fn old(client: &Client, path: &str, signature: &str) -> Answer {
    let request = client
        .request(Method::GET, path)
        .header("x-execlave-timestamp", (START / 1000).to_string())
        .header("x-execlave-signature", signature);
    client.send(request.body(Body::empty()).expect("a request")).await
}

#[tokio::test]
async fn version_1_may_be_repeated_for_a_moment_because_it_has_no_nonce() {
    let app = TestApp::new().await;
    let client = app.agent_key().await;
    let key = client.key.clone().expect("a key");
    let signature = mac(&key, &format!("{}.", START / 1000));
    for after in [0, 0, 2_000] {
        app.clock.advance_millis(after);
        old(&client, "/agents", &signature).await.expect(200);
    }
    app.clock.advance_millis(1);
    old(&client, "/agents", &signature).await.expect_error(401, "REQUEST_REPLAYED");
    // It covers no path, so the same text is the signature of another request, too.
    old(&client, "/agents?search=x", &signature).await.expect(200);
    let upper = signature.to_uppercase().replace("SHA", "sha");
    old(&client, "/agents", &upper).await.expect_error(401, "INVALID_SIGNATURE");
}

#[tokio::test]
async fn what_is_too_old_is_forgotten_and_refused_by_its_time() {
    let app = TestApp::new().await;
    let client = app.agent_key().await;
    GOOD.send(&client).await.expect(201);
    app.clock.advance_millis(301_000);
    app.store.forget_requests_across_orgs(app.clock.now()).await.expect("forgotten");
    GOOD.send(&client).await.expect_error(401, "INVALID_SIGNATURE");
    Sent { seconds: START / 1000 + 301, ..GOOD }
        .send(&client)
        .await
        .expect_error(401, "REQUEST_REPLAYED");
    app.state.replay.forget(app.clock.now());
    Sent { seconds: START / 1000 + 301, ..GOOD }.send(&client).await.expect(200);
}

#[tokio::test]
async fn a_key_that_requires_it_is_refused_unsigned() {
    let app = TestApp::new().await;
    let body = json!({ "name": "strict", "requireSignature": true });
    let made = app.operator().post("/api-keys", body).await.expect(201);
    assert_eq!(made["data"]["requireSignature"], true);
    let client = app.client(made["data"]["key"].as_str().expect("the key"));
    client.get("/agents").await.expect_error(401, "SIGNATURE_REQUIRED");
    client.post("/policies/enforce", json!({})).await.expect_error(401, "SIGNATURE_REQUIRED");
    GOOD.send(&client).await.expect(201);
    let key = client.key.clone().expect("a key");
    old(&client, "/agents", &mac(&key, &format!("{}.", START / 1000))).await.expect(200);
}
