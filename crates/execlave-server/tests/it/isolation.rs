//! Nobody sees or changes another organisation's data: whatever has an id answers 404 to it, whatever lists leaves it out.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Client, TestApp, payment, payment_context};

/// One of everything, owned by the first organisation: the id for each first segment of a path.
pub(crate) async fn belongings(app: &TestApp) -> Vec<(&'static str, String)> {
    let (approval, client) = app.pending_approval().await;
    let agent = app.agent("private").await;
    let policy = app.policy("injection_scan", "block", json!({})).await;
    let asked = client.post("/policies/enforce", payment()).await.expect(202);
    let decision = asked["decisionId"].as_str().expect("an id").to_owned();
    client
        .post("/traces/ingest", json!({ "traces": [{ "traceId": "tr_private" }] }))
        .await
        .expect(202);
    let key = app.operator().get("/api-keys").await.expect(200)["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    app.operator()
        .post(
            "/prices",
            json!({ "model": "mine", "inputUsdPerMillion": 1, "outputUsdPerMillion": 1 }),
        )
        .await
        .expect(200);
    let rule = json!({ "scope": "org", "window": "1d", "capUsd": 1, "action": "warn" });
    let rule = app.operator().post("/cost-budget-rules", rule).await.expect(201);
    let rule = rule["data"]["id"].as_str().expect("an id").to_owned();
    app.policy("pii_access", "warn", json!({ "deniedPiiTypes": ["email"] })).await;
    let leak =
        json!({ "traceId": "tr_leak", "agentId": "private", "output": "to jane@example.com" });
    client.post("/traces/ingest", json!({ "traces": [leak] })).await.expect(202);
    let incidents = app.operator().get("/incidents").await.expect(200);
    let incident = incidents["data"][0]["id"].as_str().expect("an id").to_owned();
    let validator = json!({ "name": "v", "url": "https://validator.example.com/" });
    let validator = app.operator().post("/validators", validator).await.expect(201);
    let validator = validator["data"]["id"].as_str().expect("an id").to_owned();
    let webhook = json!({ "name": "w", "url": "https://hooks.example.com/", "events": ["*"] });
    let webhook = app.operator().post("/webhooks", webhook).await.expect(201);
    let webhook = webhook["data"]["id"].as_str().expect("an id").to_owned();
    app.operator().post("/agents/private/versions", json!({})).await.expect(201);
    let prompt = json!({ "agentId": "private", "promptTemplate": "secret" });
    let prompt = app.operator().post("/prompt-versions", prompt).await.expect(201);
    let prompt = prompt["data"]["id"].as_str().expect("an id").to_owned();
    let person = app.user(app.org().await, execlave_store::users::Role::Viewer, false).await;
    let sessions = app.session(&person).await.get("/sessions").await.expect(200);
    let session = sessions["data"][0]["id"].as_str().expect("an id").to_owned();
    vec![
        ("prompt-versions", prompt),
        ("users", person.id.to_string()),
        ("sessions", session),
        ("webhooks", webhook),
        ("validators", validator),
        ("cost-budget-rules", rule),
        ("incidents", incident),
        ("tool-integrity", agent.clone()),
        ("prices", "mine".to_owned()),
        ("agents", agent),
        ("policies", policy),
        ("approvals", approval),
        ("decisions", decision),
        ("traces", "tr_private".to_owned()),
        ("api-keys", key),
    ]
}

fn id_of<'a>(belongings: &'a [(&str, String)], noun: &str) -> &'a str {
    &belongings.iter().find(|(belonging, _)| *belonging == noun).expect("a belonging").1
}

/// A body that would be accepted from the owner.
pub(crate) fn body(path: &str) -> Value {
    if path.ends_with("/verify") {
        json!({ "actionContext": payment_context() })
    } else if path.ends_with("/resolutions") {
        json!({ "resolvedStatus": "success", "basis": "manual" })
    } else if path.ends_with("/deploy") {
        json!({ "environment": "production" })
    } else if path.ends_with("/drills") {
        json!({ "pauseMs": 1, "resumeMs": 1 })
    } else if path.ends_with("/red-team-score") {
        json!({ "score": 1 })
    } else if path.starts_with("/validators/") && !path.ends_with("/test") {
        json!({ "name": "v", "url": "https://validator.example.com/" })
    } else if path.starts_with("/webhooks") {
        json!({ "name": "w", "url": "https://hooks.example.com/", "events": ["*"] })
    } else if path.starts_with("/cost-budget-rules") {
        json!({ "scope": "org", "window": "1d", "capUsd": 1, "action": "warn" })
    } else if path.starts_with("/tool-integrity") {
        json!({ "descriptors": [{ "server": "s", "tool": "t", "descriptorHash": "0".repeat(64) }], "reason": "manual" })
    } else if path.ends_with("/grants") {
        json!({ "calleeAgentId": "private", "allowedActions": ["read"] })
    } else if path.starts_with("/policies") {
        json!({ "name": "mine", "policyType": "injection_scan", "enforcementMode": "warn", "ruleDefinition": {} })
    } else {
        json!({})
    }
}

async fn call(client: &Client, method: &str, path: &str) -> u16 {
    let method: Method = method.to_uppercase().parse().expect("a method");
    let sent = match method {
        Method::GET | Method::DELETE => String::new(),
        _ => body(path).to_string(),
    };
    client.json(method, path, sent).await.status.as_u16()
}

/// Every path of the description that names one thing, with the ids filled in.
pub(crate) fn named_things(
    document: &Value,
    belongings: &[(&str, String)],
) -> Vec<(String, String)> {
    let mut calls = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let Some(path) = path.strip_prefix("/api/v1").filter(|path| path.contains('{')) else {
            continue;
        };
        let noun = path.split('/').nth(1).expect("a noun");
        let (_, id) = belongings
            .iter()
            .find(|(belonging, _)| *belonging == noun)
            .unwrap_or_else(|| panic!("what is a {noun}?"));
        let filled: Vec<&str> = path
            .split('/')
            .map(|segment| match segment {
                "{version}" | "{other}" => "1",
                segment if segment.starts_with('{') => id,
                segment => segment,
            })
            .collect();
        calls.extend(
            methods
                .as_object()
                .expect("methods")
                .keys()
                .map(|method| (method.clone(), filled.join("/"))),
        );
    }
    calls
}

#[tokio::test]
async fn another_organisations_things_do_not_exist() {
    let app = TestApp::new().await;
    let stranger = app.other_organisation().await;
    let belongings = belongings(&app).await;
    let document = app.anonymous().get_root("/openapi.json").await.expect(200).body;
    let calls = named_things(&document, &belongings);
    assert!(calls.len() >= 20, "{calls:?}");
    for (method, path) in &calls {
        assert_eq!(call(&stranger, method, path).await, 404, "{method} {path}");
    }
    stranger.get("/agents/private").await.expect_error(404, "NOT_FOUND");
    stranger
        .post("/policies/enforce", json!({ "agentId": id_of(&belongings, "agents"), "input": "x" }))
        .await
        .expect_error(404, "NOT_FOUND");
    stranger
        .get(&format!("/decisions?agent={}", id_of(&belongings, "agents")))
        .await
        .expect_error(404, "NOT_FOUND");

    // The same calls reach the owner, so the strangers' 404 means what it says.
    let owner = app.operator();
    for (method, path) in calls.iter().filter(|(method, _)| method == "get") {
        assert_eq!(call(&owner, method, path).await, 200, "{method} {path}");
    }
    assert_eq!(owner.get("/agents/private").await.expect(200)["data"]["status"], "active");
    assert_eq!(
        owner.get(&format!("/approvals/{}", id_of(&belongings, "approvals"))).await.expect(200)["data"]
            ["status"],
        "pending"
    );
}

#[tokio::test]
async fn lists_hold_only_what_is_ones_own() {
    let app = TestApp::new().await;
    let stranger = app.other_organisation().await;
    belongings(&app).await;
    let people = stranger.get("/users").await.expect(200);
    assert_eq!(people["meta"]["total"], 1);
    for list in [
        "agents",
        "policies",
        "approvals",
        "decisions",
        "traces",
        "incidents",
        "cost-budget-rules",
        "validators",
        "webhooks",
        "prompt-versions",
    ] {
        let answer = stranger.get(&format!("/{list}")).await.expect(200);
        assert_eq!(answer["data"], json!([]), "{list}");
    }
    assert_eq!(stranger.get("/api-keys").await.expect(200)["meta"]["total"], 1);
    let usage = stranger.get("/billing/usage").await.expect(200);
    assert_eq!(usage["data"]["usage"]["agents"]["current"], 0);
    assert_eq!(usage["data"]["usage"]["traces"]["current"], 0);
}

#[tokio::test]
async fn the_same_names_in_two_organisations_are_two_things() {
    let app = TestApp::new().await;
    let stranger = app.other_organisation().await;
    let mine = app.agent("bot").await;
    let theirs =
        stranger.post("/agents", json!({ "agentId": "bot", "name": "Bot" })).await.expect(201);
    assert_ne!(theirs["data"]["id"], mine);
    let policy = json!({ "name": "same", "policyType": "injection_scan", "enforcementMode": "block", "ruleDefinition": {} });
    app.operator().post("/policies", policy.clone()).await.expect(201);
    stranger.patch("/agents/bot/pause", json!({})).await.expect(200);
    let ask = json!({ "agentId": "bot", "input": "hello" });
    app.operator().post("/policies/enforce", ask.clone()).await.expect(200);
    stranger.post("/policies/enforce", ask).await.expect(403);
    stranger.post("/policies", policy).await.expect(201);

    let attack = json!({ "agentId": mine, "input": "x" });
    stranger.post("/policies/enforce", attack).await.expect_error(404, "NOT_FOUND");
    let prerequisite = app.policy("cost_limit", "warn", json!({ "maxCostPerExecution": 1 })).await;
    let body = json!({ "name": "chained", "policyType": "injection_scan", "enforcementMode": "warn", "ruleDefinition": {}, "prerequisites": [prerequisite] });
    stranger.post("/policies", body).await.expect_error(400, "VALIDATION_ERROR");
}
