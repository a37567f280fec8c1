use axum::http::Request;
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn health_needs_no_key_and_does_not_mind_one() {
    let app = TestApp::new().await;
    assert_eq!(app.anonymous().get_root("/health").await.expect(200)["status"], "ok");
    let request = Request::builder()
        .uri("/health")
        .header("authorization", "Bearer wrong")
        .body(axum::body::Body::empty());
    app.anonymous().send(request.expect("a request")).await.expect(200);
    assert_eq!(app.anonymous().get_root("/ready").await.expect(200)["status"], "ready");
}

#[tokio::test]
async fn not_ready_without_a_store() {
    let app = TestApp::new().await;
    app.store.close().await;
    let answer = app.anonymous().get_root("/ready").await.expect_error(503, "UNAVAILABLE");
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn metrics_count_requests_and_decisions() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let client = app.agent_key().await;
    client
        .post("/policies/enforce", json!({ "agentId": "bot", "input": "hello" }))
        .await
        .expect(200);
    let metrics = app.anonymous().get_root("/metrics").await.expect(200).text;
    for line in [
        "execlave_decisions_total{outcome=\"allow\"}",
        "execlave_http_request_duration_seconds_count{method=\"POST\",route=\"/api/v1/policies/enforce\",status=\"200\"}",
        "execlave_writer_queue 0",
    ] {
        assert!(metrics.contains(line), "{line} is missing in\n{metrics}");
    }
}

#[tokio::test]
async fn the_key_set_is_public() {
    let app = TestApp::new().await;
    let keys = app.anonymous().get_root("/.well-known/jwks.json").await.expect(200);
    assert_eq!(keys["keys"][0]["crv"], "Ed25519");
    assert!(keys["keys"][0]["kid"].is_string());
    assert!(keys["keys"][0].get("d").is_none(), "the secret part stays here");
}

#[tokio::test]
async fn every_answer_names_its_request() {
    let app = TestApp::new().await;
    let made = app.anonymous().get_root("/health").await;
    assert_eq!(made.header("x-request-id").map(str::len), Some(36));
    let request = |id: &str| {
        Request::builder()
            .uri("/nowhere")
            .header("x-request-id", id)
            .body(axum::body::Body::empty())
    };
    let kept = app
        .anonymous()
        .send(request("abc-1").expect("a request"))
        .await
        .expect_error(404, "NOT_FOUND");
    assert_eq!(kept.header("x-request-id"), Some("abc-1"));
    let odd = app.anonymous().send(request("a b{").expect("a request")).await;
    assert_eq!(odd.header("x-request-id").map(str::len), Some(36));
}
