//! The kill switch on every path on which an action could still slip through: with a decision in hand, through an outage, while a
//! person is asked, and after the person said yes.

use std::time::Duration;

use execlave_api::enforce::EnforceRequest;
use execlave_client::{Answer, Client, Error};
use serde_json::{Value, json};

use crate::support::{Deployment, TestApp, eventually, payment_context};

fn question(input: &str) -> EnforceRequest {
    let question = json!({ "agentId": "bot", "input": input, "tools": ["pay"] });
    serde_json::from_value(question).expect("a question")
}

async fn status(deployment: &Deployment, verb: &str) {
    let path = format!("/agents/bot/{verb}");
    let _: Value =
        deployment.operator.patch(&path, &json!({ "reason": "drill" })).await.expect("done");
}

/// Waits until an application listens: it is told of a change that nothing else would tell it.
async fn until_it_listens(deployment: &Deployment, client: &Client) {
    eventually(async || {
        status(deployment, "pause").await;
        let heard = client.known_status("bot", None).as_deref() == Some("paused");
        status(deployment, "resume").await;
        heard
    })
    .await;
    eventually(async || client.known_status("bot", None).as_deref() == Some("active")).await;
}

/// Learns of changes by the channel alone, and decides in its own process what it can.
async fn application(deployment: &Deployment) -> Client {
    let client = deployment
        .application(|config| {
            config.poll_interval = Some(Duration::from_hours(1));
            config.timeout = Duration::from_millis(500);
        })
        .await;
    until_it_listens(deployment, &client).await;
    client
}

fn is_pause<T: std::fmt::Debug>(answer: &Result<T, Error>) -> bool {
    matches!(answer, Err(Error::AgentPaused { .. }))
}

#[tokio::test]
async fn a_pause_beats_what_was_decided_a_moment_ago() {
    let deployment = Deployment::new().await;
    let client = application(&deployment).await;
    for _ in 0..3 {
        client.enforce(question("hello")).await.expect("allowed");
    }
    status(&deployment, "pause").await;
    eventually(async || client.known_status("bot", None).as_deref() == Some("paused")).await;
    assert!(is_pause(&client.enforce(question("hello")).await));
    status(&deployment, "resume").await;
    eventually(async || client.enforce(question("hello")).await.is_ok()).await;
}

#[tokio::test]
async fn a_known_pause_holds_through_an_outage_and_a_resume_ends_it() {
    let mut deployment = Deployment::new().await;
    let client = application(&deployment).await;
    client.enforce(question("hello")).await.expect("allowed");
    status(&deployment, "pause").await;
    eventually(async || client.known_status("bot", None).as_deref() == Some("paused")).await;
    deployment.stop().await;
    for _ in 0..4 {
        assert!(is_pause(&client.enforce(question("hello")).await));
    }
    assert_eq!(client.bypass_count(), 0);
    deployment.start().await;
    status(&deployment, "resume").await;
    eventually(async || client.enforce(question("hello")).await.is_ok()).await;
}

#[tokio::test]
async fn a_pause_during_an_outage_holds_as_soon_as_the_server_is_back() {
    let mut deployment = Deployment::new().await;
    let client = application(&deployment).await;
    deployment.stop().await;
    deployment.pause_in_the_store("bot").await;
    deployment.start().await;
    // The first answer from the server, by whichever way, is the pause.
    eventually(async || is_pause(&client.enforce(question("hello")).await)).await;
    assert!(is_pause(&client.enforce(question("hello")).await));
}

#[tokio::test]
async fn a_pause_ends_the_wait_for_a_person_at_once() {
    let deployment = Deployment::new().await;
    // Before there is a bundle, so that none is without it.
    deployment.policy("action_approval", "require_approval", json!({ "tools": ["pay"] })).await;
    let client = application(&deployment).await;
    let Answer::Pending(pending) = client.ask(question("pay")).await.expect("asked") else {
        panic!("nobody was asked");
    };
    let waiting = client.wait_for_approval(&pending);
    let pausing = async {
        eventually(async || !deployment.metrics().await.contains("execlave_approval_waiters 0"))
            .await;
        status(&deployment, "pause").await;
    };
    // Held questions last 25 seconds; the wait ends with the news.
    let (waited, ()) = tokio::join!(
        async { tokio::time::timeout(Duration::from_secs(10), waiting).await },
        pausing
    );
    assert!(is_pause(&waited.expect("in time")));

    // The person says yes meanwhile: it counts once the agent is resumed, and not before.
    let path = format!("/approvals/{}/approve", pending.id);
    let _: Value =
        deployment.operator.post(&path, &json!({ "reason": "fine" })).await.expect("yes");
    assert!(is_pause(&client.wait_for_approval(&pending).await));
    status(&deployment, "resume").await;
    eventually(async || client.known_status("bot", None).as_deref() == Some("active")).await;
    client.wait_for_approval(&pending).await.expect("approved");
}

#[tokio::test]
async fn a_yes_is_no_use_to_a_paused_agent_whatever_its_client_knows() {
    let app = TestApp::new().await;
    let (id, client) = app.pending_approval().await;
    let operator = app.operator();
    operator.post(&format!("/approvals/{id}/approve"), json!({ "reason": "ok" })).await.expect(200);
    operator.patch("/agents/payer/pause", json!({ "reason": "drill" })).await.expect(200);
    let verify = async || {
        let context = json!({ "actionContext": payment_context() });
        client.post(&format!("/approvals/{id}/verify"), context).await
    };
    let refused = verify().await.expect_error(403, "AGENT_PAUSED");
    assert!(refused.text.contains("payer"), "{}", refused.text);
    operator.patch("/agents/payer/resume", json!({})).await.expect(200);
    assert_eq!(verify().await.expect(200)["data"]["valid"], true, "it was not used up");
}

#[tokio::test]
async fn who_registers_while_everybody_is_paused_starts_paused() {
    let app = TestApp::new().await;
    let (operator, stranger) = (app.operator(), app.other_organisation().await);
    let register = async |client: &crate::support::Client, id: &str| {
        let answer = client.post("/agents", json!({ "agentId": id, "name": id })).await.expect(201);
        answer["data"]["status"].as_str().expect("a status").to_owned()
    };
    // Before there is any agent, too.
    let reason = json!({ "all": true, "reason": "incident 12" });
    operator.post("/agents/pause", reason).await.expect(200);
    assert_eq!(register(&operator, "late").await, "paused");
    assert_eq!(register(&stranger, "late").await, "active");
    let blocked = json!({ "agentId": "late", "input": "hello" });
    let blocked = operator.post("/policies/enforce", blocked).await.expect(403);
    assert!(blocked.text.contains("incident 12"), "{}", blocked.text);
    operator.post("/agents/resume", json!({ "tag": "blue" })).await.expect(200);
    assert_eq!(register(&operator, "later").await, "paused");
    operator.post("/agents/resume", json!({ "all": true })).await.expect(200);
    assert_eq!(register(&operator, "latest").await, "active");
    let again = json!({ "agentId": "late", "name": "late" });
    assert_eq!(operator.post("/agents", again).await.expect(200)["data"]["status"], "active");
}
