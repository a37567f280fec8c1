//! The kill switch: per agent, through an outage, and back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use execlave_client::{Answer, Error, Source};
use serde_json::json;

use crate::support::{
    FakeServer, Reply, Seen, eventually, question, registered, registration, violation,
};

/// A server on which agent `a` is paused while the flag is up, and which is out of order while the other is.
async fn server(paused: Arc<AtomicBool>, down: Arc<AtomicBool>) -> FakeServer {
    FakeServer::new(move |seen: &Seen| {
        if down.load(Ordering::SeqCst) {
            return Reply::Raw(503, "");
        }
        if seen.path == "/api/v1/agents" {
            return registered(seen, "active");
        }
        let is_paused = paused.load(Ordering::SeqCst);
        match seen.path.as_str() {
            "/api/v1/agents/id-a/status-poll" if is_paused => Reply::Json(
                200,
                json!({"data": {"status": "paused", "epoch": 2, "reason": "drill"}}),
            ),
            "/api/v1/agents/id-a/status-poll" => {
                Reply::Json(200, json!({"data": {"status": "active", "epoch": 3}}))
            }
            "/api/v1/agents/id-b/status-poll" => Reply::Json(200, json!({"data": {}})),
            "/api/v1/policies/enforce" if is_paused && seen.body.contains("id-a") => {
                let violations = [violation("system", "system.agent_paused")];
                Reply::Json(403, json!({"allowed": false, "violations": violations}))
            }
            "/api/v1/policies/enforce" => Reply::Json(200, json!({"allowed": true})),
            _ => Reply::Json(200, json!({})),
        }
    })
    .await
}

#[tokio::test]
async fn one_agents_pause_stops_that_agent_alone_until_it_is_resumed() {
    let paused = Arc::new(AtomicBool::new(true));
    let down = Arc::new(AtomicBool::new(false));
    let server = server(Arc::clone(&paused), down).await;
    let client =
        server.client_with(|config| config.poll_interval = Some(Duration::from_millis(20)));
    client.register_agent(&registration("a")).await.expect("registered");
    client.register_agent(&registration("b")).await.expect("registered");
    eventually(|| client.known_status("a", None).as_deref() == Some("paused")).await;
    match client.start_trace(Some("a"), None, None) {
        Err(Error::AgentPaused { agent_id, reason, decided_by }) => {
            assert_eq!((agent_id.as_str(), reason.as_deref()), ("a", Some("drill")));
            assert_eq!(decided_by, Source::Local);
        }
        other => panic!("{other:?}"),
    }
    let mut to_a = question("x");
    to_a.agent_id = "a".to_owned();
    let asked = server.seen("/api/v1/policies/enforce").len();
    assert!(matches!(client.ask(to_a.clone()).await, Err(Error::AgentPaused { .. })));
    assert_eq!(server.seen("/api/v1/policies/enforce").len(), asked);
    assert!(client.start_trace(Some("b"), None, None).is_ok());
    paused.store(false, Ordering::SeqCst);
    eventually(|| client.start_trace(Some("a"), None, None).is_ok()).await;
    assert!(matches!(client.ask(to_a).await, Ok(Answer::Allowed(_))));
    client.shutdown().await;
}

#[tokio::test]
async fn a_known_pause_outlives_an_outage_with_and_without_a_control_channel() {
    for poll in [None, Some(Duration::from_mins(1))] {
        let paused = Arc::new(AtomicBool::new(true));
        let down = Arc::new(AtomicBool::new(false));
        let server = server(Arc::clone(&paused), Arc::clone(&down)).await;
        let client = server.client_with(|config| config.poll_interval = poll);
        client.register_agent(&registration("a")).await.expect("registered");
        let mut to_a = question("x");
        to_a.agent_id = "a".to_owned();
        assert!(matches!(client.ask(to_a.clone()).await, Err(Error::AgentPaused { .. })));
        down.store(true, Ordering::SeqCst);
        assert!(matches!(client.ask(to_a.clone()).await, Err(Error::AgentPaused { .. })));
        assert_eq!(client.bypass_count(), 0);
        down.store(false, Ordering::SeqCst);
        paused.store(false, Ordering::SeqCst);
        if poll.is_none() {
            assert!(client.start_trace(Some("a"), None, None).is_ok());
            assert!(matches!(client.ask(to_a).await, Ok(Answer::Allowed(_))));
        }
        client.shutdown().await;
    }
}

#[tokio::test]
async fn agents_are_reported_alive() {
    let flag = || Arc::new(AtomicBool::new(false));
    let server = server(flag(), flag()).await;
    let client = server.client_with(|config| {
        config.poll_interval = Some(Duration::from_mins(1));
        config.heartbeat_interval = Duration::from_millis(20);
    });
    client.register_agent(&registration("a")).await.expect("registered");
    eventually(|| !server.seen("/api/v1/agents/id-a/heartbeat").is_empty()).await;
    let beat = &server.seen("/api/v1/agents/id-a/heartbeat")[0];
    assert_eq!(beat.json(), json!({"lastPolicyCheckAt": null}));
    client.shutdown().await;
}

#[tokio::test]
async fn what_is_known_moves_to_another_client() {
    let server = server(Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false))).await;
    let client = server.client();
    client.register_agent(&registration("a")).await.expect("registered");
    client.check_agent_status("a").await.expect("a status");
    let knowledge = client.try_knowledge().expect("nobody is writing");
    let mut config = server.config();
    config.poll_interval = Some(Duration::from_mins(1));
    let observer = Arc::new(execlave_client::LogObserver);
    let heir =
        execlave_client::Client::with_observer(config, observer, knowledge).expect("a client");
    assert!(matches!(heir.start_trace(None, None, None), Err(Error::AgentPaused { .. })));
}
