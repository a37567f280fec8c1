use std::fmt::Write;

use axum::body::Body;
use axum::http::{Method, Request};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use crate::support::{Answer, Client, START, TestApp};

#[tokio::test]
async fn both_key_headers_and_both_prefixes_are_accepted() {
    let app = TestApp::new().await;
    let client = app.agent_key().await;
    let key = client.key.clone().expect("a key");
    client.get("/api/v1/agents").await.expect(200);
    client.get("/api/agents").await.expect(200);
    for (name, value) in [("x-api-key", key.clone()), ("authorization", format!("bearer {key}"))] {
        let request =
            Request::builder().uri("/api/v1/agents").header(name, value).body(Body::empty());
        app.anonymous().send(request.expect("a request")).await.expect(200);
    }
}

#[tokio::test]
async fn without_a_good_key_nothing_is_answered() {
    let app = TestApp::new().await;
    app.anonymous().get("/agents").await.expect_error(401, "UNAUTHENTICATED");
    app.client("exe_prod_wrong").get("/agents").await.expect_error(401, "INVALID_API_KEY");
    app.client("exe_prod_wrong")
        .post("/policies/enforce", json!({}))
        .await
        .expect_error(401, "INVALID_API_KEY");
    let basic = Request::builder()
        .uri("/api/v1/agents")
        .header("authorization", "Basic abc")
        .body(Body::empty());
    app.anonymous().send(basic.expect("a request")).await.expect_error(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_key_ends_when_it_expires_and_when_it_is_revoked() {
    let app = TestApp::new().await;
    let body = json!({ "name": "short", "expiresAt": execlave_core::time::Timestamp::from_millis(START + 60_000).to_string() });
    let made = app.operator().post("/api-keys", body).await.expect(201);
    let client = app.client(made["data"]["key"].as_str().expect("a key"));
    client.get("/agents").await.expect(200);
    app.clock.advance_millis(60_000);
    client.get("/agents").await.expect_error(401, "API_KEY_EXPIRED");

    let made = app.operator().post("/api-keys", json!({ "name": "long" })).await.expect(201);
    let client = app.client(made["data"]["key"].as_str().expect("a key"));
    client.get("/agents").await.expect(200);
    let id = made["data"]["id"].as_str().expect("an id");
    app.operator().post(&format!("/api-keys/{id}/revoke"), json!({})).await.expect(200);
    client.get("/agents").await.expect_error(401, "API_KEY_REVOKED");
    app.state.directory.load(&app.store).await.expect("the store is read");
    client.get("/agents").await.expect_error(401, "API_KEY_REVOKED");
}

#[tokio::test]
async fn a_key_reaches_as_far_as_its_scopes() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let sdk = app.agent_key().await;
    let read = app.key(json!(["read"])).await;
    sdk.get("/agents").await.expect(200);
    sdk.get("/billing/usage").await.expect(200);
    for (client, path) in [(&sdk, "/agents/bot/pause"), (&read, "/agents/bot/pause")] {
        let refused = client.patch(path, json!({})).await.expect_error(403, "FORBIDDEN");
        assert!(refused["error"]["message"].as_str().expect("text").contains("`agents:write`"));
    }
    sdk.get("/policies").await.expect_error(403, "FORBIDDEN");
    sdk.post("/policies", json!({})).await.expect_error(403, "FORBIDDEN");
    sdk.get("/traces").await.expect_error(403, "FORBIDDEN");
    sdk.post("/api-keys", json!({ "name": "x" })).await.expect_error(403, "FORBIDDEN");
    read.get("/traces").await.expect(200);
    read.post("/policies/enforce", json!({ "agentId": "bot", "input": "x" }))
        .await
        .expect_error(403, "FORBIDDEN");
}

fn signature(key: &str, timestamp: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any length");
    mac.update(format!("{timestamp}.{body}").as_bytes());
    let mut signature = "sha256=".to_owned();
    for byte in mac.finalize().into_bytes() {
        write!(signature, "{byte:02x}").expect("a text takes everything");
    }
    signature
}

async fn signed(client: &Client, timestamp: &str, signature: &str, body: &'static str) -> Answer {
    let request = client
        .request(Method::POST, "/agents")
        .header("content-type", "application/json")
        .header("x-execlave-timestamp", timestamp)
        .header("x-execlave-signature", signature);
    client.send(request.body(Body::from(body)).expect("a request")).await
}

#[tokio::test]
async fn a_signature_is_checked_whenever_there_is_one() {
    const BODY: &str = r#"{"agentId":"signed","name":"Signed"}"#;
    let app = TestApp::new().await;
    let client = app.agent_key().await;
    let key = client.key.clone().expect("a key");
    let now = (START / 1000).to_string();
    let old = (START / 1000 - 301).to_string();

    let good = signature(&key, &now, BODY);
    signed(&client, &now, &good, BODY).await.expect(201);
    signed(&client, &now, &good, r#"{"agentId":"signed","name":"Other"}"#)
        .await
        .expect_error(401, "INVALID_SIGNATURE");
    signed(&client, &old, &signature(&key, &old, BODY), BODY)
        .await
        .expect_error(401, "INVALID_SIGNATURE");
    signed(&client, &now, &signature("other", &now, BODY), BODY)
        .await
        .expect_error(401, "INVALID_SIGNATURE");
    signed(&client, &now, "", BODY).await.expect_error(401, "INVALID_SIGNATURE");
    signed(&client, "", &good, BODY).await.expect_error(401, "INVALID_SIGNATURE");
    assert_eq!(client.get("/agents?search=signed").await.expect(200)["data"][0]["name"], "Signed");

    let request = client
        .request(Method::GET, "/agents")
        .header("x-execlave-timestamp", &now)
        .header("x-execlave-signature", signature(&key, &now, ""));
    client.send(request.body(Body::empty()).expect("a request")).await.expect(200);
}
