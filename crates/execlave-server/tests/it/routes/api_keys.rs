use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn the_key_is_shown_once() {
    let app = TestApp::new().await;
    let body = json!({ "name": "ci", "environment": "staging", "scopes": ["read", "sdk"] });
    let made = app.operator().post("/api-keys", body).await.expect(201);
    let key = made["data"]["key"].as_str().expect("the key");
    assert!(key.starts_with("exe_stg_"));
    assert!(key.starts_with(made["data"]["prefix"].as_str().expect("a prefix")));

    let list = app.operator().get("/api-keys").await.expect(200);
    assert!(!list.text.contains(key));
    assert_eq!(list["data"][0]["name"], "ci");
    assert_eq!(list["meta"]["total"], 2);
}

#[tokio::test]
async fn revoking_is_idempotent_and_delete_does_the_same() {
    let app = TestApp::new().await;
    for verb in ["revoke", "delete"] {
        let made = app.operator().post("/api-keys", json!({ "name": verb })).await.expect(201);
        let id = made["data"]["id"].as_str().expect("an id").to_owned();
        for _ in 0..2 {
            let ended = match verb {
                "revoke" => app.operator().post(&format!("/api-keys/{id}/revoke"), json!({})).await,
                _ => app.operator().delete(&format!("/api-keys/{id}")).await,
            };
            assert!(ended.expect(200)["data"]["revokedAt"].is_string());
        }
    }
}

#[tokio::test]
async fn nobody_gives_more_than_they_have() {
    let app = TestApp::new().await;
    let client = app.key(json!(["keys:write", "read"])).await;
    client.post("/api-keys", json!({ "name": "ok", "scopes": ["read"] })).await.expect(201);
    for scopes in [json!(["*"]), json!(["read", "policies:write"])] {
        client
            .post("/api-keys", json!({ "name": "more", "scopes": scopes }))
            .await
            .expect_error(403, "FORBIDDEN");
    }
    client
        .post("/api-keys", json!({ "name": "default is sdk" }))
        .await
        .expect_error(403, "FORBIDDEN");
}

#[tokio::test]
async fn a_rotated_key_and_its_successor_both_work_until_the_overlap_ends() {
    let app = TestApp::new().await;
    let operator = app.operator();
    let body = json!({ "name": "app", "scopes": ["sdk", "read"], "environments": ["staging"], "environment": "staging" });
    let old = operator.post("/api-keys", body).await.expect(201);
    let (id, before) =
        (&old["data"]["id"], app.client(old["data"]["key"].as_str().expect("a key")));
    let rotate = format!("/api-keys/{}/rotate", id.as_str().expect("an id"));
    operator
        .post(&rotate, json!({ "overlapHours": 721 }))
        .await
        .expect_error(400, "VALIDATION_ERROR");
    let new = operator.post(&rotate, json!({ "overlapHours": 2 })).await.expect(201);
    let after = app.client(new["data"]["key"].as_str().expect("the key is shown once"));
    for field in ["name", "scopes", "environments", "environment"] {
        assert_eq!(new["data"][field], old["data"][field], "{field}");
    }
    assert_eq!(&new["data"]["replaces"], id);
    let list = operator.get("/api-keys").await.expect(200);
    let listed = list["data"].as_array().expect("keys").iter().find(|key| &key["id"] == id);
    assert_eq!(listed.expect("the old key")["replacedBy"], new["data"]["id"]);
    operator.post(&rotate, json!({})).await.expect_error(409, "CONFLICT");

    before.get("/agents").await.expect(200);
    app.clock.advance_millis(2 * 3_600_000);
    before.get("/agents").await.expect_error(401, "API_KEY_EXPIRED");
    after.get("/agents").await.expect(200);
    let log = operator.get("/audit").await.expect(200).text;
    assert!(log.contains("key.rotated"), "{log}");
}

#[tokio::test]
async fn nobody_rotates_a_key_that_reaches_further_than_their_own() {
    let app = TestApp::new().await;
    let first = app.operator().get("/api-keys").await.expect(200)["data"][0]["id"].clone();
    let first = format!("/api-keys/{}/rotate", first.as_str().expect("an id"));
    let client = app.key(json!(["keys:write", "read"])).await;
    client.post(&first, json!({})).await.expect_error(403, "FORBIDDEN");
    let stranger = app.other_organisation().await;
    stranger.post(&first, json!({})).await.expect_error(404, "NOT_FOUND");
    let narrow = json!({ "name": "narrow", "scopes": ["*"], "environments": ["staging"] });
    let narrow = app.operator().post("/api-keys", narrow).await.expect(201);
    let narrow = app.client(narrow["data"]["key"].as_str().expect("a key"));
    narrow.post(&first, json!({})).await.expect_error(403, "FORBIDDEN");
    let wide = json!({ "name": "wide" });
    narrow.post("/api-keys", wide).await.expect_error(403, "FORBIDDEN");
    let other = json!({ "name": "other", "environments": ["staging", "production"] });
    narrow.post("/api-keys", other).await.expect_error(403, "FORBIDDEN");
    let same = json!({ "name": "same", "environments": ["staging"] });
    narrow.post("/api-keys", same).await.expect(201);
    for bad in [json!([]), json!([""]), json!(["a b"]), json!(vec!["x"; 51])] {
        let body = json!({ "name": "bad", "environments": bad });
        app.operator().post("/api-keys", body).await.expect_error(400, "VALIDATION_ERROR");
    }
}

#[tokio::test]
async fn a_key_reaches_no_other_environment() {
    let app = TestApp::new().await;
    let id = app.agent("bot").await;
    let body = json!({ "name": "narrow", "scopes": ["sdk"], "environments": ["staging"] });
    let made = app.operator().post("/api-keys", body).await.expect(201);
    let client = app.client(made["data"]["key"].as_str().expect("a key"));
    let register = json!({ "agentId": "bot", "name": "b", "environment": "production" });
    let refused = client.post("/agents", register).await.expect_error(403, "FORBIDDEN");
    assert!(refused.text.contains("`staging`") && refused.text.contains("`production`"));
    let ask = |environment: Option<&str>| {
        let mut ask = json!({ "agentId": id, "input": "x" });
        if let Some(environment) = environment {
            ask["environment"] = json!(environment);
        }
        ask
    };
    for asked in [None, Some("production"), Some("staging")] {
        client.post("/policies/enforce", ask(asked)).await.expect_error(403, "FORBIDDEN");
    }
    for path in ["/agents/bot/heartbeat", "/agents/bot/credential"] {
        client.post(path, json!({})).await.expect_error(403, "FORBIDDEN");
    }
    client.get("/agents/bot/status-poll").await.expect_error(403, "FORBIDDEN");
    client.get(&format!("/policies/bundle?agents={id}")).await.expect_error(403, "FORBIDDEN");
    assert_eq!(client.get("/agents/discover").await.expect(200)["data"], json!([]));
    let traces = json!({ "traces": [
        { "traceId": "a", "agentId": "bot" },
        { "traceId": "b", "environment": "production" },
        { "traceId": "c" },
        { "traceId": "d", "environment": "staging" },
    ] });
    let taken = client.post("/traces/ingest", traces).await.expect(202);
    assert_eq!((&taken["accepted"], &taken["failed"]), (&json!(1), &json!(3)), "{}", taken.text);
    assert_eq!(taken["errors"][0]["code"], "FORBIDDEN");
    let local = json!({
        "id": "01930000-0000-7000-8000-000000000001", "agentId": id, "actionDigest": "0".repeat(64), "outcome": "allow",
        "bundleVersion": "b", "durationUs": 1, "evaluatedAt": "2026-09-21T12:00:00.000Z",
    });
    let taken = client.post("/decisions/ingest", json!({ "decisions": [local] })).await.expect(202);
    assert_eq!(taken["errors"][0]["code"], "FORBIDDEN", "{}", taken.text);

    let register = json!({ "agentId": "bot", "name": "b", "environment": "staging" });
    let staging = client.post("/agents", register).await.expect(201);
    let staging = staging["data"]["id"].as_str().expect("an id");
    let ask = json!({ "agentId": "bot", "input": "x", "environment": "staging" });
    client.post("/policies/enforce", ask).await.expect(200);
    client.get(&format!("/agents/{staging}/status-poll")).await.expect(200);
}
