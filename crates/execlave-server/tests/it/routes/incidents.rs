use serde_json::{Value, json};

use crate::support::TestApp;

fn leak(trace_id: &str, span_id: &str, agent: &str) -> Value {
    json!({
        "traceId": trace_id, "agentId": agent, "output": { "text": "write to jane@example.com" }, "metadata": { "spanId": span_id },
    })
}

#[tokio::test]
async fn a_leak_in_an_output_becomes_one_incident_however_often_it_is_handed_in() {
    let app = TestApp::new().await;
    let bot = app.agent("bot").await;
    let policy = app.policy("pii_access", "block", json!({ "deniedPiiTypes": ["email"] })).await;
    let client = app.agent_key().await;
    let batch = json!({ "traces": [leak("t", "sp_1", "bot"), leak("t", "sp_2", "bot"), { "traceId": "clean", "agentId": "bot", "output": "hello" }] });
    for _ in 0..2 {
        assert_eq!(client.post("/traces/ingest", batch.clone()).await.expect(202)["accepted"], 3);
    }
    let list = app.operator().get("/incidents").await.expect(200);
    let found = list["data"].as_array().expect("a list");
    assert_eq!(found.len(), 2, "{}", list.text);
    assert_eq!((&found[0]["traceId"], &found[0]["agentId"]), (&json!("t"), &json!(bot)));
    assert_eq!(found[0]["violation"]["policyId"], policy);
    assert_eq!(found[0]["violation"]["enforcementMode"], "block");
    assert!(!list.text.contains("jane@example.com"), "an incident repeats no personal data");
    let one = app
        .operator()
        .get(&format!("/incidents/{}", found[0]["id"].as_str().expect("an id")))
        .await;
    assert_eq!(one.expect(200)["data"], found[0]);

    let count = async |query: &str| {
        let list = app.operator().get(&format!("/incidents{query}")).await.expect(200);
        list["data"].as_array().map(Vec::len).expect("a list")
    };
    assert_eq!(count("?agent=bot&policyType=pii_access&severity=high&traceId=t").await, 2);
    assert_eq!(count(&format!("?policy={policy}&limit=1")).await, 1);
    assert_eq!(count("?severity=low").await, 0);
    let stats = app.operator().get("/incidents/stats").await.expect(200);
    assert_eq!(stats["data"]["total"], 2);
    assert_eq!(stats["data"]["agents"], json!([{ "key": bot, "count": 2 }]));
    app.operator()
        .get("/incidents/stats?since=2020-01-01T00:00:00Z")
        .await
        .expect_error(400, "VALIDATION_ERROR");
    app.operator().get("/incidents?severity=odd").await.expect_error(400, "VALIDATION_ERROR");
}

#[tokio::test]
async fn traces_of_nobodys_agents_and_of_organisations_without_policies_make_none() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let client = app.agent_key().await;
    client.post("/traces/ingest", json!({ "traces": [leak("a", "s", "bot")] })).await.expect(202);
    app.policy("pii_access", "monitor", json!({})).await;
    client
        .post("/traces/ingest", json!({ "traces": [leak("b", "s", "shadow")] }))
        .await
        .expect(202);
    assert_eq!(app.operator().get("/incidents").await.expect(200)["data"], json!([]));
    client.post("/traces/ingest", json!({ "traces": [leak("c", "s", "bot")] })).await.expect(202);
    assert_eq!(
        app.operator().get("/incidents").await.expect(200)["data"].as_array().map(Vec::len),
        Some(1)
    );
}
