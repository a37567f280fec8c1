use serde_json::{Value, json};

use crate::support::{Client, TestApp};

async fn record(client: &Client, body: Value) -> Value {
    client.post("/agents/bot/versions", body).await.expect(201)["data"].clone()
}

async fn active(client: &Client) -> Vec<i64> {
    let list = client.get("/agents/bot/versions").await.expect(200);
    let list = list["data"].as_array().expect("a list").clone();
    let active = list.iter().filter(|version| version["isActive"] == true);
    active.filter_map(|version| version["versionNumber"].as_i64()).collect()
}

#[tokio::test]
async fn a_version_is_the_registration_of_its_moment() {
    let app = TestApp::new().await;
    let agent = app.agent("bot").await;
    let client = app.agent_key().await;
    let first = json!({
        "activate": false, "versionLabel": "1.0", "notes": "first",
        "metadata": { "gitCommit": "abc123", "deployedAt": "2026-11-30T08:00:00" },
    });
    let first = record(&client, first).await;
    assert_eq!((&first["agentId"], &first["versionNumber"]), (&json!(agent), &json!(1)));
    assert_eq!((&first["versionLabel"], &first["isActive"]), (&json!("1.0"), &json!(false)));
    assert_eq!(first["metadata"]["gitCommit"], "abc123");
    assert_eq!(
        (&first["snapshot"]["name"], &first["snapshot"]["allowedActions"]),
        (&json!("bot"), &json!([]))
    );
    let change =
        json!({ "name": "Bot", "allowedActions": ["search"], "metadata": { "team": "a" } });
    app.operator().patch("/agents/bot", change).await.expect(200);
    let second = record(&client, json!({ "activate": true })).await;
    assert_eq!((&second["versionNumber"], &second["isActive"]), (&json!(2), &json!(true)));
    // The first one is what it was.
    let shown = client.get("/agents/bot/versions/1").await.expect(200);
    assert_eq!(shown["data"], first);
    let diff = client.get(&format!("/agents/{agent}/versions/1/diff/2")).await.expect(200);
    assert_eq!(
        diff["data"]["changes"],
        json!([
            { "path": "metadata.deployedAt", "from": "2026-11-30T08:00:00" },
            { "path": "metadata.gitCommit", "from": "abc123" },
            { "path": "notes", "from": "first" },
            { "path": "snapshot.allowedActions", "from": [], "to": ["search"] },
            { "path": "snapshot.metadata.team", "to": "a" },
            { "path": "snapshot.name", "from": "bot", "to": "Bot" },
            { "path": "versionLabel", "from": "1.0" },
        ])
    );
    let none = client.get("/agents/bot/versions/2/diff/2").await.expect(200);
    assert_eq!(none["data"]["changes"], json!([]));
}

#[tokio::test]
async fn one_version_is_active_and_another_takes_its_place() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let client = app.agent_key().await;
    for _ in 0..3 {
        record(&client, json!({ "activate": true })).await;
    }
    assert_eq!(active(&client).await, [3]);
    for _ in 0..2 {
        let body = json!({});
        let done = client.post("/agents/bot/versions/1/activate", body).await.expect(200);
        assert_eq!(done["data"]["isActive"], true);
        assert_eq!(active(&client).await, [1]);
    }
    let log = app.operator().get("/audit").await.expect(200).text;
    assert_eq!(log.matches("agent_version.created").count(), 3, "{log}");
    assert_eq!(log.matches("agent_version.activated").count(), 4, "{log}");
    let page = client.get("/agents/bot/versions?limit=2").await.expect(200);
    assert_eq!(page["data"][0]["versionNumber"], 3);
    let cursor = page["meta"]["nextCursor"].as_str().expect("there is more");
    let rest = client.get(&format!("/agents/bot/versions?cursor={cursor}")).await.expect(200);
    assert_eq!(rest["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(rest["data"][0]["versionNumber"], 1);
}

#[tokio::test]
async fn bad_input_and_far_reaching_keys_are_refused() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let client = app.agent_key().await;
    for (body, fault) in [
        (json!({ "versionLabel": "x".repeat(257) }), "versionLabel"),
        (json!({ "notes": "x".repeat(4_001) }), "notes"),
        (json!({ "notes": null }), "notes"),
        (json!({ "metadata": { "gitCommit": "x".repeat(257) } }), "metadata.gitCommit"),
        (json!({ "metadata": { "branch": "x" } }), "metadata.branch"),
        (json!({ "activate": "yes" }), "activate"),
        (json!({ "snapshot": {} }), "snapshot"),
    ] {
        let refused = client.post("/agents/bot/versions", body).await;
        assert_eq!(refused.expect_error(400, "VALIDATION_ERROR").fault(), fault);
    }
    client.post("/agents/nobody/versions", json!({})).await.expect_error(404, "NOT_FOUND");
    for version in ["1", "0", "-1", "x"] {
        let path = format!("/agents/bot/versions/{version}");
        client.get(&path).await.expect_error(404, "NOT_FOUND");
        client.post(&format!("{path}/activate"), json!({})).await.expect_error(404, "NOT_FOUND");
    }
    let reads = app.key(json!(["read"])).await;
    reads.post("/agents/bot/versions", json!({})).await.expect_error(403, "FORBIDDEN");
    let body = json!({ "name": "narrow", "scopes": ["sdk"], "environments": ["staging"] });
    let key = app.operator().post("/api-keys", body).await.expect(201);
    let narrow = app.client(key["data"]["key"].as_str().expect("a key"));
    narrow.post("/agents/bot/versions", json!({})).await.expect_error(403, "FORBIDDEN");
    record(&client, json!({})).await;
    let refused = narrow.post("/agents/bot/versions/1/activate", json!({})).await;
    refused.expect_error(403, "FORBIDDEN");
    assert_eq!(active(&reads).await, [0_i64; 0]);
}
