//! Every type of event that can be subscribed to happens, and `docs/reference/webhook-events.md` shows what it looks like.

use std::fmt::Write as _;
use std::path::Path;

use execlave_core::webhook::{Event, EventType};
use execlave_store::page::PageRequest;
use execlave_store::webhooks::DeliveryFilter;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{TestApp, payment};

const HEAD: &str = "\
# Webhook events

Every type of event a [webhook](../guides/webhooks.md) can be told of, with the body it has in the format `execlave`. Fields that an event
has nothing to say about are left out; fields may be added.
";

/// Does one thing after the other until everything has happened once.
async fn live(app: &TestApp) {
    let operator = app.operator();
    let id =
        |answer: &crate::support::Answer| answer["data"]["id"].as_str().expect("an id").to_owned();

    app.agent("support-bot").await;
    let named = json!({ "name": "Support bot", "ownerEmail": "desk@example.com" });
    operator.patch("/agents/support-bot", named).await.expect(200);
    let score = json!({ "score": 0.93 });
    operator.patch("/agents/support-bot/red-team-score", score).await.expect(200);
    let reason = json!({ "reason": "answers in rhymes" });
    operator.patch("/agents/support-bot/pause", reason).await.expect(200);
    operator.patch("/agents/support-bot/resume", json!({})).await.expect(200);

    versions(app).await;

    let (denied, client) = app.pending_approval().await;
    operator
        .post(&format!("/approvals/{denied}/deny"), json!({ "reason": "unknown supplier" }))
        .await
        .expect(200);
    let asked = client.post("/policies/enforce", payment()).await.expect(202);
    let approved = asked["approvalRequestId"].as_str().expect("an id").to_owned();
    let known = json!({ "reason": "known supplier" });
    operator.post(&format!("/approvals/{approved}/approve"), known).await.expect(200);
    let mut other = payment();
    other["input"] = json!("pay a third invoice");
    let asked = client.post("/policies/enforce", other.clone()).await.expect(202);
    let cancelled = asked["approvalRequestId"].as_str().expect("an id").to_owned();
    let dropped = json!({ "reason": "not needed any more" });
    client.post(&format!("/approvals/{cancelled}/cancel"), dropped).await.expect(200);
    other["input"] = json!("pay another invoice");
    client.post("/policies/enforce", other).await.expect(202);
    let now = app.clock.now();
    app.store.escalate_approvals_across_orgs(now, now).await.expect("passed on");

    let made = json!({ "name": "No injection", "policyType": "injection_scan", "enforcementMode": "block", "ruleDefinition": {} });
    let policy = id(&operator.post("/policies", made).await.expect(201));
    let off = json!({ "isActive": false });
    operator.patch(&format!("/policies/{policy}"), off).await.expect(200);
    operator.delete(&format!("/policies/{policy}")).await.expect(204);

    let rule = json!({ "name": "Daily budget", "scope": "org", "window": "1d", "capUsd": 1, "action": "block", "warningThresholdPct": 50 });
    let made = id(&operator.post("/cost-budget-rules", rule.clone()).await.expect(201));
    let ask = json!({ "agentId": "support-bot", "input": "hello", "estimatedCost": 2 });
    client.post("/policies/enforce", ask).await.expect(403);
    operator.put(&format!("/cost-budget-rules/{made}"), rule).await.expect(200);
    operator.delete(&format!("/cost-budget-rules/{made}")).await.expect(204);

    app.policy("pii_access", "warn", json!({ "deniedPiiTypes": ["email"] })).await;
    let leak =
        json!({ "traceId": "tr_leak", "agentId": "support-bot", "output": "to jane@example.com" });
    client.post("/traces/ingest", json!({ "traces": [leak] })).await.expect(202);

    let validator = json!({ "name": "Ledger check", "url": "https://validator.example.com/" });
    let made = id(&operator.post("/validators", validator.clone()).await.expect(201));
    operator.put(&format!("/validators/{made}"), validator).await.expect(200);
    operator.delete(&format!("/validators/{made}")).await.expect(204);

    operator.patch("/organization/settings", json!({ "keepInput": true })).await.expect(200);
    let key = json!({ "name": "deploy", "environment": "development", "scopes": ["read"] });
    let made = id(&operator.post("/api-keys", key).await.expect(201));
    operator.post(&format!("/api-keys/{made}/rotate"), json!({})).await.expect(201);
    operator.post(&format!("/api-keys/{made}/revoke"), json!({})).await.expect(200);
    let window = json!({
        "windowId": "01930000-0000-7000-8000-000000000001", "agentId": "support-bot", "reason": "network_error",
        "source": "fail_open_network_error", "firstAt": "2026-09-21T12:00:00.000Z", "lastAt": "2026-09-21T12:01:00.000Z", "count": 3,
    });
    let sdk = json!({ "name": "execlave-sdk", "language": "python", "version": "1.9.1" });
    let report = json!({ "sdk": sdk, "sentAt": "2026-09-21T12:02:00.000Z", "windows": [window] });
    client.post("/sdk/bypass-windows", report).await.expect(200);

    let invite = json!({ "email": "ada@example.com", "name": "Ada", "role": "viewer" });
    let invited = operator.post("/users", invite).await.expect(201);
    let person = invited["data"]["user"]["id"].as_str().expect("an id").to_owned();
    let token = invited["data"]["link"].as_str().and_then(|link| link.rsplit('/').next());
    let accept = json!({ "token": token, "name": "Ada", "password": "four words of mine" });
    let session = app.anonymous().post("/auth/accept-invitation", accept).await.expect(200);
    let ada = app.client(session["data"]["token"].as_str().expect("a token"));
    let change = json!({ "currentPassword": "four words of mine", "newPassword": "five other words of mine" });
    ada.post("/me/password", change).await.expect(204);
    let grant = json!({ "approver": true });
    operator.patch(&format!("/users/{person}"), grant).await.expect(200);
    operator.delete(&format!("/users/{person}")).await.expect(200);

    app.clock.advance_millis(3_600_000);
    app.store.expire_approvals_across_orgs(app.clock.now()).await.expect("expired");
}

/// What happens to the versions of an agent and of its prompt.
async fn versions(app: &TestApp) {
    let (operator, client) = (app.operator(), app.agent_key().await);
    let version = json!({ "activate": true, "versionLabel": "1.4.0", "metadata": { "gitCommit": "9f86d08" } });
    client.post("/agents/support-bot/versions", version).await.expect(201);
    let mut made = Vec::new();
    for tag in ["terse", "kind"] {
        let text = format!("Answer {tag}ly.");
        let body = json!({ "agentId": "support-bot", "promptTemplate": text, "versionTag": tag });
        let answer = client.post("/prompt-versions", body).await.expect(201);
        made.push(answer["data"]["id"].as_str().expect("an id").to_owned());
    }
    let ask = json!({ "environment": "production", "requireApproval": true, "deploymentNotes": "asked for by sales" });
    let steps = [
        (&made[0], "deploy", json!({ "environment": "production" })),
        (&made[1], "deploy", ask.clone()),
        (&made[1], "reject", json!({ "reason": "too long" })),
        (&made[1], "deploy", ask),
        (&made[1], "approve", json!({ "reason": "shorter" })),
        (&made[0], "rollback", json!({ "reason": "worse answers" })),
    ];
    for (id, verb, body) in steps {
        let by = if verb == "deploy" { &client } else { &operator };
        by.post(&format!("/prompt-versions/{id}/{verb}"), body).await.expect(200);
    }
}

/// Every event, as it is sent.
async fn happened(app: &TestApp, webhook: Uuid) -> Vec<Event> {
    let page = PageRequest { limit: PageRequest::MAX_LIMIT, cursor: None };
    let org = app.org().await;
    let list = app.store.list_deliveries(org, webhook, &DeliveryFilter::default(), &page).await;
    list.expect("read").items.into_iter().map(|delivery| delivery.event).collect()
}

/// The event as it is sent, with one example in the place of every id and every hash.
fn example(event: &Event) -> String {
    let mut event: Value = serde_json::from_slice(&event.body()).expect("JSON");
    blur(&mut event);
    serde_json::to_string_pretty(&event).expect("JSON")
}

fn blur(value: &mut Value) {
    match value {
        Value::String(text) => *text = blurred(text),
        Value::Array(items) => items.iter_mut().for_each(blur),
        Value::Object(fields) => fields.values_mut().for_each(blur),
        _ => {}
    }
}

fn blurred(text: &str) -> String {
    const ID: &str = "0199a1b2-0000-7000-8000-000000000001";
    let is_hash = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash {
        return "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned();
    }
    if text.starts_with("exe_dev_") {
        return "exe_dev_4fT9x".to_owned();
    }
    let (head, tail) = text.split_at(text.len().saturating_sub(ID.len()));
    if Uuid::try_parse(tail).is_ok() { format!("{head}{ID}") } else { text.to_owned() }
}

#[tokio::test]
async fn every_type_of_event_happens_and_is_shown() {
    let app = super::app().await;
    let url = "https://hooks.example.com/".to_owned();
    let (id, _) = super::webhook(&app, url, json!({ "events": ["*"] })).await;
    live(&app).await;
    let happened = happened(&app, id.parse().expect("an id")).await;
    let mut page = HEAD.to_owned();
    for kind in EventType::subscribable() {
        // Of several, the same one every time.
        let examples = happened.iter().filter(|event| event.kind == kind).map(example);
        let example = examples.min().unwrap_or_else(|| panic!("nothing told of `{kind}`"));
        write!(page, "\n## `{kind}`\n\n{}.\n\n```json\n{}\n```\n", sentence(kind), example)
            .expect("writing to a string");
    }
    write!(page, "\n## `{}`\n\n{}.\n", EventType::Test, sentence(EventType::Test))
        .expect("writing to a string");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/webhook-events.md");
    if option_env!("EXECLAVE_UPDATE").is_some() {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/reference/webhook-events.md is stale: run EXECLAVE_UPDATE=1 cargo test -p execlave-server"
    );
    // What people wrote to agents, and what they are called to keep secret, stays here.
    for event in &happened {
        let body = String::from_utf8(event.body()).expect("UTF-8");
        assert!(!body.contains("jane@example.com"), "{body}");
    }
}

fn sentence(kind: EventType) -> String {
    let mut letters = kind.meaning().chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[tokio::test]
async fn a_group_that_is_paused_is_told_agent_by_agent() {
    let app = super::app().await;
    let url = "https://hooks.example.com/".to_owned();
    let (id, _) = super::webhook(&app, url, json!({ "events": ["agent.paused"] })).await;
    app.agent("one").await;
    app.agent("two").await;
    let all = json!({ "all": true, "reason": "drill" });
    app.operator().post("/agents/pause", all.clone()).await.expect(200);
    app.operator().post("/agents/resume", all).await.expect(200);
    let told = happened(&app, id.parse().expect("an id")).await;
    let mut agents: Vec<&str> =
        told.iter().filter_map(|event| event.data["agentId"].as_str()).collect();
    agents.sort_unstable();
    assert_eq!(agents, ["one", "two"]);
    assert!(told.iter().all(|event| event.data["reason"] == "drill"));
}
