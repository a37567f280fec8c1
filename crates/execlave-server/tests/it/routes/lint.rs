use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn drafts_are_looked_at_and_nothing_is_saved() {
    let app = TestApp::new().await;
    let good = json!({ "name": "good", "policyType": "pii_access", "enforcementMode": "warn", "ruleDefinition": {} });
    let bad = json!({ "name": "bad", "policyType": "pii_access", "enforcementMode": "warn", "ruleDefinition": { "minCount": 0 } });
    let report =
        app.operator().post("/policies/lint", json!({ "policies": [good] })).await.expect(200);
    assert_eq!(report["data"]["ok"], true, "{}", report.text);
    let report =
        app.operator().post("/policies/lint", json!({ "policies": [good, bad] })).await.expect(200);
    assert_eq!(report["data"]["ok"], false);
    assert_eq!(
        report["data"]["lints"][0]["path"], "[1].ruleDefinition.minCount",
        "{}",
        report.text
    );
    assert_eq!(app.operator().get("/policies").await.expect(200)["data"], json!([]));
    let many = json!({ "policies": vec![json!({}); 501] });
    let answer =
        app.operator().post("/policies/lint", many).await.expect_error(400, "VALIDATION_ERROR");
    assert_eq!(answer.fault(), "policies");
    app.operator()
        .post("/policies/lint", json!({ "policies": {} }))
        .await
        .expect_error(400, "VALIDATION_ERROR");
}

#[tokio::test]
async fn the_schema_knows_every_type() {
    let app = TestApp::new().await;
    let schema = app.operator().get("/policies/schemas").await.expect(200);
    for policy_type in execlave_core::policy::PolicyType::ALL {
        assert!(schema.text.contains(policy_type.as_str()), "{policy_type}");
    }
}
