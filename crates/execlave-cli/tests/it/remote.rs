//! `agents` and `approvals`: the kill switch and the answers, against a running server.

use serde_json::{Value, json};
use std::process::Command;

use crate::support::{BOOTSTRAP_KEY, Home, Server, execlave, fails_with, json, succeeds};

#[test]
fn agent_is_listed_shown_paused_and_resumed() {
    let (_home, server) = with_agent();
    let listed = json(&mut on(&server, &["agents", "list", "--search", "refund"]));
    assert_eq!(listed[0]["agentId"], "refund-bot");
    assert_eq!(json(&mut on(&server, &["agents", "list", "--status", "paused"])), json!([]));

    let paused =
        json(&mut on(&server, &["agents", "pause", "refund-bot", "--reason", "wrong refunds"]));
    assert_eq!(
        (&paused["status"], &paused["statusReason"]),
        (&json!("paused"), &json!("wrong refunds"))
    );
    let shown = succeeds(&mut on(&server, &["agents", "show", "refund-bot"]));
    assert!(shown.contains("wrong refunds"), "{shown}");
    let resumed = succeeds(&mut on(&server, &["agents", "resume", "refund-bot"]));
    assert_eq!(resumed, "refund-bot is active\n");
}

#[test]
fn agents_are_paused_and_resumed_together() {
    let (_home, server) = with_agent();
    let paused = succeeds(&mut on(&server, &["agents", "pause", "--all", "--reason", "drill"]));
    assert_eq!(paused, "refund-bot is paused\n");
    let again = succeeds(&mut on(&server, &["agents", "pause", "--all"]));
    assert!(again.starts_with("no agent had to be changed"), "{again}");
    let none = json(&mut on(&server, &["agents", "resume", "--tag", "unused"]));
    assert_eq!(none["agents"], json!([]));
    let resumed = json(&mut on(&server, &["agents", "resume", "--all"]));
    assert_eq!(resumed, json!({"status": "active", "agents": ["refund-bot"]}));
    for unclear in [&["agents", "pause"][..], &["agents", "pause", "refund-bot", "--all"]] {
        fails_with(2, &mut on(&server, unclear));
    }
}

#[test]
fn a_drill_measures_the_kill_switch_and_leaves_evidence() {
    let (_home, server) = with_agent();
    let drill = json(&mut on(&server, &["agents", "drill"]));
    assert_eq!(drill["agentId"], "execlave-drill");
    assert!(drill["pauseMs"].as_f64().is_some_and(|ms| ms > 0.0), "{drill}");
    assert!(drill["auditIndex"].as_i64().is_some_and(|index| index > 0), "{drill}");
    let again = succeeds(&mut on(&server, &["agents", "drill"]));
    assert!(again.contains("recorded as entry"), "{again}");
    let shown = json(&mut on(&server, &["agents", "show", "execlave-drill"]));
    assert_eq!(shown["status"], "active");
}

#[test]
fn approval_is_listed_shown_and_decided_by_another_key() {
    let (home, server) = with_agent();
    let action = |input: &str| {
        let body = json!({"agentId": "refund-bot", "input": input, "environment": "production", "tools": ["refund"]});
        server.request("POST", "/api/v1/policies/enforce", BOOTSTRAP_KEY, Some(&body)).body["approvalRequestId"].clone()
    };
    let (first, second) = (action("refund 1"), action("refund 2"));
    let (first, second) =
        (first.as_str().expect("an approval"), second.as_str().expect("an approval"));

    let waiting = json(&mut on(&server, &["approvals", "list"]));
    assert_eq!(waiting.as_array().map(Vec::len), Some(2), "{waiting}");
    let shown = succeeds(&mut on(&server, &["approvals", "show", first]));
    assert!(shown.contains("refund 1") && shown.contains("risk"), "{shown}");

    let own = fails_with(1, &mut on(&server, &["approvals", "approve", first]));
    assert!(own.contains("hint:"), "{own}");

    let key = json(&mut home.command(&[
        "keys",
        "create",
        "person",
        "--scope",
        "approvals:decide",
        "--scope",
        "read",
    ]));
    let key = key["key"].as_str().expect("creating answers the key").to_owned();
    let as_person = |verb: &[&str]| {
        let mut command = on(&server, verb);
        command.env("EXECLAVE_API_KEY", &key);
        command
    };
    wait_until_known(&server, &key);
    let approved = json(&mut as_person(&["approvals", "approve", first, "--reason", "fine"]));
    assert_eq!(approved["status"], "approved");
    let denied = json(&mut as_person(&["approvals", "deny", second, "--reason", "wrong customer"]));
    assert_eq!(
        (&denied["status"], &denied["decisionReason"]),
        (&json!("denied"), &json!("wrong customer"))
    );
    assert_eq!(json(&mut on(&server, &["approvals", "list"])), json!([]));
}

#[test]
fn unknown_agent_fails_with_one() {
    let (_home, server) = with_agent();
    let stderr = fails_with(1, &mut on(&server, &["agents", "show", "nobody"]));
    assert!(stderr.starts_with("error: "), "{stderr}");
}

#[test]
fn wrong_key_fails_with_one_and_a_hint() {
    let (_home, server) = with_agent();
    let mut command = on(&server, &["agents", "list"]);
    let stderr = fails_with(1, command.env("EXECLAVE_API_KEY", "exe_prod_wrong"));
    assert!(stderr.contains("hint:") && !stderr.contains("exe_prod_wrong"), "{stderr}");
}

#[test]
fn missing_key_is_a_usage_error() {
    let stderr = fails_with(2, execlave().args(["agents", "list"]));
    assert!(stderr.contains("EXECLAVE_API_KEY"), "{stderr}");
}

#[test]
fn unreachable_server_fails_with_three() {
    let mut command = execlave();
    command.args([
        "agents",
        "list",
        "--base-url",
        "http://127.0.0.1:1",
        "--api-key",
        BOOTSTRAP_KEY,
    ]);
    let stderr = fails_with(3, &mut command);
    assert!(stderr.contains("`http://127.0.0.1:1`") && stderr.contains("hint:"), "{stderr}");
}

/// The command with this server in its environment.
fn on(server: &Server, verb: &[&str]) -> Command {
    let mut command = execlave();
    command
        .args(verb)
        .env("EXECLAVE_BASE_URL", &server.base_url)
        .env("EXECLAVE_API_KEY", BOOTSTRAP_KEY);
    command
}

/// A server with one agent that needs a person for refunds.
fn with_agent() -> (Home, Server) {
    let home = Home::new();
    let server = home.serve(&["--bootstrap-key", BOOTSTRAP_KEY]);
    let post = |path: &str, body: &Value| {
        let answer = server.request("POST", &format!("/api/v1{path}"), BOOTSTRAP_KEY, Some(body));
        assert_eq!(answer.status, 201, "{}", answer.body);
    };
    post(
        "/agents",
        &json!({"agentId": "refund-bot", "name": "Refund bot", "type": "chatbot", "platform": "custom"}),
    );
    let rule = json!({"tools": ["refund"]});
    let mode = "require_approval";
    post(
        "/policies",
        &json!({"name": "Refunds", "policyType": "action_approval", "enforcementMode": mode, "ruleDefinition": rule}),
    );
    (home, server)
}

/// A key made by another process takes a moment to arrive.
fn wait_until_known(server: &Server, key: &str) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while server.request("GET", "/api/v1/approvals", key, None).status != 200 {
        assert!(std::time::Instant::now() < deadline, "the server never learned of the key");
    }
}
