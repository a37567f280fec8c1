use serde_json::{Value, json};

use crate::support::TestApp;

async fn with_trace() -> TestApp {
    let app = TestApp::new().await;
    let trace = json!({ "traceId": "tr 1/2", "status": "effect_unconfirmed" });
    let client = app.agent_key().await;
    client.post("/traces/ingest", json!({ "traces": [trace] })).await.expect(202);
    app
}

#[tokio::test]
async fn findings_are_added_and_the_trace_stays_as_reported() {
    let app = with_trace().await;
    let client = app.agent_key().await;
    let path = "/traces/tr%201%2F2/resolutions";
    assert_eq!(app.operator().get(path).await.expect(200)["data"], json!([]));
    let body = json!({ "resolvedStatus": "error", "basis": "reconciliation", "detail": "not in the ledger", "observedAt": "2026-09-21T11:00:00Z" });
    let first = client.post(path, body).await.expect(201);
    assert_eq!(first["data"]["observedAt"], "2026-09-21T11:00:00.000Z");
    app.clock.advance_millis(1);
    let second = client
        .post(path, json!({ "resolvedStatus": "success", "basis": "callback", "effectRef": "r" }))
        .await;
    let second = second.expect(201);
    assert_eq!(second["data"]["observedAt"], app.clock.now().to_string());
    let list = app.operator().get(path).await.expect(200);
    assert_eq!(list["data"], json!([second["data"], first["data"]]));
    let trace = app.operator().get("/traces/tr%201%2F2").await.expect(200);
    assert_eq!(trace["data"][0]["status"], "effect_unconfirmed");
    client
        .post(
            "/traces/nothing/resolutions",
            json!({ "resolvedStatus": "success", "basis": "manual" }),
        )
        .await
        .expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_bad_finding_leaves_nothing_behind() {
    let app = with_trace().await;
    let path = "/traces/tr%201%2F2/resolutions";
    let client = app.agent_key().await;
    for (field, value) in [
        ("resolvedStatus", json!("effect_unconfirmed")),
        ("basis", json!("none")),
        ("effectRef", Value::Null),
        ("effectRef", json!("x".repeat(257))),
        ("detail", json!("x".repeat(4_001))),
        ("observedAt", json!("soon")),
        ("resolvedBy", json!("me")),
    ] {
        let mut body = json!({ "resolvedStatus": "success", "basis": "manual" });
        body[field] = value;
        let answer = client.post(path, body).await.expect_error(400, "VALIDATION_ERROR");
        assert_eq!(answer.fault(), field);
    }
    assert_eq!(app.operator().get(path).await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn a_strict_agents_success_needs_evidence() {
    let app = TestApp::new().await;
    app.agent("loose").await;
    for (agent, strictness) in [("standard", "standard"), ("strict", "strict")] {
        app.agent(agent).await;
        let patched = app
            .operator()
            .patch(&format!("/agents/{agent}"), json!({ "outcomeStrictness": strictness }))
            .await;
        assert_eq!(patched.expect(200)["data"]["outcomeStrictness"], strictness);
    }
    let claim = json!({ "basis": "read_back" });
    let proof = json!({ "basis": "callback", "acknowledgementId": "a" });
    let client = app.agent_key().await;
    for (evidence, status, accepted_by) in [
        (None, "success", "loose standard"),
        (
            Some(json!({ "basis": "acknowledgement", "acknowledgementId": "a" })),
            "success",
            "loose standard",
        ),
        (Some(claim.clone()), "success", "loose"),
        (Some(json!({ "basis": "read_back", "effectRef": " " })), "success", "loose"),
        (Some(proof), "success", "loose standard strict"),
        (None, "effect_unconfirmed", "loose standard strict"),
        (None, "error", "loose standard strict"),
    ] {
        for agent in ["loose", "standard", "strict"] {
            let mut trace = json!({ "traceId": "t", "agentId": agent, "status": status });
            if let Some(evidence) = &evidence {
                trace["effectEvidence"] = evidence.clone();
            }
            let answer = client
                .post("/traces/ingest", json!({ "traces": [{ "traceId": "other" }, trace] }))
                .await
                .expect(202);
            let refused = answer["errors"][0]["code"].as_str();
            let expected = (!accepted_by.split(' ').any(|name| name == agent))
                .then_some("OUTCOME_EVIDENCE_REQUIRED");
            assert_eq!(refused, expected, "{agent} {status} {evidence:?}");
        }
    }
    let alone = json!({ "traces": [{ "traceId": "t", "agentId": "strict" }] });
    client.post("/traces/ingest", alone).await.expect_error(400, "OUTCOME_EVIDENCE_REQUIRED");
    let empty = json!({ "traces": [{ "traceId": "t", "effectEvidence": { "basis": "" } }] });
    let answer = client.post("/traces/ingest", empty).await.expect(400);
    assert!(
        answer["errors"][0]["error"]
            .as_str()
            .is_some_and(|error| error.contains("effectEvidence.basis"))
    );
    app.operator()
        .patch("/agents/loose", json!({ "outcomeStrictness": "very" }))
        .await
        .expect_error(400, "VALIDATION_ERROR");
}
