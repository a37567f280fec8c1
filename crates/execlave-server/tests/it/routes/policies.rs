use serde_json::{Value, json};

use crate::support::TestApp;

fn document(name: &str) -> Value {
    json!({ "name": name, "policyType": "pii_access", "enforcementMode": "block", "ruleDefinition": { "deniedPiiTypes": ["ssn"] } })
}

#[tokio::test]
async fn a_policy_comes_back_with_every_default() {
    let app = TestApp::new().await;
    let made = app.operator().post("/policies", document("No SSN")).await.expect(201);
    let policy = &made["data"];
    assert_eq!(policy["version"], 1);
    assert_eq!(policy["isActive"], true);
    assert_eq!(policy["failureMode"], "fail_open");
    assert_eq!(policy["evaluationOrder"], 100);
    assert_eq!(policy["rolloutPercent"], 100);
    assert_eq!(policy["appliesToAgents"], json!([]));
    assert!(policy["severity"].is_string());
    let id = policy["id"].as_str().expect("an id");
    assert_eq!(app.operator().get(&format!("/policies/{id}")).await.expect(200)["data"], *policy);
    assert_eq!(app.operator().get("/policies").await.expect(200)["data"][0], *policy);
}

#[tokio::test]
async fn legacy_spellings_are_accepted_and_never_written() {
    let app = TestApp::new().await;
    let body = json!({ "name": "old", "policyType": "prompt_injection", "enforcementMode": "hard_block", "ruleDefinition": { "scan_input": true } });
    let made = app.operator().post("/policies", body).await.expect(201);
    assert_eq!(made["data"]["policyType"], "injection_scan");
    assert_eq!(made["data"]["enforcementMode"], "block");
    assert_eq!(made["data"]["ruleDefinition"]["scanInput"], true);
}

#[tokio::test]
async fn every_change_is_a_version_and_stays_one_after_deletion() {
    let app = TestApp::new().await;
    let client = app.operator();
    let made = client.post("/policies", document("first")).await.expect(201);
    let path = format!("/policies/{}", made["data"]["id"].as_str().expect("an id"));
    let replaced = client.put(&path, document("second")).await.expect(200);
    assert_eq!(replaced["data"]["version"], 2);
    let patched = client.patch(&path, json!({ "enforcementMode": "warn" })).await.expect(200);
    assert_eq!(patched["data"]["version"], 3);
    assert_eq!(patched["data"]["name"], "second");
    client.delete(&path).await.expect(204);
    client.get(&path).await.expect_error(404, "NOT_FOUND");

    let versions = client.get(&format!("{path}/versions")).await.expect(200);
    let changes: Vec<_> = versions["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|version| version["change"].clone())
        .collect();
    assert_eq!(changes, ["deleted", "updated", "updated", "created"]);
    let first = client.get(&format!("{path}/versions/1")).await.expect(200);
    assert_eq!(first["data"]["document"]["name"], "first");
    assert!(first["data"]["changedBy"].as_str().expect("text").starts_with("key:"));
    client.get(&format!("{path}/versions/9")).await.expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn names_are_unique() {
    let app = TestApp::new().await;
    let client = app.operator();
    client.post("/policies", document("one")).await.expect(201);
    let clash = client.post("/policies", document("one")).await.expect_error(409, "CONFLICT");
    assert!(clash["error"]["message"].as_str().expect("text").contains("already exists"));
    let other = client.post("/policies", document("two")).await.expect(201);
    let path = format!("/policies/{}", other["data"]["id"].as_str().expect("an id"));
    client.put(&path, document("one")).await.expect_error(409, "CONFLICT");
}

#[tokio::test]
async fn faults_are_named_with_their_path() {
    let app = TestApp::new().await;
    let with = |key: &str, value: Value| {
        let mut body = document("x");
        body[key] = value;
        body
    };
    for (body, path) in [
        (json!({}), "name"),
        (with("policyType", json!("magic")), "policyType"),
        (with("enforcementMode", json!(7)), "enforcementMode"),
        (
            with("ruleDefinition", json!({ "deniedPiiTypes": ["ssn", "dna"] })),
            "ruleDefinition.deniedPiiTypes[1]",
        ),
        (with("ruleDefinition", json!({ "maxCost": 1 })), "ruleDefinition.maxCost"),
        (with("rolloutPercent", json!(101)), "rolloutPercent"),
        (with("colour", json!("red")), "colour"),
        (
            with("prerequisites", json!(["00000000-0000-7000-8000-000000000000"])),
            "prerequisites[0]",
        ),
    ] {
        let answer =
            app.operator().post("/policies", body).await.expect_error(400, "VALIDATION_ERROR");
        assert_eq!(answer.fault(), path);
    }
    assert_eq!(app.operator().get("/policies").await.expect(200)["meta"]["total"], 0);
}

#[tokio::test]
async fn prerequisites_never_form_a_cycle() {
    let app = TestApp::new().await;
    let client = app.operator();
    let id =
        |answer: &crate::support::Answer| answer["data"]["id"].as_str().expect("an id").to_owned();
    let first = id(&client.post("/policies", document("first")).await.expect(201));
    let mut second = document("second");
    second["prerequisites"] = json!([first]);
    let second = id(&client.post("/policies", second).await.expect(201));
    for needed in [&second, &first] {
        let answer =
            client.patch(&format!("/policies/{first}"), json!({ "prerequisites": [needed] })).await;
        assert!(answer.expect_error(400, "VALIDATION_ERROR").fault().starts_with("prerequisites"));
    }
}
