use serde_json::{Value, json};

use crate::support::{Answer, Client, START, TestApp};

async fn ask(client: &Client, caller: &str, target: &str, action: &str) -> Answer {
    let body = json!({ "callerAgentId": caller, "calleeAgentId": target, "action": action });
    client.post("/agents/authorize", body).await
}

async fn grant(app: &TestApp, more: Value) -> String {
    let mut body =
        json!({ "calleeAgentId": "worker", "allowedActions": ["query", "read", "query"] });
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    let made = app.operator().post("/agents/boss/grants", body).await.expect(201);
    assert_eq!(made["data"]["allowedActions"], json!(["query", "read"]));
    made["data"]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn nothing_is_allowed_without_a_grant_and_only_what_it_says_with_one() {
    let app = TestApp::new().await;
    let (boss, worker) = (app.agent("boss").await, app.agent("worker").await);
    let client = app.agent_key().await;
    ask(&client, "boss", "worker", "query").await.expect_error(403, "NO_GRANT");
    let id = grant(&app, json!({})).await;
    let allowed = ask(&client, "boss", &worker, "query").await.expect(200);
    let data = &allowed["data"];
    assert_eq!(data["authorized"], true);
    assert_eq!((&data["id"], &data["callerAgentId"]), (&json!(id), &json!("boss")));
    assert_eq!(data["calleeAgentId"], json!(worker));
    assert_eq!((&data["grant"]["callerAgentId"], &data["grant"]["id"]), (&json!(boss), &json!(id)));
    ask(&client, "boss", "worker", "delete").await.expect_error(403, "NO_GRANT");
    ask(&client, "worker", "boss", "query").await.expect_error(403, "NO_GRANT");
    ask(&client, "boss", "nobody", "query").await.expect_error(403, "NO_GRANT");
    ask(&client, "boss", "worker", "dance").await.expect_error(400, "VALIDATION_ERROR");
    app.operator().post(&format!("/agents/boss/grants/{id}/revoke"), json!({})).await.expect(200);
    ask(&client, "boss", "worker", "query").await.expect_error(403, "NO_GRANT");
    let log = app.operator().get("/audit").await.expect(200).text;
    assert!(log.contains("grant.created") && log.contains("grant.revoked"), "{log}");
}

#[tokio::test]
async fn a_grant_ends_and_stopped_agents_neither_call_nor_are_called() {
    let app = TestApp::new().await;
    app.agent("boss").await;
    app.agent("worker").await;
    let client = app.agent_key().await;
    let end = execlave_core::time::Timestamp::from_millis(START + 60_000).to_string();
    grant(&app, json!({ "expiresAt": end })).await;
    for agent in ["boss", "worker"] {
        app.operator().patch(&format!("/agents/{agent}/pause"), json!({})).await.expect(200);
        let refused = ask(&client, "boss", "worker", "read").await.expect_error(403, "NO_GRANT");
        assert!(refused.text.contains("paused"), "{}", refused.text);
        app.operator().patch(&format!("/agents/{agent}/resume"), json!({})).await.expect(200);
        ask(&client, "boss", "worker", "read").await.expect(200);
    }
    app.clock.advance_millis(60_000);
    ask(&client, "boss", "worker", "read").await.expect_error(403, "NO_GRANT");
    let list = client.get("/agents/boss/grants").await.expect(200);
    assert_eq!(list["data"][0]["expiresAt"], json!(end));
}

#[tokio::test]
async fn bad_grants_are_refused_and_leave_nothing() {
    let app = TestApp::new().await;
    let boss = app.agent("boss").await;
    app.agent("worker").await;
    let operator = app.operator();
    let past = execlave_core::time::Timestamp::from_millis(START).to_string();
    for (body, fault) in [
        (json!({ "calleeAgentId": "worker", "allowedActions": [] }), "allowedActions"),
        (json!({ "calleeAgentId": "worker", "allowedActions": ["fly"] }), "allowedActions[0]"),
        (json!({ "calleeAgentId": boss, "allowedActions": ["read"] }), "calleeAgentId"),
        (json!({ "calleeAgentId": "", "allowedActions": ["read"] }), "calleeAgentId"),
        (
            json!({ "calleeAgentId": "worker", "allowedActions": ["read"], "expiresAt": past }),
            "expiresAt",
        ),
    ] {
        let refused = operator.post("/agents/boss/grants", body).await;
        assert_eq!(refused.expect_error(400, "VALIDATION_ERROR").fault(), fault);
    }
    let unknown = json!({ "calleeAgentId": "nobody", "allowedActions": ["read"] });
    operator.post("/agents/boss/grants", unknown).await.expect_error(404, "NOT_FOUND");
    let key = app.agent_key().await;
    let body = json!({ "calleeAgentId": "worker", "allowedActions": ["read"] });
    key.post("/agents/boss/grants", body.clone()).await.expect_error(403, "FORBIDDEN");
    assert_eq!(operator.get("/agents/boss/grants").await.expect(200)["data"], json!([]));
    // Agents of another organisation cannot be called, nor a grant be revoked under another agent's name.
    let stranger = app.other_organisation().await;
    let id = grant(&app, json!({})).await;
    stranger.post("/agents", json!({ "agentId": "boss", "name": "b" })).await.expect(201);
    stranger
        .post(&format!("/agents/boss/grants/{id}/revoke"), json!({}))
        .await
        .expect_error(404, "NOT_FOUND");
    ask(&stranger, &boss, "boss", "read").await.expect_error(403, "NO_GRANT");
    operator
        .post(&format!("/agents/worker/grants/{id}/revoke"), json!({}))
        .await
        .expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn active_agents_are_found_by_what_they_can_do() {
    let app = TestApp::new().await;
    let operator = app.operator();
    for (agent, actions, more) in [
        ("a", json!(["search_web"]), json!({ "capabilities": ["translate", 7] })),
        ("b", json!(["translate"]), json!({})),
        ("paused", json!(["translate"]), json!({})),
    ] {
        let body =
            json!({ "agentId": agent, "name": agent, "allowedActions": actions, "metadata": more });
        operator.post("/agents", body).await.expect(201);
    }
    operator.patch("/agents/paused/pause", json!({})).await.expect(200);
    let client = app.agent_key().await;
    let found = client.get("/agents/discover?capability=translate").await.expect(200);
    let names: Vec<_> =
        found["data"].as_array().expect("a list").iter().map(|one| &one["agentId"]).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(found["data"][0]["capabilities"], json!(["search_web", "translate"]));
    assert_eq!(client.get("/agents/discover").await.expect(200)["meta"]["total"], 2);
    assert_eq!(client.get("/agents/discover?capability=fly").await.expect(200)["data"], json!([]));
    let stranger = app.other_organisation().await;
    assert_eq!(stranger.get("/agents/discover").await.expect(200)["data"], json!([]));
}
