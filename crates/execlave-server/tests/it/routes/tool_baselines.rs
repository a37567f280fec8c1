use serde_json::{Value, json};

use crate::support::TestApp;

fn pin(server: &str, tool: &str, digit: &str) -> Value {
    json!({ "server": server, "tool": tool, "descriptorHash": digit.repeat(64) })
}

#[tokio::test]
async fn a_baseline_is_reported_and_shown() {
    let app = TestApp::new().await;
    let id = app.agent("bot").await;
    let client = app.agent_key().await;
    let path = format!("/tool-integrity/agents/{id}/baseline");
    assert_eq!(
        client.get(&path).await.expect(200)["data"],
        json!({ "agentId": id, "descriptors": [] })
    );
    let mut described = pin("mail", "send", "A");
    described["description"] = json!("Sends a message");
    let body = json!({ "descriptors": [described, pin("files", "open", "b")], "reason": "manual" });
    client.post("/tool-integrity/agents/bot/baseline", body).await.expect(200);
    let update = json!({ "descriptors": [pin("mail", "send", "c"), pin("mail", "read", "d")], "reason": "baseline_update" });
    let answer = client.post(&path, update).await.expect(200);
    let expected =
        json!([pin("files", "open", "b"), pin("mail", "read", "d"), pin("mail", "send", "c")]);
    assert_eq!(answer["data"]["descriptors"], expected);
    assert_eq!(answer["data"]["reason"], "baseline_update");
    assert_eq!(client.get(&path).await.expect(200)["data"], answer["data"]);
}

#[tokio::test]
async fn a_bad_report_pins_nothing() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let client = app.agent_key().await;
    let path = "/tool-integrity/agents/bot/baseline";
    for (field, value) in [
        ("server", json!("")),
        ("tool", json!("x".repeat(257))),
        ("descriptorHash", json!("abc")),
        ("descriptorHash", json!("g".repeat(64))),
        ("descriptionHash", json!("abc")),
        ("schema", json!({})),
    ] {
        let mut bad = pin("mail", "read", "a");
        bad[field] = value;
        let body = json!({ "descriptors": [pin("mail", "send", "a"), bad], "reason": "manual" });
        let answer = client.post(path, body).await.expect_error(400, "VALIDATION_ERROR");
        assert_eq!(answer.fault(), format!("descriptors[1].{field}"));
    }
    for (body, fault) in [
        (json!({ "descriptors": [], "reason": "manual" }), "descriptors"),
        (json!({ "descriptors": [pin("a", "b", "c")], "reason": "why not" }), "reason"),
    ] {
        assert_eq!(
            client.post(path, body).await.expect_error(400, "VALIDATION_ERROR").fault(),
            fault
        );
    }
    assert_eq!(client.get(path).await.expect(200)["data"]["descriptors"], json!([]));
}
