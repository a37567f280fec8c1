use serde_json::{Value, json};

use crate::support::{Answer, Client, TestApp};

async fn rule(app: &TestApp, body: Value) -> String {
    let answer = app.operator().post("/cost-budget-rules", body).await.expect(201);
    answer["data"]["id"].as_str().expect("an id").to_owned()
}

async fn spend(client: &Client, agent: &str, cost: f64, metadata: Value) -> Answer {
    let body =
        json!({ "agentId": agent, "input": "x", "estimatedCost": cost, "metadata": metadata });
    client.post("/policies/enforce", body).await
}

#[tokio::test]
async fn a_spent_budget_blocks_until_the_next_window() {
    let app = TestApp::new().await;
    app.agent("a").await;
    app.agent("b").await;
    let id = rule(&app, json!({ "name": "Agents", "scope": "agent", "scopeId": null, "window": "1h", "capUsd": 1, "action": "block" })).await;
    let client = app.agent_key().await;
    spend(&client, "a", 0.6, json!({})).await.expect(200);
    let refused = spend(&client, "a", 0.5, json!({})).await.expect(403);
    assert_eq!(refused["violations"][0]["policyId"], id);
    assert_eq!(refused["violations"][0]["policyType"], "cost_budget_rule");
    assert_eq!(refused["violations"][0]["ruleId"], "cost_budget_rule.exceeded");
    spend(&client, "a", 0.4, json!({})).await.expect(200);
    spend(&client, "b", 1.0, json!({})).await.expect(200);
    app.clock.advance_millis(3_600_000);
    spend(&client, "a", 0.9, json!({})).await.expect(200);
    let decision = app.operator().get("/decisions?outcome=block").await.expect(200);
    assert_eq!(decision["data"][0]["violations"][0]["policyName"], "Agents");
}

#[tokio::test]
async fn scopes_count_apart_and_an_unnamed_entity_does_not_count() {
    let app = TestApp::new().await;
    let a = app.agent("a").await;
    app.agent("b").await;
    let client = app.agent_key().await;
    rule(&app, json!({ "scope": "user", "window": "1d", "capUsd": 1, "action": "block" })).await;
    rule(&app, json!({ "scope": "workspace", "scopeId": "w1", "window": "1mo", "capUsd": 1, "action": "block" })).await;
    spend(&client, "a", 1.0, json!({ "userId": "u1" })).await.expect(200);
    spend(&client, "b", 0.1, json!({ "userId": "u1" })).await.expect(403);
    spend(&client, "b", 1.0, json!({ "userId": "u2" })).await.expect(200);
    spend(&client, "b", 9.0, json!({})).await.expect(200);
    spend(&client, "a", 1.0, json!({ "workspaceId": "w1" })).await.expect(200);
    spend(&client, "a", 0.1, json!({ "workspaceId": "w1" })).await.expect(403);
    spend(&client, "a", 5.0, json!({ "workspaceId": "w2" })).await.expect(200);
    let named = rule(
        &app,
        json!({ "scope": "agent", "scopeId": "a", "window": "1m", "capUsd": 0, "action": "block" }),
    )
    .await;
    spend(&client, "a", 0.1, json!({})).await.expect(403);
    spend(&client, "b", 0.1, json!({})).await.expect(200);
    let by_uuid =
        json!({ "scope": "agent", "scopeId": a, "window": "1m", "capUsd": 50, "action": "block" });
    app.operator().put(&format!("/cost-budget-rules/{named}"), by_uuid).await.expect(200);
    spend(&client, "a", 0.1, json!({})).await.expect(200);
}

#[tokio::test]
async fn an_agent_is_paused_with_the_rule_as_the_reason() {
    let app = TestApp::new().await;
    app.agent("a").await;
    let client = app.agent_key().await;
    let id = rule(&app, json!({ "name": "Stop", "scope": "org", "window": "1d", "capUsd": 1, "action": "pause_agent" })).await;
    spend(&client, "a", 0.9, json!({})).await.expect(200);
    spend(&client, "a", 0.2, json!({})).await.expect(403);
    let agent = app.operator().get("/agents/a").await.expect(200);
    assert_eq!(agent["data"]["status"], "paused");
    assert!(agent["data"]["statusReason"].as_str().is_some_and(|reason| reason.contains("`Stop`")));
    let refused = spend(&client, "a", 0.0, json!({})).await.expect(403);
    assert_eq!(refused["violations"][0]["policyType"], "system");
    app.operator().delete(&format!("/cost-budget-rules/{id}")).await.expect(204);
    app.operator().patch("/agents/a/resume", json!({})).await.expect(200);
    spend(&client, "a", 5.0, json!({})).await.expect(200);
    app.operator().get(&format!("/cost-budget-rules/{id}")).await.expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn warnings_come_with_allowed_answers() {
    let app = TestApp::new().await;
    app.agent("a").await;
    let client = app.agent_key().await;
    let id = rule(&app, json!({
        "scope": "org", "window": "1h", "capUsd": 10, "action": "warn", "warningThresholdPct": 50, "burnRateAlertEnabled": true,
    })).await;
    let rules = |answer: &Answer| -> Vec<String> {
        let warnings = answer["warnings"].as_array().cloned().unwrap_or_default();
        warnings
            .iter()
            .map(|warning| warning["ruleId"].as_str().expect("text")[17..].to_owned())
            .collect()
    };
    // The hour began 13 minutes and 20 seconds ago.
    assert_eq!(rules(&spend(&client, "a", 2.0, json!({})).await.expect(200)), [""; 0]);
    assert_eq!(rules(&spend(&client, "a", 1.0, json!({})).await.expect(200)), ["burn_rate"]);
    assert_eq!(
        rules(&spend(&client, "a", 2.0, json!({})).await.expect(200)),
        ["threshold", "burn_rate"]
    );
    assert_eq!(rules(&spend(&client, "a", 6.0, json!({})).await.expect(200)), ["exceeded"]);
    let shown = app.operator().get(&format!("/cost-budget-rules/{id}")).await.expect(200);
    let current = &shown["data"]["current"];
    assert_eq!(current["spentUsd"], 11.0);
    assert_eq!(current["projectedUsd"], 49.5);
    assert_eq!(current["endsAt"], "2026-09-21T15:00:00.000Z");
    let list = app.operator().get("/cost-budget-rules").await.expect(200);
    assert!(
        list["data"][0].get("current").is_none()
            && list["data"][0]["name"] == "org budget per hour"
    );
}

#[tokio::test]
async fn a_traces_cost_takes_the_place_of_the_estimate() {
    let app = TestApp::new().await;
    app.agent("a").await;
    let client = app.agent_key().await;
    rule(&app, json!({ "scope": "org", "window": "1d", "capUsd": 1, "action": "block" })).await;
    let first = spend(&client, "a", 0.9, json!({})).await.expect(200);
    spend(&client, "a", 0.2, json!({})).await.expect(403);
    let trace = json!({ "traceId": "t", "agentId": "a", "costUsd": 0.1, "metadata": { "decisionId": first["decisionId"] } });
    client.post("/traces/ingest", json!({ "traces": [trace] })).await.expect(202);
    spend(&client, "a", 0.9, json!({})).await.expect(200);
    spend(&client, "a", 0.1, json!({})).await.expect(403);
}

#[tokio::test]
async fn a_bad_rule_leaves_nothing_behind() {
    let app = TestApp::new().await;
    for (field, value) in [
        ("name", json!(" ")),
        ("scope", json!("team")),
        ("scopeId", json!("x")),
        ("window", json!("1w")),
        ("capUsd", json!(-1)),
        ("capUsd", json!("1")),
        ("action", json!("stop")),
        ("warningThresholdPct", json!(0)),
        ("warningThresholdPct", json!(101)),
        ("burnRateAlertEnabled", json!("yes")),
        ("colour", json!("red")),
    ] {
        let mut body = json!({ "scope": "org", "window": "1d", "capUsd": 1, "action": "warn" });
        body[field] = value;
        let answer = app.operator().post("/cost-budget-rules", body).await;
        assert_eq!(answer.expect_error(400, "VALIDATION_ERROR").fault(), field);
    }
    assert_eq!(app.operator().get("/cost-budget-rules").await.expect(200)["data"], json!([]));
    let nobody = "0199a1b2-0000-7000-8000-000000000001";
    let good = json!({ "scope": "org", "window": "1d", "capUsd": 1, "action": "warn" });
    app.operator()
        .put(&format!("/cost-budget-rules/{nobody}"), good)
        .await
        .expect_error(404, "NOT_FOUND");
    app.operator()
        .delete(&format!("/cost-budget-rules/{nobody}"))
        .await
        .expect_error(404, "NOT_FOUND");
}
