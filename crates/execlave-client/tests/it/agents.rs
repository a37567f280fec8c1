//! Registering: once, twice, and with a key that is refused.

use execlave_client::Error;
use serde_json::json;

use crate::support::{FakeServer, Reply, registered, registration};

#[tokio::test]
async fn a_registered_agent_is_remembered_and_the_first_is_the_default() {
    let server = FakeServer::new(|seen| registered(seen, "active")).await;
    let client = server.client();
    let agent = client.register_agent(&registration("bot")).await.expect("registered");
    client.register_agent(&registration("other")).await.expect("registered");
    assert_eq!(agent.id, "id-bot");
    assert_eq!(client.default_agent().map(|agent| agent.agent_id).as_deref(), Some("bot"));
    let seen = &server.seen("/api/v1/agents")[0];
    assert_eq!(seen.header("authorization"), Some("Bearer exe_dev_test"));
}

#[tokio::test]
async fn a_conflict_finds_the_agent_that_is_there() {
    let server = FakeServer::new(|seen| match seen.method.as_str() {
        "POST" => {
            Reply::Json(409, json!({"error": {"code": "CONFLICT", "message": "already exists"}}))
        }
        _ => Reply::Json(
            200,
            json!({"data": [
                {"id": "1", "agentId": "my bot", "environment": "staging"},
                {"id": "2", "agentId": "my bot", "environment": "production"},
                {"id": "3", "agentId": "my bot 2", "environment": "production"},
            ]}),
        ),
    })
    .await;
    let agent = server.client().register_agent(&registration("my bot")).await.expect("found");
    assert_eq!(agent.id, "2");
    assert_eq!(server.seen("/api/v1/agents?")[0].path, "/api/v1/agents?search=my%20bot");
}

#[tokio::test]
async fn a_refused_key_is_not_searched_with() {
    let server = FakeServer::new(|_| {
        Reply::Json(401, json!({"error": {"code": "INVALID_API_KEY", "message": "unknown key", "requestId": "r1"}}))
    })
    .await;
    let error = server.client().register_agent(&registration("bot")).await.expect_err("refused");
    assert!(matches!(error, Error::Auth(_)));
    assert_eq!((error.code(), error.request_id()), (Some("INVALID_API_KEY"), Some("r1")));
    assert_eq!(server.seen("/").len(), 1);
}

#[tokio::test]
async fn a_client_that_asks_too_often_does_not_ask_more() {
    let server = FakeServer::new(|_| Reply::WithHeader(429, "retry-after: 7", json!({}))).await;
    let error = server.client().register_agent(&registration("bot")).await.expect_err("refused");
    let asked = error.refusal().and_then(|refusal| refusal.retry_after);
    assert_eq!(asked, Some(std::time::Duration::from_secs(7)));
    assert_eq!(server.seen("/").len(), 1);
}

#[tokio::test]
async fn an_ambiguous_search_gives_the_original_error() {
    let server = FakeServer::new(|seen| match seen.method.as_str() {
        "POST" => Reply::Json(409, json!({"error": "a bare string"})),
        _ => Reply::Json(200, json!({"data": [
            {"id": "1", "agentId": "bot", "environment": "a"}, {"id": "2", "agentId": "bot", "environment": "b"},
        ]})),
    })
    .await;
    let error = server.client().register_agent(&registration("bot")).await.expect_err("ambiguous");
    assert_eq!(error.to_string(), "api request failed (409): a bare string");
}

#[tokio::test]
async fn signed_requests_carry_time_and_signature() {
    let server = FakeServer::new(|_| Reply::Json(200, json!({"status": "ok"}))).await;
    let client = server.client_with(|config| config.sign_requests = true);
    assert!(client.ping().await);
    let seen = &server.seen("/health")[0];
    assert!(seen.header("x-execlave-signature").expect("signed").starts_with("sha256="));
    assert!(seen.header("x-execlave-timestamp").expect("a time").parse::<i64>().is_ok());
    assert_eq!(seen.header("x-execlave-signature-version"), Some("v2"));
    assert_eq!(seen.header("x-execlave-nonce").expect("a nonce").len(), 32);
}

#[tokio::test]
async fn usage_reads_the_same_in_both_forms() {
    let buckets = json!({"agents": {"current": 1, "max": 2}});
    let forms = [
        json!({"plan": "x", "usage": buckets.clone()}),
        json!({"plan": "x", "agents": buckets["agents"]}),
    ];
    for form in forms {
        let server = FakeServer::new(move |_| Reply::Json(200, json!({"data": form}))).await;
        let usage = server.client().check_usage().await.expect("usage");
        assert_eq!(usage["agents"], json!({"current": 1, "max": 2}));
        assert_eq!(usage["traces"], json!({"current": 0, "max": 0}));
        assert_eq!(usage["plan"], "x");
    }
}
