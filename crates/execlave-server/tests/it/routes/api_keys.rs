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
