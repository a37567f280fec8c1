//! The control channel over real sockets.

use std::time::Duration;

use execlave_api::enforce::EnforceRequest;
use execlave_client::{Answer, ApiKey, Client, Error};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Deployment, Listener, eventually};

fn hello(key: &str) -> Value {
    json!({ "apiKey": key })
}

async fn listen(deployment: &Deployment) -> Listener {
    let (listener, answer) = Listener::connect(deployment.addr, hello(&deployment.sdk_key)).await;
    assert!(answer.starts_with("40/sdk,{\"sid\":"), "{answer}");
    listener
}

/// Learns of a pause from the channel or not at all.
async fn application(deployment: &Deployment) -> Client {
    deployment
        .application(|config| {
            config.local_decisions = false;
            config.poll_interval = Some(Duration::from_hours(1));
        })
        .await
}

async fn register(client: &Client, agent_id: &str) {
    let agent = json!({ "agentId": agent_id, "name": agent_id });
    let agent = serde_json::from_value(agent).expect("a registration");
    client.register_agent(&agent).await.expect("registered");
}

async fn pause(deployment: &Deployment, agent_id: &str) -> Value {
    let path = format!("/agents/{agent_id}/pause");
    deployment.operator.patch(&path, &json!({ "reason": "drill" })).await.expect("paused")
}

async fn resume(deployment: &Deployment, agent_id: &str) {
    let path = format!("/agents/{agent_id}/resume");
    let _: Value = deployment.operator.patch(&path, &json!({})).await.expect("resumed");
}

#[tokio::test]
async fn a_change_of_status_is_told_once() {
    let deployment = Deployment::new().await;
    let _client = application(&deployment).await;
    let mut listener = listen(&deployment).await;
    let paused = pause(&deployment, "bot").await;
    let event = listener.event("agent.status_updated").await;
    assert_eq!(
        event,
        json!({
            "agentId": "bot", "status": "paused", "reason": "drill", "id": paused["data"]["id"],
            "environment": "production", "epoch": paused["data"]["epoch"],
        })
    );
    // Pausing it again changes nothing, and neither does a change of something else.
    pause(&deployment, "bot").await;
    let name = json!({ "name": "robot" });
    let _: Value = deployment.operator.patch("/agents/bot", &name).await.expect("changed");
    resume(&deployment, "bot").await;
    let event = listener.event("agent.status_updated").await;
    assert_eq!(event["status"], "active");
    assert!(event["epoch"].as_i64() > paused["data"]["epoch"].as_i64(), "{event}");
}

#[tokio::test]
async fn policies_and_approvals_are_told() {
    let deployment = Deployment::new().await;
    let client = application(&deployment).await;
    let mut listener = listen(&deployment).await;
    deployment.policy("action_approval", "require_approval", json!({ "tools": ["pay"] })).await;
    let first = listener.event("policy.bundle_updated").await["epoch"].as_i64();
    let question = json!({ "agentId": "bot", "input": "pay", "tools": ["pay"] });
    let question: EnforceRequest = serde_json::from_value(question).expect("a question");
    let id = match client.ask(question).await {
        Ok(Answer::Pending(pending)) => pending.id,
        other => panic!("{other:?}"),
    };
    let path = format!("/approvals/{id}/approve");
    let _: Value = deployment.operator.post(&path, &json!({})).await.expect("approved");
    let event = listener.event("approval.decided").await;
    assert_eq!(event, json!({ "approvalRequestId": id, "status": "approved" }));
    deployment.policy("access_control", "block", json!({ "deniedTools": ["rm"] })).await;
    let second = listener.event("policy.bundle_updated").await["epoch"].as_i64();
    assert!(second > first && first.is_some(), "{first:?} {second:?}");
}

#[tokio::test]
async fn only_a_key_that_may_see_agents_listens() {
    let deployment = Deployment::new().await;
    let narrow = json!({ "name": "narrow", "scopes": ["settings:write"] });
    let narrow: Value = deployment.operator.post("/api-keys", &narrow).await.expect("made");
    let narrow = narrow["data"]["key"].as_str().expect("a key").to_owned();
    for (hello, why) in [
        (json!({}), "no API key"),
        (json!({ "apiKey": 7 }), "no API key"),
        (json!([]), "no API key"),
        (hello("exe_prod_unknown"), "not known"),
        (hello(&narrow), "may not listen"),
    ] {
        let (_listener, answer) = Listener::connect(deployment.addr, hello.clone()).await;
        assert!(answer.starts_with("44/sdk,") && answer.contains(why), "{hello} {answer}");
    }
}

async fn new_key(deployment: &Deployment, more: Value) -> String {
    let mut body = json!({ "name": "narrow" });
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    let made: Value = deployment.operator.post("/api-keys", &body).await.expect("made");
    made["data"]["key"].as_str().expect("a key").to_owned()
}

#[tokio::test]
async fn where_requests_must_be_signed_the_connection_must_be() {
    let deployment = Deployment::new().await;
    let key = new_key(&deployment, json!({ "requireSignature": true })).await;
    let (_listener, answer) = Listener::connect(deployment.addr, hello(&key)).await;
    assert!(answer.starts_with("44/sdk,") && answer.contains("must be signed"), "{answer}");
    let forged = json!({ "apiKey": key, "timestamp": "1", "nonce": "0123456789abcdef", "signature": "sha256=00" });
    let (_listener, answer) = Listener::connect(deployment.addr, forged).await;
    assert!(answer.starts_with("44/sdk,"), "{answer}");
    let client = deployment
        .application(|config| {
            config.api_key = ApiKey::new(&key).expect("a key");
            config.sign_requests = true;
            config.local_decisions = false;
            config.poll_interval = Some(Duration::from_hours(1));
        })
        .await;
    eventually(async || {
        pause(&deployment, "bot").await;
        let heard = client.known_status("bot", None).as_deref() == Some("paused");
        if !heard {
            resume(&deployment, "bot").await;
        }
        heard
    })
    .await;
}

#[tokio::test]
async fn a_key_of_some_environments_hears_of_no_others_agents() {
    let deployment = Deployment::new().await;
    let _client = application(&deployment).await;
    let key = new_key(&deployment, json!({ "environments": ["staging"] })).await;
    let (mut listener, answer) = Listener::connect(deployment.addr, hello(&key)).await;
    assert!(answer.starts_with("40/sdk,"), "{answer}");
    let agent = json!({ "agentId": "near", "name": "near", "environment": "staging" });
    let _: Value = deployment.operator.post("/agents", &agent).await.expect("registered");
    pause(&deployment, "bot").await;
    pause(&deployment, "near").await;
    assert_eq!(listener.event("agent.status_updated").await["agentId"], "near");
    deployment.policy("access_control", "block", json!({ "deniedTools": ["rm"] })).await;
    assert!(listener.event("policy.bundle_updated").await["epoch"].is_i64());
}

#[tokio::test]
async fn a_revoked_key_is_sent_away() {
    let deployment = Deployment::new().await;
    let key = json!({ "name": "short-lived", "scopes": ["sdk"] });
    let key: Value = deployment.operator.post("/api-keys", &key).await.expect("made");
    let secret = key["data"]["key"].as_str().expect("a key");
    let (listener, answer) = Listener::connect(deployment.addr, hello(secret)).await;
    assert!(answer.starts_with("40/sdk,"), "{answer}");
    let path = format!("/api-keys/{}/revoke", key["data"]["id"].as_str().expect("an id"));
    let _: Value = deployment.operator.post(&path, &json!({})).await.expect("revoked");
    listener.until_closed().await;
    let (_listener, answer) = Listener::connect(deployment.addr, hello(secret)).await;
    assert!(answer.contains("revoked"), "{answer}");
}

#[tokio::test]
async fn a_key_that_is_revoked_beside_the_server_is_sent_away() {
    let deployment = Deployment::new().await;
    let listener = listen(&deployment).await;
    deployment.revoke_in_the_store().await;
    listener.until_closed().await;
}

#[tokio::test]
async fn another_organisation_hears_nothing() {
    let deployment = Deployment::new().await;
    let _client = application(&deployment).await;
    let (mut listener, answer) =
        Listener::connect(deployment.addr, hello(&deployment.stranger_key)).await;
    assert!(answer.starts_with("40/sdk,"), "{answer}");
    pause(&deployment, "bot").await;
    // Its own news comes through, and is the first it hears.
    let stranger = deployment.stranger();
    register(&stranger, "mine").await;
    let _: Value = stranger.patch("/agents/mine/pause", &json!({})).await.expect("its key may");
    assert_eq!(listener.event("agent.status_updated").await["agentId"], "mine");
}

#[tokio::test]
async fn a_pause_reaches_one_agent_of_an_application_and_no_other() {
    let deployment = Deployment::new().await;
    let client = application(&deployment).await;
    register(&client, "other").await;
    // Only once it listens, or registering would have told it.
    eventually(async || {
        pause(&deployment, "bot").await;
        let heard = client.known_status("bot", None).as_deref() == Some("paused");
        if !heard {
            resume(&deployment, "bot").await;
        }
        heard
    })
    .await;
    match client.ensure_not_paused("bot", None) {
        Err(Error::AgentPaused { reason, .. }) => assert_eq!(reason.as_deref(), Some("drill")),
        other => panic!("{other:?}"),
    }
    assert!(client.ensure_not_paused("other", None).is_ok());
    resume(&deployment, "bot").await;
    eventually(async || client.ensure_not_paused("bot", None).is_ok()).await;
}

#[tokio::test]
async fn what_was_missed_is_asked_for() {
    let mut deployment = Deployment::new().await;
    let client = application(&deployment).await;
    let listener = listen(&deployment).await;
    deployment.stop().await;
    listener.until_closed().await;
    assert!(client.ensure_not_paused("bot", None).is_ok());
    deployment.pause_in_the_store("bot").await;
    deployment.start().await;
    eventually(async || client.ensure_not_paused("bot", None).is_err()).await;
}

#[tokio::test]
async fn a_pause_on_one_server_reaches_the_clients_of_another() {
    let mut deployment = Deployment::new().await;
    let _client = application(&deployment).await;
    let second = deployment.second_server().await;
    let (mut listener, answer) = Listener::connect(second, hello(&deployment.sdk_key)).await;
    assert!(answer.starts_with("40/sdk,"), "{answer}");
    pause(&deployment, "bot").await;
    let event = listener.event("agent.status_updated").await;
    assert_eq!((&event["agentId"], &event["status"]), (&json!("bot"), &json!("paused")));
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_nobody_up() {
    const AGENTS: usize = 40;
    let deployment = Deployment::new().await;
    let client = application(&deployment).await;
    for index in 1..AGENTS {
        register(&client, &format!("bot-{index}")).await;
    }
    let hello = hello(&deployment.sdk_key);
    let _silent = Listener::connect_and_never_read(deployment.addr, hello).await;
    let mut listener = listen(&deployment).await;
    // Several times what waits for one client and what the sockets hold.
    for _ in 0..25 {
        for verb in ["pause", "resume"] {
            let path = format!("/agents/{verb}");
            let _: Value =
                deployment.operator.post(&path, &json!({ "all": true })).await.expect("done");
            for _ in 0..AGENTS {
                listener.event("agent.status_updated").await;
            }
        }
    }
}

#[tokio::test]
async fn everybody_comes_back_at_once_after_a_restart() {
    let mut deployment = Deployment::new().await;
    let _client = application(&deployment).await;
    let connect = async |deployment: &Deployment| {
        let (listener, answer) =
            Listener::connect(deployment.addr, hello(&deployment.sdk_key)).await;
        assert!(answer.starts_with("40/sdk,"), "{answer}");
        listener
    };
    let before = join_all((0..100).map(|_| connect(&deployment))).await;
    deployment.stop().await;
    join_all(before.into_iter().map(Listener::until_closed)).await;
    deployment.start().await;
    let mut back = join_all((0..100).map(|_| connect(&deployment))).await;
    pause(&deployment, "bot").await;
    let heard = join_all(back.iter_mut().map(|one| one.event("agent.status_updated"))).await;
    assert!(heard.iter().all(|event| event["status"] == "paused"));
}
