use axum::body::Body;
use axum::http::Method;
use execlave_core::bundle::Bundle;
use execlave_core::request::{Action, AgentProfile, Occasion};
use serde_json::{Value, json};

use crate::support::{Answer, Client, TestApp};

async fn fetch(client: &Client, known: Option<&str>) -> Answer {
    ask(client, "", known).await
}

async fn ask(client: &Client, query: &str, known: Option<&str>) -> Answer {
    let mut request = client.request(Method::GET, &format!("/policies/bundle{query}"));
    if let Some(tag) = known {
        request = request.header("if-none-match", tag);
    }
    client.send(request.body(Body::empty()).expect("a request")).await
}

fn bundle(answer: &Answer) -> Bundle {
    serde_json::from_value(answer["data"].clone()).expect("a bundle")
}

#[tokio::test]
async fn a_bundle_is_signed_tagged_and_changes_with_the_policies() {
    let app = TestApp::new().await;
    let client = app.agent_key().await;
    let empty = fetch(&client, None).await.expect(200);
    assert_eq!((bundle(&empty).epoch, bundle(&empty).policies.len()), (0, 0));
    let policy = app.policy("pii_access", "block", json!({})).await;
    let first = fetch(&client, empty.header("etag")).await.expect(200);
    assert_eq!(bundle(&first).policies[0].policy_id.to_string(), policy);
    assert_eq!(bundle(&first).epoch, 1);
    assert!(bundle(&first).verify(&app.state.signer.verifying_key()));
    let tag = first.header("etag").expect("a tag").to_owned();
    let same = fetch(&client, Some(&format!("\"other\", {tag}"))).await.expect(304);
    assert_eq!((same.text.as_str(), same.header("etag")), ("", Some(tag.as_str())));

    app.operator()
        .patch(&format!("/policies/{policy}"), json!({ "isActive": false }))
        .await
        .expect(200);
    let second = fetch(&client, Some(&tag)).await.expect(200);
    assert_eq!((bundle(&second).epoch, bundle(&second).policies.len()), (2, 0));
    let stranger = app.other_organisation().await;
    assert_eq!(bundle(&fetch(&stranger, Some(&tag)).await.expect(200)).epoch, 0);
    app.anonymous().get("/policies/bundle").await.expect_error(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_bundle_is_issued_anew_before_the_old_one_ends() {
    let app = TestApp::new().await;
    let client = app.agent_key().await;
    let first = fetch(&client, None).await.expect(200);
    let tag = first.header("etag").expect("a tag").to_owned();
    app.clock.advance_millis(31 * 60_000);
    assert!(app.clock.now() < bundle(&first).expires_at);
    let second = fetch(&client, Some(&tag)).await.expect(200);
    assert!(bundle(&second).expires_at > bundle(&first).expires_at);
    assert_eq!(bundle(&second).digest(), bundle(&first).digest());
}

#[tokio::test]
async fn a_decision_from_the_bundle_is_the_servers_and_names_the_same_set() {
    let app = TestApp::new().await;
    let id = app.agent("bot").await;
    app.policy("pii_access", "block", json!({ "deniedPiiTypes": ["email"] })).await;
    app.policy("access_control", "require_approval", json!({ "deniedTools": ["rm"] })).await;
    let client = app.agent_key().await;
    let opened = bundle(&fetch(&client, None).await.expect(200))
        .open(&app.state.signer.verifying_key(), app.clock.now())
        .expect("good");
    let agent: AgentProfile = serde_json::from_value(json!({
        "id": id, "externalId": "bot", "name": "bot", "environment": "production", "status": "active",
    }))
    .expect("an agent");
    for action in [
        json!({ "input": "hello" }),
        json!({ "input": "to jane@example.com", "tools": ["rm"] }),
        json!({ "input": "clean up", "tools": ["rm", "ls"] }),
    ] {
        let known: Action = serde_json::from_value(action.clone()).expect("an action");
        let occasion = Occasion::before(opened.organization_id, &agent, &known, app.clock.now());
        let evaluation = opened.evaluate(&occasion);
        assert!(evaluation.undecided().is_empty());
        let mut asked = action;
        asked["agentId"] = json!("bot");
        let answer = client.post("/policies/enforce", asked).await;
        let violations = answer.body.get("violations").cloned().unwrap_or(json!([]));
        assert_eq!(violations.to_string(), json!(evaluation.decision.violations).to_string());
        let path = format!("/decisions/{}", answer["decisionId"].as_str().expect("an id"));
        let record = app.operator().get(&path).await.expect(200);
        assert_eq!(record["data"]["bundleVersion"], opened.digest);
    }
}

#[tokio::test]
async fn every_change_of_an_agent_is_another_bundle_for_that_agent_alone() {
    let app = TestApp::new().await;
    let (bot, other) = (app.agent("bot").await, app.agent("other").await);
    let (client, operator) = (app.agent_key().await, app.operator());
    let tag = async |agent: &str| {
        let answer = ask(&client, &format!("?agents={agent}"), None).await.expect(200);
        let held = bundle(&answer).agents;
        assert_eq!(held[0].profile.id.to_string(), agent);
        (answer.header("etag").expect("a tag").to_owned(), held[0].clone())
    };
    let (mut before, untouched) = (tag(&bot).await, tag(&other).await);
    let path = |rest: &str| format!("/agents/{bot}{rest}");
    let descriptors = json!([{ "server": "s", "tool": "t", "descriptorHash": "a".repeat(64) }]);
    let changes: [(&str, String, Value); 6] = [
        ("PATCH", path("/pause"), json!({ "reason": "drill" })),
        ("PATCH", path("/resume"), json!({})),
        ("PATCH", path(""), json!({ "tags": ["vip"] })),
        ("PATCH", path(""), json!({ "allowedActions": ["search"] })),
        ("PATCH", path(""), json!({ "autonomyLevel": "observe" })),
        (
            "POST",
            format!("/tool-integrity/agents/{bot}/baseline"),
            json!({ "descriptors": descriptors, "reason": "manual" }),
        ),
    ];
    for (method, path, body) in changes {
        let answer = match method {
            "POST" => operator.post(&path, body).await,
            _ => operator.patch(&path, body).await,
        };
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
        let after = tag(&bot).await;
        assert_ne!((&after.0, &after.1), (&before.0, &before.1), "{path}");
        before = after;
    }
    assert_eq!((before.1.epoch, before.1.profile.tool_baseline.len()), (3, 1));
    assert_eq!(tag(&other).await, untouched);
}

#[tokio::test]
async fn a_bundle_holds_known_agents_of_the_organisation_and_says_who_has_a_budget() {
    let app = TestApp::new().await;
    let (bot, other) = (app.agent("bot").await, app.agent("other").await);
    let (client, stranger) = (app.agent_key().await, app.other_organisation().await);
    let nobody = "01930000-0000-7000-8000-000000000001";
    let budgets = async |client: &Client| {
        let answer =
            ask(client, &format!("?agents={other},{bot},{nobody}"), None).await.expect(200);
        let agents = bundle(&answer).agents;
        agents
            .iter()
            .map(|agent| (agent.profile.id.to_string(), agent.has_budget))
            .collect::<Vec<_>>()
    };
    let both = |of_bot, of_other| -> Vec<(String, bool)> {
        vec![(bot.clone(), of_bot), (other.clone(), of_other)]
    };
    assert_eq!(budgets(&client).await, both(false, false));
    assert_eq!(budgets(&stranger).await, vec![]);
    let rule = json!({
        "name": "bot's", "scope": "agent", "scopeId": "bot", "window": "1d", "capUsd": 1, "action": "block",
    });
    app.operator().post("/cost-budget-rules", rule.clone()).await.expect(201);
    assert_eq!(budgets(&client).await, both(true, false));
    let mut of_users = rule;
    (of_users["name"], of_users["scope"]) = (json!("users'"), json!("user"));
    of_users.as_object_mut().expect("a table").remove("scopeId");
    app.operator().post("/cost-budget-rules", of_users).await.expect(201);
    assert_eq!(budgets(&client).await, both(true, true));
    for bad in ["?agents=bot", "?agent=x", "?wait=soon"] {
        ask(&client, bad, None).await.expect_error(400, "VALIDATION_ERROR");
    }
    let many: Vec<String> = (0..201).map(|n| format!("01930000-0000-7000-8000-{n:012}")).collect();
    let many = ask(&client, &format!("?agents={}", many.join(",")), None).await;
    assert_eq!(many.expect_error(400, "VALIDATION_ERROR").fault(), "agents");
}

#[tokio::test]
async fn whether_inputs_are_kept_is_in_the_bundle() {
    let app = TestApp::new().await;
    let client = app.agent_key().await;
    assert!(!bundle(&fetch(&client, None).await.expect(200)).keep_input);
    let body = json!({ "keepInput": true });
    app.operator().patch("/organization/settings", body).await.expect(200);
    assert!(bundle(&fetch(&client, None).await.expect(200)).keep_input);
}

#[tokio::test]
async fn a_waiting_client_gets_the_next_bundle_as_soon_as_there_is_one() {
    let app = TestApp::new().await;
    let bot = app.agent("bot").await;
    let (client, operator) = (app.agent_key().await, app.operator());
    let query = format!("?agents={bot}");
    let first = ask(&client, &query, None).await.expect(200);
    let tag = first.header("etag").expect("a tag").to_owned();
    ask(&client, &format!("{query}&wait=0"), Some(&tag)).await.expect(304);
    let path = format!("/agents/{bot}/pause");
    let long = format!("{query}&wait=60");
    let waiting = ask(&client, &long, Some(&tag));
    let (answer, paused) = tokio::join!(waiting, operator.patch(&path, json!({})));
    paused.expect(200);
    let agent = &bundle(&answer.expect(200)).agents[0];
    assert_eq!(agent.profile.status.as_str(), "paused");
}
