use serde_json::{Value, json};

use crate::support::TestApp;

fn good() -> Value {
    json!({ "name": "w", "url": "https://hooks.example.com/in", "events": ["agent.paused", "agent.paused"] })
}

#[tokio::test]
async fn a_webhook_is_made_shown_changed_and_deleted_and_its_secret_shown_once() {
    let app = TestApp::new().await;
    let operator = app.operator();
    let made = operator.post("/webhooks", good()).await.expect(201);
    let secret = made["data"]["secret"].as_str().expect("a secret").to_owned();
    assert_eq!(secret.len(), 43);
    assert_eq!(made["data"]["events"], json!(["agent.paused"]));
    assert_eq!(
        (&made["data"]["format"], &made["data"]["signatureVersion"], &made["data"]["timeoutMs"]),
        (&json!("execlave"), &json!("v2"), &json!(5_000))
    );
    let path = format!("/webhooks/{}", made["data"]["id"].as_str().expect("an id"));
    operator.post("/webhooks", good()).await.expect_error(409, "CONFLICT");
    let shown = operator.get(&path).await.expect(200);
    assert!(!shown.text.contains(&secret));
    let list = operator.get("/webhooks").await.expect(200);
    assert_eq!((&list["data"][0], &list["meta"]["total"]), (&shown["data"], &json!(1)));
    let rotated = operator.post(&format!("{path}/rotate-secret"), json!({})).await.expect(200);
    assert_ne!(rotated["data"]["secret"], secret);

    let mut pager = good();
    pager["format"] = json!("pagerduty");
    pager["events"] = json!(["*"]);
    operator.put(&path, pager.clone()).await.expect_error(400, "VALIDATION_ERROR");
    pager["routingKey"] = json!("R0");
    let changed = operator.put(&path, pager.clone()).await.expect(200);
    assert_eq!(changed["data"]["events"], json!(["*"]));
    assert!(!changed.text.contains("R0"), "the key is a secret of PagerDuty's");
    // Left out, it stays.
    pager.as_object_mut().expect("an object").remove("routingKey");
    operator.put(&path, pager).await.expect(200);
    operator.delete(&path).await.expect(204);
    operator.delete(&path).await.expect_error(404, "NOT_FOUND");
    operator.get(&format!("{path}/deliveries")).await.expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn what_is_wrong_with_a_webhook_is_named_and_leaves_nothing_behind() {
    let app = TestApp::new().await;
    for (field, value) in [
        ("name", json!("")),
        ("url", json!("http://hooks.example.com/")),
        ("url", json!("https://127.0.0.1/")),
        ("url", json!("https://[::ffff:169.254.169.254]/")),
        ("url", json!("https://user:password@hooks.example.com/")),
        ("url", json!("hooks")),
        ("events", json!([])),
        ("events[0]", json!(["agent.exploded"])),
        ("events[0]", json!(["webhook.test"])),
        ("events[1]", json!(["agent.paused", "*"])),
        ("format", json!("discord")),
        ("signatureVersion", json!("v3")),
        ("routingKey", json!("R0")),
        ("timeoutMs", json!(99)),
        ("timeoutMs", json!(10_001)),
        ("secret", json!("mine")),
    ] {
        let mut body = good();
        body[field.split('[').next().expect("a name")] = value.clone();
        let answer = app.operator().post("/webhooks", body).await;
        let answer = answer.expect_error(400, "VALIDATION_ERROR");
        assert!(answer.text.contains(field), "{field} {value}: {}", answer.text);
    }
    assert_eq!(app.operator().get("/webhooks").await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn webhooks_need_the_scope_of_settings_and_have_a_limit() {
    let app = TestApp::new().await;
    for scope in ["sdk", "read", "agents:write", "policies:write", "keys:write"] {
        let key = app.key(json!([scope])).await;
        key.get("/webhooks").await.expect_error(403, "FORBIDDEN");
        key.post("/webhooks", good()).await.expect_error(403, "FORBIDDEN");
    }
    let key = app.key(json!(["settings:write"])).await;
    for n in 0..50 {
        let mut body = good();
        body["name"] = json!(format!("w{n}"));
        key.post("/webhooks", body).await.expect(201);
    }
    let refused = key.post("/webhooks", good()).await.expect_error(409, "CONFLICT");
    assert!(refused.text.contains("50 webhooks"), "{}", refused.text);
    let stranger = app.other_organisation().await;
    stranger.post("/webhooks", good()).await.expect(201);
}
