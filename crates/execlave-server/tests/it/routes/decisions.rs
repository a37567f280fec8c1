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

#[tokio::test]
async fn a_decision_names_the_policies_it_was_made_with() {
    let app = TestApp::new().await;
    app.agent("a").await;
    let client = app.agent_key().await;
    let decide = async || {
        let answer =
            client.post("/policies/enforce", json!({ "agentId": "a", "input": "x" })).await;
        let path =
            format!("/decisions/{}", answer.expect(200)["decisionId"].as_str().expect("an id"));
        app.operator().get(&path).await.expect(200)["data"].clone()
    };
    let before = decide().await;
    assert_eq!((&before["policyVersions"], &before["source"]), (&json!([]), &json!("server")));
    assert!(before.get("bundleVersion").is_none());

    let policy = app.policy("injection_scan", "warn", json!({})).await;
    let first = decide().await;
    assert_eq!(first["policyVersions"], json!([{ "policyId": policy, "version": 1 }]));
    assert_eq!(decide().await["bundleVersion"], first["bundleVersion"]);
    app.operator()
        .patch(&format!("/policies/{policy}"), json!({ "severity": "low" }))
        .await
        .expect(200);
    let second = decide().await;
    assert_eq!(second["policyVersions"], json!([{ "policyId": policy, "version": 2 }]));
    assert_ne!(second["bundleVersion"], first["bundleVersion"]);

    let path = format!("/decisions/{}", first["id"].as_str().expect("an id"));
    let again = app.operator().get(&path).await.expect(200);
    assert_eq!(again["data"], first, "later changes do not rewrite history");
}

#[tokio::test]
async fn decisions_are_counted_by_outcome_and_hour() {
    let app = TestApp::new().await;
    let a = app.agent("a").await;
    app.agent("b").await;
    let policy = app.policy("access_control", "block", json!({ "deniedTools": ["rm"] })).await;
    let client = app.agent_key().await;
    for (agent, tool, status) in [("a", "ls", 200), ("a", "rm", 403), ("b", "ls", 200)] {
        let body = json!({ "agentId": agent, "input": "x", "tools": [tool] });
        client.post("/policies/enforce", body).await.expect(status);
        app.clock.advance_millis(3_600_000);
    }
    let stats = async |query: &str| app.operator().get(&format!("/decisions/stats{query}")).await;
    let all = stats("").await.expect(200);
    assert_eq!(all["data"]["total"], 3);
    assert_eq!(all["data"]["outcomes"], json!({ "allow": 2, "requireApproval": 0, "block": 1 }));
    assert_eq!(all["data"]["sources"], json!({ "server": 3, "local": 0 }));
    assert_eq!(all["data"]["buckets"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        all["data"]["agents"],
        json!([{ "agentId": a, "outcomes": { "allow": 0, "requireApproval": 0, "block": 1 } }])
    );
    assert_eq!(stats("?agent=b").await.expect(200)["data"]["total"], 1);
    let since = app.clock.now().minus_millis(3_600_000);
    assert_eq!(stats(&format!("?since={since}")).await.expect(200)["data"]["total"], 1);
    let long = stats("?since=2026-01-01T00:00:00Z").await.expect(200);
    assert_eq!(long["data"]["bucketSeconds"], 86_400);
    for bad in ["?since=2020-01-01T00:00:00Z", "?since=2027-01-01T00:00:00Z"] {
        assert_eq!(stats(bad).await.expect_error(400, "VALIDATION_ERROR").fault(), "since");
    }
    let fired = app.operator().get(&format!("/decisions?policy={policy}&source=server")).await;
    assert_eq!(fired.expect(200)["data"].as_array().map(Vec::len), Some(1));
    let stranger = app.other_organisation().await;
    assert_eq!(stranger.get("/decisions/stats").await.expect(200)["data"]["total"], 0);
}

const POLICY: &str = "01930000-0000-7000-8000-0000000000aa";

fn local(id: u32, agent: &str) -> serde_json::Value {
    json!({
        "id": format!("01930000-0000-7000-8000-{id:012}"), "agentId": agent, "actionDigest": "a".repeat(64), "outcome": "block",
        "violations": [{ "policyId": "p", "policyName": "P", "policyType": "pii_access", "enforcementMode": "block", "message": "no" }],
        "problems": [{ "policyId": POLICY, "message": "too deep" }], "tierOverrides": [POLICY],
        "bundleVersion": "b1", "durationUs": 7, "evaluatedAt": "2026-09-21T12:00:00Z", "input": "secret text",
    })
}

#[tokio::test]
async fn decisions_made_in_a_client_are_kept_once_and_told_apart() {
    let app = TestApp::new().await;
    let bot = app.agent("bot").await;
    let client = app.agent_key().await;
    let batch = json!({ "decisions": [local(1, "bot"), local(2, &bot)] });
    let answer = client.post("/decisions/ingest", batch.clone()).await.expect(202);
    assert_eq!(answer.body, json!({ "accepted": 2, "duplicates": 0, "failed": 0 }));
    let answer = client.post("/decisions/ingest", batch).await.expect(202);
    assert_eq!(answer.body, json!({ "accepted": 0, "duplicates": 2, "failed": 0 }));
    client.post("/policies/enforce", json!({ "agentId": "bot", "input": "x" })).await.expect(200);

    let list = app.operator().get("/decisions?source=local").await.expect(200);
    assert_eq!(list["data"].as_array().map(Vec::len), Some(2));
    let one =
        app.operator().get("/decisions/01930000-0000-7000-8000-000000000001").await.expect(200);
    let decision = &one["data"];
    assert_eq!(
        (&decision["agentId"], &decision["outcome"], &decision["environment"]),
        (&json!(bot), &json!("block"), &json!("production"))
    );
    assert_eq!(
        (&decision["bundleVersion"], &decision["violations"][0]["message"]),
        (&json!("b1"), &json!("no"))
    );
    assert_eq!(
        (&decision["problems"], &decision["tierOverrides"]),
        (&json!([{ "policyId": POLICY, "message": "too deep" }]), &json!([POLICY]))
    );
    assert!(
        !one.text.contains("secret text"),
        "inputs are kept only where the organisation says so"
    );
    let stats = app.operator().get("/decisions/stats").await.expect(200);
    assert_eq!(stats["data"]["sources"], json!({ "server": 1, "local": 2 }));
}

#[tokio::test]
async fn a_bad_local_decision_is_named_and_does_not_cost_the_others() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let client = app.agent_key().await;
    for (field, value) in [
        ("id", json!("1")),
        ("agentId", json!("")),
        ("environment", json!("a b")),
        ("actionDigest", json!("abc")),
        ("outcome", json!("perhaps")),
        ("bundleVersion", json!("")),
        ("durationUs", json!(-1)),
        ("evaluatedAt", json!("2030-01-01T00:00:00Z")),
        ("input", json!(null)),
        ("tierOverrides", json!(["observe"])),
        ("problems", json!([{ "policyId": "1", "message": "m" }])),
        ("colour", json!("red")),
    ] {
        let app = TestApp::new().await;
        app.agent("bot").await;
        let mut bad = local(2, "bot");
        bad[field] = value;
        let batch = json!({ "decisions": [local(1, "bot"), bad, local(3, "bot")] });
        let answer = app.agent_key().await.post("/decisions/ingest", batch).await.expect(202);
        assert_eq!((&answer["accepted"], &answer["failed"]), (&json!(2), &json!(1)), "{field}");
        assert_eq!(
            (&answer["errors"][0]["index"], &answer["errors"][0]["code"]),
            (&json!(1), &json!("VALIDATION_ERROR"))
        );
        assert!(
            answer["errors"][0]["error"].as_str().is_some_and(|error| error.contains(field)),
            "{}",
            answer.text
        );
    }
    let unknown = json!({ "decisions": [local(1, "nobody")] });
    let answer = client.post("/decisions/ingest", unknown).await.expect(202);
    assert_eq!(answer["errors"][0]["code"], "NOT_FOUND");
    let many = json!({ "decisions": vec![local(1, "bot"); 1_001] });
    let answer = client.post("/decisions/ingest", many).await.expect_error(400, "VALIDATION_ERROR");
    assert_eq!(answer.fault(), "decisions");
}

#[tokio::test]
async fn policies_outside_the_tier_are_recorded_as_overrides() {
    let app = TestApp::new().await;
    let body = json!({ "agentId": "bot", "name": "bot", "autonomyLevel": "observe" });
    app.operator().post("/agents", body).await.expect(201);
    let outside = app.policy("cost_limit", "warn", json!({ "maxCostPerExecution": 1 })).await;
    app.policy("pii_access", "warn", json!({})).await;
    let action = json!({ "agentId": "bot", "input": "hello" });
    let asked = app.operator().post("/policies/enforce", action.clone()).await.expect(200);
    let path = format!("/decisions/{}", asked["decisionId"].as_str().expect("an id"));
    let shown = app.operator().get(&path).await.expect(200);
    assert_eq!(shown["data"]["tierOverrides"], json!([outside]));
    let simulated = app.operator().post("/policies/simulate", json!({ "action": action })).await;
    assert_eq!(simulated.expect(200)["data"]["tierOverrides"], json!([outside]));

    app.agent("free").await;
    let asked = app
        .operator()
        .post("/policies/enforce", json!({ "agentId": "free", "input": "hello" }))
        .await
        .expect(200);
    let path = format!("/decisions/{}", asked["decisionId"].as_str().expect("an id"));
    let shown = app.operator().get(&path).await.expect(200);
    assert!(shown["data"].get("tierOverrides").is_none(), "no tier, no overrides: {}", shown.text);
}
