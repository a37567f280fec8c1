use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn decisions_are_listed_by_agent_outcome_and_time() {
    let app = TestApp::new().await;
    app.agent("a").await;
    app.agent("b").await;
    app.policy("access_control", "block", json!({ "deniedTools": ["rm"] })).await;
    let client = app.agent_key().await;
    for (agent, tool, status) in [("a", "ls", 200), ("a", "rm", 403), ("b", "rm", 403)] {
        let body =
            json!({ "agentId": agent, "input": "x", "environment": "production", "tools": [tool] });
        client.post("/policies/enforce", body).await.expect(status);
        app.clock.advance_millis(1_000);
    }
    let count = async |query: &str| {
        let answer = app.operator().get(&format!("/decisions{query}")).await.expect(200);
        answer["data"].as_array().map(Vec::len).expect("a list")
    };
    assert_eq!(count("").await, 3);
    assert_eq!(count("?agent=a").await, 2);
    assert_eq!(count("?outcome=block").await, 2);
    assert_eq!(count("?outcome=block&agent=b&environment=production").await, 1);
    let now = app.clock.now();
    assert_eq!(count(&format!("?since={}", now.minus_millis(1_500))).await, 1);
    assert_eq!(count(&format!("?until={}", now.minus_millis(1_500))).await, 2);
    assert_eq!(count("?limit=2").await, 2);
    app.operator().get("/decisions?agent=nobody").await.expect_error(404, "NOT_FOUND");
    app.operator().get("/decisions?outcome=maybe").await.expect_error(400, "VALIDATION_ERROR");
}
