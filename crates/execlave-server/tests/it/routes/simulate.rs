use serde_json::{Value, json};

use crate::support::{Client, TestApp};

async fn simulate(client: &Client, action: Value, policies: Option<Value>) -> Value {
    let mut body = json!({ "action": action });
    if let Some(policies) = policies {
        body["policies"] = policies;
    }
    client.post("/policies/simulate", body).await.expect(200)["data"].clone()
}

#[tokio::test]
async fn a_simulation_says_what_enforce_would_and_leaves_no_trace() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    app.policy("pii_access", "require_approval", json!({ "deniedPiiTypes": ["email"] })).await;
    app.policy("cost_limit", "block", json!({ "dailyBudget": 1 })).await;
    let rule = json!({ "scope": "org", "window": "1d", "capUsd": 2, "action": "pause_agent" });
    app.operator().post("/cost-budget-rules", rule).await.expect(201);
    let owner = app.operator();
    let held = json!({ "agentId": "bot", "input": "to jane@example.com", "estimatedCost": 0.9 });
    let fine = json!({ "agentId": "bot", "input": "hello", "estimatedCost": 0.9 });
    let dear = json!({ "agentId": "bot", "input": "hello", "estimatedCost": 5 });
    for _ in 0..3 {
        assert_eq!(simulate(&owner, held.clone(), None).await["outcome"], "require_approval");
        assert_eq!(simulate(&owner, fine.clone(), None).await["outcome"], "allow");
        let blocked = simulate(&owner, dear.clone(), None).await;
        assert_eq!(blocked["violations"].as_array().map(Vec::len), Some(2), "{blocked}");
    }
    assert_eq!(owner.get("/agents/bot").await.expect(200)["data"]["status"], "active");
    for list in ["decisions", "approvals"] {
        assert_eq!(owner.get(&format!("/{list}")).await.expect(200)["data"], json!([]), "{list}");
    }
    // The whole budget is still there for a real action.
    let client = app.agent_key().await;
    let real = client.post("/policies/enforce", fine.clone()).await.expect(200);
    assert_eq!(
        simulate(&owner, fine, None).await["outcome"],
        "block",
        "and is seen once it is used"
    );
    let record = owner
        .get(&format!("/decisions/{}", real["decisionId"].as_str().expect("an id")))
        .await
        .expect(200);
    let again = simulate(
        &owner,
        json!({ "agentId": "bot", "input": "hello", "estimatedCost": 0.90 }),
        Some(json!([])),
    )
    .await;
    assert_eq!(again["actionDigest"], record["data"]["actionDigest"]);
}

#[tokio::test]
async fn drafts_take_the_place_of_the_active_policies() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    app.policy("pii_access", "block", json!({})).await;
    let action = json!({ "agentId": "bot", "input": "to jane@example.com" });
    let draft = json!([{ "name": "d", "policyType": "pii_access", "enforcementMode": "warn", "ruleDefinition": {} }]);
    let simulated = simulate(&app.operator(), action.clone(), Some(draft)).await;
    assert_eq!(
        (&simulated["outcome"], simulated["warnings"].as_array().map(Vec::len)),
        (&json!("allow"), Some(1))
    );
    assert_eq!(
        simulate(&app.operator(), action.clone(), Some(json!([]))).await["outcome"],
        "allow"
    );
    assert_eq!(
        app.operator().get("/policies").await.expect(200)["data"].as_array().map(Vec::len),
        Some(1)
    );

    let post = async |body: Value| app.operator().post("/policies/simulate", body).await;
    let bad = json!([{ "name": "d", "policyType": "pii_access", "enforcementMode": "warn", "ruleDefinition": { "minCount": 0 } }]);
    let answer = post(json!({ "action": action, "policies": bad }))
        .await
        .expect_error(400, "VALIDATION_ERROR");
    assert_eq!(answer.fault(), "policies[0].ruleDefinition.minCount");
    let answer = post(json!({ "action": { "agentId": "bot", "input": "" } })).await;
    assert_eq!(answer.expect_error(400, "VALIDATION_ERROR").fault(), "action.input");
    let answer = post(json!({ "action": { "agentId": "bot", "input": "x", "inptu": 1 } })).await;
    assert_eq!(answer.expect_error(400, "VALIDATION_ERROR").fault(), "action.inptu");
    post(json!({ "action": { "agentId": "nobody", "input": "x" } }))
        .await
        .expect_error(404, "NOT_FOUND");
    let stranger = app.other_organisation().await;
    let theirs = json!({ "action": { "agentId": "bot", "input": "x" } });
    stranger.post("/policies/simulate", theirs).await.expect_error(404, "NOT_FOUND");
}
