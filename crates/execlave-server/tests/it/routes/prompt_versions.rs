use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, TestApp};

async fn make(client: &Client, agent: &str, prompt: &str) -> String {
    let body = json!({ "agentId": agent, "promptTemplate": prompt });
    id(&client.post("/prompt-versions", body).await.expect(201))
}

fn id(answer: &Answer) -> String {
    answer["data"]["id"].as_str().expect("an id").to_owned()
}

async fn deploy(client: &Client, id: &str, environment: &str, approval: bool) -> Answer {
    let body = json!({ "environment": environment, "requireApproval": approval });
    client.post(&format!("/prompt-versions/{id}/deploy"), body).await
}

async fn post(client: &Client, id: &str, verb: &str, body: Value) -> Answer {
    client.post(&format!("/prompt-versions/{id}/{verb}"), body).await
}

/// Status, whether it runs, and how it stands in each environment.
async fn standing(client: &Client, id: &str) -> (Value, Value, Vec<String>) {
    let found = client.get(&format!("/prompt-versions/{id}")).await.expect(200);
    let data = &found["data"];
    assert_eq!(data["isDeployed"], data["isActive"]);
    let places = data["deployments"].as_array().expect("a list").iter();
    let places = places.map(|one| {
        let text = |field: &str| one[field].as_str().expect("text").to_owned();
        format!("{} {}", text("environment"), text("status"))
    });
    (data["approvalStatus"].clone(), data["isDeployed"].clone(), places.collect())
}

async fn numbers(client: &Client, query: &str) -> Vec<i64> {
    let list = client.get(&format!("/prompt-versions?{query}")).await.expect(200);
    let list = list["data"].as_array().expect("a list").clone();
    list.iter().filter_map(|one| one["versionNumber"].as_i64()).collect()
}

#[tokio::test]
async fn a_version_keeps_what_it_was_made_of() {
    let app = TestApp::new().await;
    let agent = app.agent("bot").await;
    let client = app.agent_key().await;
    let body = json!({
        "agentId": agent, "promptTemplate": "Answer {question}", "systemMessage": "You are terse.", "modelName": "gpt-4o",
        "temperature": 0.7, "maxTokens": 512, "otherParams": { "top_p": 1 }, "changeSummary": "minor", "versionTag": "v1",
    });
    let made = client.post("/prompt-versions", body).await.expect(201);
    let data = &made["data"];
    assert_eq!((&data["agentId"], &data["versionNumber"]), (&json!(agent), &json!(1)));
    assert_eq!(data["promptContent"], "Answer {question}");
    assert_eq!(
        (&data["systemPrompt"], &data["modelName"]),
        (&json!("You are terse."), &json!("gpt-4o"))
    );
    let parameters = json!({ "temperature": 0.7, "maxTokens": 512, "top_p": 1 });
    assert_eq!(data["modelParameters"], parameters);
    assert_eq!((&data["versionTag"], &data["changeSummary"]), (&json!("v1"), &json!("minor")));
    assert_eq!((&data["approvalStatus"], &data["isDeployed"]), (&json!("pending"), &json!(false)));
    let found = client.get(&format!("/prompt-versions/{}", id(&made))).await.expect(200);
    assert_eq!(&found["data"], data);
    // The other published client sends what it does not know as `null`.
    let nulls = json!({
        "agentId": "bot", "promptTemplate": "x", "systemMessage": null, "modelName": null, "temperature": null, "maxTokens": null,
        "changeSummary": null, "versionTag": null, "notes": null,
    });
    let second = client.post("/prompt-versions", nulls).await.expect(201);
    assert_eq!(
        (&second["data"]["versionNumber"], &second["data"]["modelParameters"]),
        (&json!(2), &json!({}))
    );
    let body =
        json!({ "environment": "production", "requireApproval": null, "deploymentNotes": null });
    post(&client, &id(&second), "deploy", body).await.expect(200);
}

#[tokio::test]
async fn one_version_runs_in_an_environment() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    app.agent("other").await;
    let client = app.agent_key().await;
    let (first, second) = (make(&client, "bot", "1").await, make(&client, "bot", "2").await);
    let foreign = make(&client, "other", "1").await;
    deploy(&client, &foreign, "production", false).await.expect(200);
    deploy(&client, &first, "production", false).await.expect(200);
    deploy(&client, &first, "staging", false).await.expect(200);
    let after = deploy(&client, &second, "production", false).await.expect(200);
    assert_eq!(after["data"]["deployedAt"], after["data"]["deployments"][0]["deployedAt"]);
    let places = vec!["production replaced".to_owned(), "staging deployed".to_owned()];
    assert_eq!(standing(&client, &first).await, (json!("deployed"), json!(true), places));
    assert_eq!(standing(&client, &foreign).await.0, "deployed");
    assert_eq!(numbers(&client, "agentId=bot&deployed=true").await, [2, 1]);
    assert_eq!(numbers(&client, "agentId=bot&deployed=true&environment=production").await, [2]);
    assert_eq!(numbers(&client, "agentId=bot&environment=staging").await, [1]);
    assert_eq!(numbers(&client, "agentId=bot&deployed=false").await, [0_i64; 0]);
    assert_eq!(numbers(&client, "agentId=bot&limit=1").await, [2]);
    assert_eq!(numbers(&client, "deployed=true").await.len(), 3);
    // Saying it again is no second deployment.
    let log = app.operator().get("/audit").await.expect(200).text;
    deploy(&client, &second, "production", false).await.expect(200);
    assert_eq!(app.operator().get("/audit").await.expect(200).text, log);
    assert_eq!(log.matches("prompt_version.deployed").count(), 4, "{log}");
}

#[tokio::test]
async fn what_needs_a_yes_waits_for_somebody_else() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let asks = app.key(json!(["sdk", "approvals:decide"])).await;
    let decides = app.key(json!(["approvals:decide"])).await;
    let (before, id) = (make(&asks, "bot", "1").await, make(&asks, "bot", "2").await);
    deploy(&asks, &before, "production", false).await.expect(200);
    let waits = deploy(&asks, &id, "production", true).await.expect(200);
    assert_eq!(
        (&waits["data"]["approvalStatus"], &waits["data"]["isActive"]),
        (&json!("pending"), &json!(false))
    );
    assert_eq!(numbers(&asks, "agentId=bot&deployed=true").await, [1]);
    // No way round: not without a yes, not by going back, not by one's own.
    deploy(&asks, &id, "production", false).await.expect_error(409, "CONFLICT");
    post(&asks, &id, "rollback", json!({})).await.expect_error(409, "CONFLICT");
    for verb in ["approve", "reject"] {
        post(&asks, &id, verb, json!({})).await.expect_error(403, "SELF_APPROVAL");
        let sdk = app.agent_key().await;
        post(&sdk, &id, verb, json!({})).await.expect_error(403, "FORBIDDEN");
    }
    let elsewhere = json!({ "environment": "staging" });
    post(&decides, &id, "approve", elsewhere).await.expect_error(409, "CONFLICT");
    let said = json!({ "reason": " looks right " });
    let done = post(&decides, &id, "approve", said).await.expect(200);
    assert_eq!(done["data"]["deployments"][0]["reason"], "looks right");
    assert_eq!(standing(&decides, &id).await.2, ["production deployed"]);
    assert_eq!(
        standing(&decides, &before).await,
        (json!("approved"), json!(false), vec!["production replaced".to_owned()])
    );
    post(&decides, &id, "approve", json!({})).await.expect_error(409, "CONFLICT");
}

#[tokio::test]
async fn a_no_holds_until_it_is_asked_for_again() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let client = app.agent_key().await;
    let id = make(&client, "bot", "1").await;
    deploy(&client, &id, "production", true).await.expect(200);
    deploy(&client, &id, "staging", true).await.expect(200);
    let operator = app.operator();
    let both = post(&operator, &id, "reject", json!({})).await;
    assert_eq!(both.expect_error(400, "VALIDATION_ERROR").fault(), "environment");
    let body = json!({ "environment": "production", "reason": "rude" });
    post(&operator, &id, "reject", body).await.expect(200);
    assert_eq!(standing(&client, &id).await.2, ["production rejected", "staging pending"]);
    deploy(&client, &id, "production", false).await.expect_error(409, "CONFLICT");
    post(&client, &id, "rollback", json!({})).await.expect_error(409, "CONFLICT");
    post(&operator, &id, "reject", json!({})).await.expect(200);
    assert_eq!(standing(&client, &id).await.0, "rejected");
    deploy(&client, &id, "production", true).await.expect(200);
    post(&operator, &id, "approve", json!({ "environment": "production" })).await.expect(200);
    assert_eq!(standing(&client, &id).await.2, ["production deployed", "staging rejected"]);
    let log = operator.get("/audit").await.expect(200).text;
    assert!(log.contains("prompt_version.deployment_rejected") && log.contains("rude"), "{log}");
}

#[tokio::test]
async fn a_rollback_runs_what_ran_before() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let client = app.agent_key().await;
    let mut made = Vec::new();
    for number in ["1", "2", "3"] {
        made.push(make(&client, "bot", number).await);
    }
    for environment in ["production", "staging"] {
        for id in &made[..2] {
            deploy(&client, id, environment, false).await.expect(200);
        }
    }
    let body = json!({ "reason": "worse answers", "environment": "staging" });
    post(&client, &made[0], "rollback", body).await.expect(200);
    assert_eq!(standing(&client, &made[0]).await.2, ["production replaced", "staging deployed"]);
    assert_eq!(standing(&client, &made[1]).await.2, ["production deployed", "staging rolled_back"]);
    let back =
        post(&client, &made[0], "rollback", json!({ "reason": "everywhere" })).await.expect(200);
    assert_eq!(back["data"]["deployments"][0]["reason"], "everywhere");
    assert_eq!(standing(&client, &made[0]).await.2, ["production deployed", "staging deployed"]);
    let log = app.operator().get("/audit").await.expect(200).text;
    assert_eq!(log.matches("prompt_version.rolled_back").count(), 2, "{log}");
    // What runs already stays; what never ran is deployed, not rolled back to.
    post(&client, &made[0], "rollback", json!({})).await.expect(200);
    assert_eq!(app.operator().get("/audit").await.expect(200).text, log);
    post(&client, &made[2], "rollback", json!({})).await.expect_error(409, "CONFLICT");
}

#[tokio::test]
async fn a_key_of_an_environment_deploys_there_and_nowhere_else() {
    let app = TestApp::new().await;
    let agent = json!({ "agentId": "bot", "name": "b", "environment": "staging" });
    app.operator().post("/agents", agent).await.expect(201);
    let scopes = json!(["sdk", "approvals:decide"]);
    let body = json!({ "name": "narrow", "scopes": scopes, "environments": ["staging"] });
    let key = app.operator().post("/api-keys", body).await.expect(201);
    let narrow = app.client(key["data"]["key"].as_str().expect("a key"));
    let id = make(&narrow, "bot", "1").await;
    deploy(&narrow, &id, "staging", false).await.expect(200);
    deploy(&narrow, &id, "production", false).await.expect_error(403, "FORBIDDEN");
    let operator = app.operator();
    deploy(&operator, &id, "production", true).await.expect(200);
    post(&narrow, &id, "approve", json!({})).await.expect_error(403, "FORBIDDEN");
    let next = make(&operator, "bot", "2").await;
    post(&app.key(json!(["approvals:decide"])).await, &id, "approve", json!({})).await.expect(200);
    for environment in ["staging", "production"] {
        deploy(&operator, &next, environment, false).await.expect(200);
    }
    let there = json!({ "environment": "production" });
    post(&narrow, &id, "rollback", there).await.expect_error(403, "FORBIDDEN");
    post(&narrow, &id, "rollback", json!({})).await.expect(200);
    assert_eq!(standing(&operator, &id).await.2, ["production replaced", "staging deployed"]);
    app.agent("elsewhere").await;
    let body = json!({ "agentId": "elsewhere", "promptTemplate": "x" });
    narrow.post("/prompt-versions", body).await.expect_error(403, "FORBIDDEN");
}

#[tokio::test]
async fn keys_reach_as_far_as_their_scopes() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let id = make(&app.key(json!(["agents:write"])).await, "bot", "1").await;
    let body = json!({ "agentId": "bot", "promptTemplate": "x" });
    let reads = app.key(json!(["read"])).await;
    reads.get(&format!("/prompt-versions/{id}")).await.expect(200);
    reads.post("/prompt-versions", body.clone()).await.expect_error(403, "FORBIDDEN");
    deploy(&reads, &id, "production", false).await.expect_error(403, "FORBIDDEN");
    post(&reads, &id, "rollback", json!({})).await.expect_error(403, "FORBIDDEN");
    let other = app.key(json!(["settings:write"])).await;
    other.get("/prompt-versions").await.expect_error(403, "FORBIDDEN");
    app.anonymous().post("/prompt-versions", body).await.expect_error(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn bad_input_is_refused_with_its_path_and_leaves_nothing() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let client = app.agent_key().await;
    let long = "x".repeat(64 * 1024 + 1);
    for (more, fault) in [
        (json!({ "promptTemplate": " " }), "promptTemplate"),
        (json!({ "promptTemplate": long }), "promptTemplate"),
        (json!({ "promptTemplate": "ü".repeat(40_000) }), "promptTemplate"),
        (json!({ "systemMessage": long }), "systemMessage"),
        (json!({ "modelName": "m".repeat(257) }), "modelName"),
        (json!({ "versionTag": "t".repeat(257) }), "versionTag"),
        (json!({ "changeSummary": "c".repeat(4_001) }), "changeSummary"),
        (json!({ "notes": "n".repeat(4_001) }), "notes"),
        (json!({ "temperature": -1 }), "temperature"),
        (json!({ "temperature": "hot" }), "temperature"),
        (json!({ "maxTokens": -1 }), "maxTokens"),
        (json!({ "otherParams": [] }), "otherParams"),
        (json!({ "otherParams": { "a": "x".repeat(16 * 1024) } }), "otherParams"),
        (
            json!({ "temperature": 1, "otherParams": { "temperature": 2 } }),
            "otherParams.temperature",
        ),
        (json!({ "notes": "a\u{0}b" }), "notes"),
        (json!({ "colour": 1 }), "colour"),
        (json!({ "agentId": "" }), "agentId"),
    ] {
        let mut body = json!({ "agentId": "bot", "promptTemplate": "x" });
        for (key, value) in more.as_object().expect("an object") {
            body[key] = value.clone();
        }
        let refused = client.post("/prompt-versions", body).await;
        assert_eq!(refused.expect_error(400, "VALIDATION_ERROR").fault(), fault);
    }
    let body = json!({ "agentId": "nobody", "promptTemplate": "x" });
    client.post("/prompt-versions", body).await.expect_error(404, "NOT_FOUND");
    assert_eq!(numbers(&client, "").await, [0_i64; 0]);
    let id = make(&client, "bot", "1").await;
    for (body, fault) in [
        (json!({}), "environment"),
        (json!({ "environment": "a b" }), "environment"),
        (json!({ "environment": "x", "requireApproval": "no" }), "requireApproval"),
        (json!({ "environment": "x", "deploymentNotes": "n".repeat(4_001) }), "deploymentNotes"),
        (json!({ "environment": "x", "force": true }), "force"),
    ] {
        let refused = post(&client, &id, "deploy", body).await;
        let refused = refused.expect_error(400, "VALIDATION_ERROR");
        assert!([fault, ""].contains(&refused.fault()), "{}", refused.text);
        assert!(refused.text.contains(fault), "{}", refused.text);
    }
    for query in ["deployed=yes", "agent=bot", "limit=0", "limit=201"] {
        client
            .get(&format!("/prompt-versions?{query}"))
            .await
            .expect_error(400, "VALIDATION_ERROR");
    }
    client.get("/prompt-versions?cursor=x").await.expect_error(400, "INVALID_CURSOR");
    client.get("/prompt-versions?agentId=nobody").await.expect_error(404, "NOT_FOUND");
    client.json(Method::PUT, &format!("/prompt-versions/{id}"), "{}").await.expect(405);
    assert_eq!(standing(&client, &id).await, (json!("pending"), json!(false), vec![]));
    for number in 0..20 {
        deploy(&client, &id, &format!("e{number}"), true).await.expect(200);
    }
    deploy(&client, &id, "one-more", true).await.expect_error(409, "CONFLICT");
}

#[tokio::test]
async fn another_organisations_agent_gets_no_prompt() {
    let app = TestApp::new().await;
    let agent = app.agent("bot").await;
    let stranger = app.other_organisation().await;
    let body = json!({ "agentId": agent, "promptTemplate": "mine" });
    stranger.post("/prompt-versions", body).await.expect_error(404, "NOT_FOUND");
    stranger.get(&format!("/prompt-versions?agentId={agent}")).await.expect_error(404, "NOT_FOUND");
    make(&app.operator(), "bot", "1").await;
    assert_eq!(numbers(&stranger, "").await, [0_i64; 0]);
}
