//! An answered write survives the power going out right after the answer.

use serde_json::{Value, json};

use crate::support::{BOOTSTRAP_KEY, Home, Server};

/// Enough that some of them share a commit, and few enough to be quick.
const ROUNDS: usize = 20;

#[test]
fn answered_decisions_and_traces_survive_kill_9() {
    let home = Home::new();
    let server = home.serve(&["--bootstrap-key", BOOTSTRAP_KEY]);
    let agent =
        json!({"agentId": "durable", "name": "Durable", "type": "chatbot", "platform": "custom"});
    assert_eq!(post(&server, "/agents", &agent).0, 201);
    let mut decided = Vec::new();
    for round in 0..ROUNDS {
        let action = json!({"agentId": "durable", "input": format!("action {round}"), "environment": "production"});
        let (status, answer) = post(&server, "/policies/enforce", &action);
        assert_eq!((status, &answer["allowed"]), (200, &json!(true)), "{answer}");
        decided.push(answer["decisionId"].clone());
        let trace = json!({
            "traceId": format!("tr_{round:016x}"),
            "agentId": "durable",
            "timestamp": "2026-01-01T00:00:00.000Z",
            "durationMs": 1,
            "status": "success",
            "environment": "production",
        });
        let (status, answer) = post(&server, "/traces/ingest", &json!({"traces": [trace]}));
        assert_eq!((status, &answer["accepted"]), (202, &json!(1)), "{answer}");
    }
    server.kill();

    let server = home.serve(&[]);
    let stored = list(&server, "/decisions");
    assert_eq!(stored.len(), ROUNDS);
    assert!(stored.iter().all(|decision| decided.contains(&decision["id"])), "{stored:?}");
    assert_eq!(list(&server, "/traces").len(), ROUNDS);
}

#[test]
fn approval_asked_for_before_kill_9_is_the_same_after() {
    let home = Home::new();
    let server = home.serve(&["--bootstrap-key", BOOTSTRAP_KEY]);
    let agent = json!({
        "agentId": "patient", "name": "Patient", "type": "chatbot", "platform": "custom",
        "requiresHumanApprovalFor": ["refund"],
    });
    post(&server, "/agents", &agent);
    let policy = json!({
        "name": "People decide", "policyType": "action_approval", "enforcementMode": "require_approval", "ruleDefinition": {"tools": []},
    });
    assert_eq!(post(&server, "/policies", &policy).0, 201);
    let action = json!({"agentId": "patient", "input": "refund 4711", "environment": "production", "tools": ["refund"]});
    let (status, asked) = post(&server, "/policies/enforce", &action);
    assert_eq!(status, 202, "{asked}");
    server.kill();

    let server = home.serve(&[]);
    let (status, again) = post(&server, "/policies/enforce", &action);
    assert_eq!(status, 202, "{again}");
    assert_eq!(again["approvalRequestId"], asked["approvalRequestId"]);
}

fn post(server: &Server, path: &str, body: &Value) -> (u16, Value) {
    let answer = server.request("POST", &format!("/api/v1{path}"), BOOTSTRAP_KEY, Some(body));
    (answer.status, answer.body)
}

fn list(server: &Server, path: &str) -> Vec<Value> {
    let answer = server.request("GET", &format!("/api/v1{path}?limit=200"), BOOTSTRAP_KEY, None);
    answer.body["data"].as_array().expect("a list has data").clone()
}
