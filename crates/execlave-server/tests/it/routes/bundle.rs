use axum::body::Body;
use axum::http::Method;
use execlave_core::bundle::Bundle;
use execlave_core::request::{Action, AgentProfile, Occasion};
use serde_json::json;

use crate::support::{Answer, Client, TestApp};

async fn fetch(client: &Client, known: Option<&str>) -> Answer {
    let mut request = client.request(Method::GET, "/policies/bundle");
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
