//! The Rust SDK beside a real server: what it decides in its own process, and what becomes of that.

use std::sync::atomic::Ordering;
use std::time::Duration;

use execlave_api::enforce::EnforceRequest;
use execlave_client::{Answer, Client, Error, Source};
use serde_json::{Value, json};

use crate::support::{Deployment, eventually};

fn question(tools: &[&str]) -> EnforceRequest {
    question_of("bot", tools)
}

fn question_of(agent: &str, tools: &[&str]) -> EnforceRequest {
    let question = json!({ "agentId": agent, "input": "hello", "tools": tools });
    serde_json::from_value(question).expect("a question")
}

async fn source(client: &Client, tools: &[&str]) -> Source {
    match client.ask(question(tools)).await {
        Ok(Answer::Allowed(allowed)) => allowed.source,
        other => panic!("{other:?}"),
    }
}

async fn blocked(client: &Client, tools: &[&str]) -> (Source, Vec<Value>, String) {
    match client.ask(question(tools)).await {
        Err(Error::Blocked { violations, decision_id, decided_by }) => {
            (decided_by, violations, decision_id.expect("an id"))
        }
        other => panic!("{other:?}"),
    }
}

async fn until_local(client: &Client) {
    eventually(async || client.decides_locally("bot", None)).await;
}

async fn records(deployment: &Deployment) -> Vec<Value> {
    let answer: Value = deployment.operator.get("/decisions").await.expect("a list");
    answer["data"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn the_sdk_decides_as_the_server_and_the_server_learns_of_it() {
    let deployment = Deployment::new().await;
    deployment.policy("access_control", "block", json!({ "deniedTools": ["rm"] })).await;
    deployment.policy("pii_access", "warn", json!({})).await;
    let local = deployment.application(|_| {}).await;
    let asking = deployment.application(|config| config.local_decisions = false).await;
    until_local(&local).await;
    let (here, there) = (blocked(&local, &["rm"]).await, blocked(&asking, &["rm"]).await);
    assert_eq!((here.0, there.0), (Source::Local, Source::Server));
    assert_eq!(json!(here.1).to_string(), json!(there.1).to_string());
    let mut bodies = Vec::new();
    for client in [&local, &asking] {
        let mut mail = question(&["ls"]);
        mail.input = "write to jane@example.com".into();
        let Ok(Answer::Allowed(mut allowed)) = client.ask(mail).await else { panic!("denied") };
        allowed.body.retain(|name, _| name != "decisionId" && name != "source");
        bodies.push(Value::Object(allowed.body).to_string());
    }
    assert_eq!(bodies[0], bodies[1]);
    assert!(bodies[0].contains("pii_access.email"), "{}", bodies[0]);

    assert_eq!(local.flush().await.decisions_reported, 2);
    assert_eq!(local.flush().await.decisions_reported, 0);
    let records = records(&deployment).await;
    let of = |source: &str, outcome: &str| {
        let mut found = records.iter().filter(|record| record["source"] == source);
        found.find(|record| record["outcome"] == outcome).expect("a record").clone()
    };
    for outcome in ["allow", "block"] {
        let (here, there) = (of("local", outcome), of("server", outcome));
        for field in
            ["agentId", "environment", "actionDigest", "violations", "warnings", "bundleVersion"]
        {
            assert_eq!(here[field], there[field], "{outcome}: {field}");
        }
    }
    assert_eq!(of("local", "block")["id"], here.2);
    let path = format!("/decisions/{}", here.2);
    let whole: Value = deployment.operator.get(&path).await.expect("a decision");
    assert_eq!(whole["data"]["policyVersions"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn without_policies_everything_is_allowed_here() {
    let deployment = Deployment::new().await;
    let client = deployment.application(|_| {}).await;
    until_local(&client).await;
    assert_eq!(source(&client, &["rm"]).await, Source::Local);
    assert_eq!(client.flush().await.decisions_reported, 1);
    assert_eq!(records(&deployment).await[0]["source"], "local");
}

#[tokio::test]
async fn an_application_that_registers_nobody_decides_about_whom_it_asked() {
    let deployment = Deployment::new().await;
    deployment.policy("access_control", "block", json!({ "deniedTools": ["rm"] })).await;
    deployment.application(|config| config.local_decisions = false).await;
    let newcomer = deployment.newcomer(|_| {});
    // A refusal tells as well as an allow.
    assert_eq!(blocked(&newcomer, &["rm"]).await.0, Source::Server);
    until_local(&newcomer).await;
    assert_eq!(blocked(&newcomer, &["rm"]).await.0, Source::Local);
    assert_eq!(source(&newcomer, &["ls"]).await, Source::Local);
}

#[tokio::test]
async fn people_and_budgets_are_the_servers_matter() {
    let deployment = Deployment::new().await;
    deployment.policy("action_approval", "require_approval", json!({ "tools": ["pay"] })).await;
    let client = deployment.application(|_| {}).await;
    until_local(&client).await;
    assert_eq!(source(&client, &["ls"]).await, Source::Local);
    assert!(matches!(client.ask(question(&["pay"])).await, Ok(Answer::Pending(_))));
    let rule =
        json!({ "name": "all", "scope": "org", "window": "1d", "capUsd": 5, "action": "block" });
    let rule: Value = deployment.operator.post("/cost-budget-rules", &rule).await.expect("made");
    assert_eq!(source(&client, &["ls"]).await, Source::Server);
    let mut dear = question(&["ls"]);
    dear.estimated_cost = Some(6.0);
    match client.ask(dear).await {
        Err(Error::Blocked { violations, decided_by, .. }) => {
            assert_eq!(
                (&violations[0]["policyType"], decided_by),
                (&json!("cost_budget_rule"), Source::Server)
            );
        }
        other => panic!("{other:?}"),
    }
    assert!(rule["data"]["id"].is_string());
}

#[tokio::test]
async fn a_pause_reaches_an_application_that_decides_by_itself() {
    let deployment = Deployment::new().await;
    // The status is never asked for: only the bundle can tell.
    let client =
        deployment.application(|config| config.poll_interval = Some(Duration::from_hours(1))).await;
    let other = json!({ "agentId": "other", "name": "other" });
    let other = serde_json::from_value(other).expect("a registration");
    client.register_agent(&other).await.expect("registered");
    until_local(&client).await;
    eventually(async || client.decides_locally("other", None)).await;
    let reason = json!({ "reason": "drill" });
    let paused: Value =
        deployment.operator.patch("/agents/bot/pause", &reason).await.expect("paused");
    assert_eq!(paused["data"]["status"], "paused");
    match client.ask(question(&[])).await {
        Err(Error::AgentPaused { reason, .. }) => {
            assert!(reason.is_some_and(|reason| reason.contains("drill")));
        }
        other => panic!("{other:?}"),
    }
    let others = client.ask(question_of("other", &[])).await;
    assert!(matches!(others, Ok(Answer::Allowed(allowed)) if allowed.source == Source::Local));
    let none = json!({});
    let _: Value = deployment.operator.patch("/agents/bot/resume", &none).await.expect("resumed");
    eventually(async || client.ask(question(&[])).await.is_ok()).await;
    until_local(&client).await;
    assert_eq!(source(&client, &[]).await, Source::Local);
}

#[tokio::test]
async fn an_answered_change_counts_for_the_very_next_action() {
    let deployment = Deployment::new().await;
    let client = deployment.application(|_| {}).await;
    until_local(&client).await;
    assert_eq!(source(&client, &["rm"]).await, Source::Local);
    let policy =
        deployment.policy("access_control", "block", json!({ "deniedTools": ["rm"] })).await;
    assert_eq!(blocked(&client, &["rm"]).await.0, Source::Local);
    let off = json!({ "isActive": false });
    let path = format!("/policies/{policy}");
    let _: Value = deployment.operator.patch(&path, &off).await.expect("changed");
    assert_eq!(source(&client, &["rm"]).await, Source::Local);

    deployment.policy("access_control", "block", json!({})).await;
    let only = json!({ "allowedActions": ["ls"] });
    let _: Value = deployment.operator.patch("/agents/bot", &only).await.expect("changed");
    assert_eq!(blocked(&client, &["cat"]).await.0, Source::Local);
    assert_eq!(source(&client, &["ls"]).await, Source::Local);
}

#[tokio::test]
async fn a_bundle_that_was_changed_on_its_way_is_not_used() {
    let deployment = Deployment::new().await;
    deployment.policy("access_control", "block", json!({ "deniedTools": ["rm"] })).await;
    let text = r#""deniedTools":["rm"]"#;
    let through = async |by| {
        let (place, forged) = deployment.through_a_forger(text, by).await;
        let settings = |config: &mut execlave_client::Config| {
            config.base_url = format!("http://{place}").parse().expect("a URL");
        };
        (deployment.application(settings).await, forged)
    };
    let (client, _) = through(text).await;
    until_local(&client).await;
    assert_eq!(blocked(&client, &["rm"]).await.0, Source::Local);
    let (client, forged) = through(r#""deniedTools":["xx"]"#).await;
    // It is asked for again once the first was judged.
    eventually(async || forged.load(Ordering::SeqCst) > 1).await;
    assert_eq!(blocked(&client, &["rm"]).await.0, Source::Server);
    assert!(!client.decides_locally("bot", None));
    assert_eq!(client.local_decision_count(), 0);
}

#[tokio::test]
async fn an_outage_leaves_agents_governed_and_the_records_follow() {
    let mut deployment = Deployment::new().await;
    deployment.policy("access_control", "block", json!({ "deniedTools": ["rm"] })).await;
    let client = deployment.application(|_| {}).await;
    until_local(&client).await;
    deployment.stop().await;
    assert_eq!(source(&client, &["ls"]).await, Source::Local);
    let (by, _, denied) = blocked(&client, &["rm"]).await;
    assert_eq!((by, client.bypass_count()), (Source::Local, 0));
    let report = client.flush().await;
    assert_eq!((report.decisions_reported, report.decisions_unreported), (0, 2));

    deployment.start().await;
    assert_eq!(client.flush().await.decisions_reported, 2);
    let records = records(&deployment).await;
    assert_eq!(records.len(), 2);
    assert!(records.iter().any(|record| record["id"] == json!(denied)));
}

#[tokio::test]
async fn in_an_outage_only_what_needs_the_server_falls_back() {
    let mut deployment = Deployment::new().await;
    deployment.policy("access_control", "block", json!({ "deniedTools": ["rm"] })).await;
    deployment.policy("rate_limit", "block", json!({ "maxRequestsPerMinute": 100 })).await;
    let client = deployment.application(|_| {}).await;
    until_local(&client).await;
    assert_eq!(source(&client, &["ls"]).await, Source::Server);
    deployment.stop().await;
    assert_eq!(source(&client, &["ls"]).await, Source::NetworkError);
    assert_eq!(blocked(&client, &["rm"]).await.0, Source::Local);
    assert_eq!(client.bypass_count(), 1);
}
