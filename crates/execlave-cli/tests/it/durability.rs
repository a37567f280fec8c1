//! An answered write survives the power going out right after the answer.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::thread;

use serde_json::{Value, json};

use crate::http;
use crate::support::{BOOTSTRAP_KEY, Home, Server};

/// Enough that some of them share a commit, and few enough to be quick.
const ROUNDS: usize = 20;

/// USD of budget; every action costs one.
const CAP: usize = 300;

/// Who asks at once.
const ASKERS: usize = 8;

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

#[test]
fn kill_9_amid_reservations_loses_none_and_passes_no_cap() {
    let home = Home::new();
    let server = home.serve(&["--bootstrap-key", BOOTSTRAP_KEY]);
    let agent = json!({"agentId": "spender", "name": "Spender"});
    assert_eq!(post(&server, "/agents", &agent).0, 201);
    let rule = json!({"scope": "org", "window": "1mo", "capUsd": CAP, "action": "block"});
    let (status, rule) = post(&server, "/cost-budget-rules", &rule);
    assert_eq!(status, 201, "{rule}");
    let rule = format!("/cost-budget-rules/{}", rule["data"]["id"].as_str().expect("an id"));

    let mut answered = spend(server, Some(15));
    for kill_after in [Some(15), Some(15), None] {
        let server = home.serve(&[]);
        reserved_is_recorded(&server, &rule, &answered);
        answered.extend(spend(server, kill_after));
    }
    let server = home.serve(&[]);
    assert_eq!(reserved_is_recorded(&server, &rule, &answered), CAP, "all of it and no more");
}

/// Asks from many sides at once until the budget is spent, or until the power fails after so many answers; the decisions that allowed.
fn spend(server: Server, kill_after: Option<usize>) -> BTreeSet<String> {
    let base_url = server.base_url.clone();
    let (allowed, decisions) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..ASKERS {
            let (base_url, allowed) = (&base_url, allowed.clone());
            scope.spawn(move || ask_until_refused(base_url, &allowed));
        }
        drop(allowed);
        let mut answered: BTreeSet<String> =
            decisions.iter().take(kill_after.unwrap_or(usize::MAX)).collect();
        server.kill();
        answered.extend(decisions);
        answered
    })
}

/// Ends with the budget or with the server.
fn ask_until_refused(base_url: &str, allowed: &mpsc::Sender<String>) {
    let action = json!({"agentId": "spender", "input": "spend", "environment": "production", "estimatedCost": 1});
    let path = "/api/v1/policies/enforce";
    while let Ok(answer) = http::request(base_url, "POST", path, BOOTSTRAP_KEY, Some(&action)) {
        // An answer that was cut off is none: its body is not whole.
        let Some(id) = answer.body["decisionId"].as_str().filter(|_| answer.status == 200) else {
            return;
        };
        allowed.send(id.to_owned()).expect("somebody counts");
    }
}

/// Every answered action is recorded, and the budget holds exactly what is recorded: how much that is.
fn reserved_is_recorded(server: &Server, rule: &str, answered: &BTreeSet<String>) -> usize {
    let recorded = allowed_decisions(server);
    assert!(answered.is_subset(&recorded), "{answered:?} of {recorded:?}");
    let rule = server.request("GET", &format!("/api/v1{rule}"), BOOTSTRAP_KEY, None).body;
    assert_eq!(
        rule["data"]["current"]["spentUsd"].as_f64().map(|spent| spent.to_string()),
        Some(recorded.len().to_string()),
        "{rule}"
    );
    assert!(recorded.len() <= CAP, "{rule}");
    recorded.len()
}

/// The ids of all decisions that let an action go ahead.
fn allowed_decisions(server: &Server) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/v1/decisions?outcome=allow&limit=200{cursor}");
        let page = server.request("GET", &path, BOOTSTRAP_KEY, None).body;
        let items = page["data"].as_array().expect("a list has data");
        ids.extend(items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()));
        match page["meta"]["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

fn post(server: &Server, path: &str, body: &Value) -> (u16, Value) {
    let answer = server.request("POST", &format!("/api/v1{path}"), BOOTSTRAP_KEY, Some(body));
    (answer.status, answer.body)
}

fn list(server: &Server, path: &str) -> Vec<Value> {
    let answer = server.request("GET", &format!("/api/v1{path}?limit=200"), BOOTSTRAP_KEY, None);
    answer.body["data"].as_array().expect("a list has data").clone()
}
