use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn usage_counts_what_is_there() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    app.policy("injection_scan", "warn", json!({})).await;
    let client = app.agent_key().await;
    client
        .post("/traces/ingest", json!({ "traces": [{ "traceId": "t1" }, { "traceId": "t1" }] }))
        .await
        .expect(202);
    let usage = client.get("/billing/usage").await.expect(200);
    assert_eq!(usage["data"]["plan"], "self_hosted");
    let current = |name: &str| usage["data"]["usage"][name]["current"].clone();
    assert_eq!(
        [current("agents"), current("traces"), current("users"), current("policies")],
        [1, 2, 1, 1]
    );
    assert!(usage["data"]["usage"]["agents"]["max"].as_i64() > Some(1_000_000));
}
