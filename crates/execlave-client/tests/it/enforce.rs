//! Decisions, and what the lack of one means.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use execlave_api::enforce::QUESTION_BYTES;
use execlave_client::enforce::DEEPEST;
use execlave_client::{Answer, Error, FailMode, Source};
use serde_json::{Value, json};

use crate::support::{FakeServer, Reply, question, violation};

async fn outcome(reply: fn() -> Reply) -> Result<Answer, Error> {
    let server = FakeServer::new(move |_| reply()).await;
    server.client().ask(question("hello")).await
}

fn source(answer: Result<Answer, Error>) -> Source {
    match answer.expect("allowed") {
        Answer::Allowed(allowed) => allowed.source,
        Answer::Pending(_) => panic!("pending"),
    }
}

#[tokio::test]
async fn an_allow_is_passed_on_as_the_server_sent_it_with_its_source() {
    let server =
        FakeServer::new(|_| Reply::Json(200, json!({"allowed": true, "warnings": [1], "x": 2})))
            .await;
    let allowed = server.client().enforce(question("hello")).await.expect("allowed");
    assert_eq!(
        json!(allowed.body),
        json!({"allowed": true, "warnings": [1], "x": 2, "source": "server"})
    );
    assert!(allowed.bypass.is_none());
    let sent = server.seen("/api/v1/policies/enforce")[0].json();
    assert_eq!(sent, json!({"agentId": "bot", "input": "hello", "environment": "production"}));
}

#[tokio::test]
async fn what_does_not_say_allowed_is_never_an_allow() {
    let blocked = |answer| matches!(answer, Err(Error::Blocked { .. }));
    assert!(blocked(outcome(|| Reply::Json(200, json!({"allowed": false}))).await));
    assert!(blocked(outcome(|| Reply::Json(200, json!({"allowed": null}))).await));
    assert!(blocked(outcome(|| Reply::Json(200, json!({"ok": 1}))).await));
    assert!(blocked(outcome(|| Reply::Json(202, json!({"allowed": true}))).await));
    assert!(blocked(outcome(|| Reply::Json(202, json!({"approvalRequestId": ""}))).await));
}

#[tokio::test]
async fn a_403_is_a_block_a_pause_or_a_matter_of_the_key() {
    let answer = outcome(|| {
        Reply::Json(403, json!({"allowed": false, "violations": [violation("pii_access", "r")]}))
    })
    .await;
    let error = answer.expect_err("blocked");
    assert_eq!(error.to_string(), "execution blocked by policy: [pii_access] no");
    assert!(error.is_halt());
    let answer = outcome(|| {
        Reply::Json(
            403,
            json!({"allowed": false, "violations": [violation("system", "system.agent_paused")]}),
        )
    })
    .await;
    assert!(
        matches!(answer, Err(Error::AgentPaused { agent_id, decided_by: Source::Server, .. }) if agent_id == "bot")
    );
    assert!(matches!(
        outcome(|| Reply::Json(403, json!({"error": {}}))).await,
        Err(Error::Auth(_))
    ));
    assert!(matches!(outcome(|| Reply::Raw(403, "<html>")).await, Err(Error::Auth(_))));
}

#[tokio::test]
async fn a_4xx_is_an_answer_and_no_outage() {
    for status in [400, 404] {
        let server = FakeServer::new(move |_| {
            Reply::Json(status, json!({"error": {"code": "X", "message": "m", "fields": [{"path": "tools[0]", "message": "not a string"}]}}))
        })
        .await;
        let client = server.client();
        for _ in 0..4 {
            let error = client.ask(question("hello")).await.expect_err("refused");
            assert_eq!(
                error.to_string(),
                format!("api request failed ({status}): m; `tools[0]`: not a string")
            );
        }
        assert_eq!(server.seen("/").len(), 4);
    }
}

#[tokio::test]
async fn a_limited_rate_is_waited_for_as_the_server_asks() {
    let asked = AtomicUsize::new(0);
    let server = FakeServer::new(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::WithHeader(
            429,
            "retry-after: 1",
            json!({"error": {"code": "RATE_LIMITED", "message": "slow"}}),
        ),
        _ => Reply::Json(200, json!({"allowed": true})),
    })
    .await;
    let started = Instant::now();
    assert_eq!(source(server.client().ask(question("hello")).await), Source::Server);
    assert!(started.elapsed() >= Duration::from_secs(1));
    let server = FakeServer::new(|_| Reply::WithHeader(429, "retry-after: 60", json!({}))).await;
    let error = server.client().ask(question("hello")).await.expect_err("too long a wait");
    assert_eq!(
        error.refusal().and_then(|refusal| refusal.retry_after),
        Some(Duration::from_mins(1))
    );
    assert!(error.is_retryable());
}

#[tokio::test]
async fn an_outage_fails_open_with_its_source_and_is_counted() {
    assert_eq!(source(outcome(|| Reply::Raw(503, "")).await), Source::ServerError);
    assert_eq!(source(outcome(|| Reply::Close).await), Source::NetworkError);
    assert_eq!(source(outcome(|| Reply::Raw(200, "<html>garbage")).await), Source::ServerError);
    let server = FakeServer::new(|_| Reply::Raw(500, "{}")).await;
    let client = server.client();
    for _ in 0..3 {
        assert_eq!(source(client.ask(question("hello")).await), Source::ServerError);
    }
    let Ok(Answer::Allowed(open)) = client.ask(question("hello")).await else { panic!("blocked") };
    assert_eq!(open.source, Source::CircuitBreaker);
    assert_eq!(json!(open.body), json!({"allowed": true, "source": "fail_open_circuit_breaker"}));
    let bypass = open.bypass.expect("a bypass");
    assert_eq!((bypass.reason(), bypass.agent_id.as_str()), ("circuit_breaker_open", "bot"));
    assert_eq!(client.bypass_count(), 4);
    assert_eq!(server.seen("/").len(), 3);
}

#[tokio::test]
async fn failing_open_never_takes_longer_than_the_timeout() {
    let server = FakeServer::new(|_| Reply::Hang).await;
    let client = server.client_with(|config| config.timeout = Duration::from_millis(300));
    let started = Instant::now();
    assert_eq!(source(client.ask(question("hello")).await), Source::NetworkError);
    assert!(started.elapsed() < Duration::from_millis(900), "{:?}", started.elapsed());
}

#[tokio::test]
async fn failing_closed_tries_three_times_and_then_at_once() {
    let server = FakeServer::new(|_| Reply::Raw(502, "")).await;
    let client = server.client_with(|config| config.on_outage = FailMode::Closed);
    let error = client.ask(question("hello")).await.expect_err("unavailable");
    assert!(matches!(error, Error::Unavailable { consecutive_failures: 3, .. }), "{error:?}");
    assert_eq!(server.seen("/").len(), 3);
    let error = client.ask(question("hello")).await.expect_err("unavailable");
    assert!(error.is_halt());
    assert_eq!(server.seen("/").len(), 3);
}

#[tokio::test]
async fn failing_closed_survives_a_hiccup() {
    let asked = AtomicUsize::new(0);
    let server = FakeServer::new(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::Close,
        1 => Reply::Raw(500, "oops"),
        _ => Reply::Json(200, json!({"allowed": true})),
    })
    .await;
    let client = server.client_with(|config| config.on_outage = FailMode::Closed);
    assert_eq!(source(client.ask(question("hello")).await), Source::Server);
}

#[tokio::test]
async fn an_exhausted_plan_follows_its_own_setting() {
    let reply = || {
        let error = json!({"code": "PLAN_LIMIT_EXCEEDED", "resource": "maxTracesPerMonth", "current": 5, "max": 5, "message": "full"});
        Reply::Json(402, json!({"error": error}))
    };
    let server = FakeServer::new(move |_| reply()).await;
    let Ok(Answer::Allowed(open)) = server.client().ask(question("x")).await else {
        panic!("blocked")
    };
    assert_eq!(open.body["source"], "fail_open_plan_limit");
    assert_eq!(open.body["warnings"][0]["policyName"], "Plan Limit");
    let client = server.client_with(|config| config.on_plan_limit = FailMode::Closed);
    let error = client.ask(question("x")).await.expect_err("closed");
    assert!(matches!(error, Error::PlanLimit { current: 5, max: 5, .. }));
}

#[tokio::test]
async fn what_the_plan_refused_keeps_what_the_server_said() {
    let server = FakeServer::new(|_| {
        Reply::Json(402, json!({"error": {"code": "PLAN_LIMIT_EXCEEDED", "resource": "agents", "max": 3, "message": "upgrade"}}))
    })
    .await;
    let client = server.client_with(|config| config.on_plan_limit = FailMode::Closed);
    let error = client.ask(question("x")).await.expect_err("closed");
    assert_eq!(error.to_string(), "plan limit reached: agents (0 of 3): upgrade");
    assert_eq!(error.code(), Some("PLAN_LIMIT_EXCEEDED"));
    let refusal = error.refusal().expect("the refusal");
    assert_eq!(refusal.status, 402);
    assert!(refusal.body.contains("upgrade"), "{}", refusal.body);
    // Another limit than that of traces says nothing about the next question.
    client.ask(question("x")).await.expect_err("closed");
    assert_eq!(server.seen("/").len(), 2);
}

#[tokio::test]
async fn a_used_up_trace_quota_stops_the_next_question_without_a_request_only_where_it_fails_closed()
 {
    let server = FakeServer::new(|_| {
        let error = json!({"code": "PLAN_LIMIT_EXCEEDED", "resource": "maxTracesPerMonth", "current": 5, "max": 5, "message": "full"});
        Reply::Json(402, json!({"error": error}))
    })
    .await;
    let closed = server.client_with(|config| config.on_plan_limit = FailMode::Closed);
    let open = server.client();
    for _ in 0..2 {
        let error = closed.ask(question("x")).await.expect_err("closed");
        assert!(matches!(error, Error::PlanLimit { current: 5, max: 5, .. }));
        assert_eq!(source(open.ask(question("x")).await), Source::PlanLimit);
    }
    assert_eq!(server.seen("/").len(), 3);
}

#[tokio::test]
async fn a_question_no_server_takes_is_never_sent_and_never_an_allow() {
    for mode in [FailMode::Open, FailMode::Closed] {
        let server = FakeServer::new(|_| Reply::Json(200, json!({"allowed": true}))).await;
        let client = server.client_with(|config| config.on_outage = mode);
        for _ in 0..4 {
            let error = client.ask(question(&"x".repeat(QUESTION_BYTES))).await.expect_err("large");
            assert!(matches!(error, Error::TooLarge(_)) && error.is_halt(), "{error:?}");
            assert_eq!(error.refusal().map(|refusal| refusal.status), Some(413));
            assert!(error.to_string().contains("8388608"), "{error}");
        }
        assert!(server.seen("/").is_empty());
        assert_eq!(client.bypass_count(), 0);
        assert_eq!(source(client.ask(question("x")).await), Source::Server);
    }
}

/// A server that is well, and ends so many connections instead of answering a question.
async fn breaking(times: usize) -> FakeServer {
    let broken = AtomicUsize::new(0);
    FakeServer::new(move |seen| match seen.path.as_str() {
        "/health" => Reply::Raw(200, "{}"),
        _ if broken.fetch_add(1, Ordering::SeqCst) < times => Reply::Close,
        _ => Reply::Json(200, json!({"allowed": true})),
    })
    .await
}

#[tokio::test]
async fn a_large_question_that_breaks_the_connection_to_a_healthy_server_is_refused_and_no_outage()
{
    let server = breaking(8).await;
    let client = server.client();
    for _ in 0..4 {
        let error = client.ask(question(&"x".repeat(200_000))).await.expect_err("refused");
        assert!(matches!(error, Error::TooLarge(_)), "{error:?}");
        assert!(error.to_string().contains("a question of 2000"), "{error}");
    }
    assert_eq!(client.bypass_count(), 0);
    assert_eq!(source(client.ask(question("x")).await), Source::Server);
}

#[tokio::test]
async fn a_connection_that_breaks_once_is_tried_again_and_no_outage() {
    for size in [1, 200_000] {
        let server = breaking(1).await;
        let client = server.client();
        assert_eq!(source(client.ask(question(&"x".repeat(size))).await), Source::Server);
    }
    let server = breaking(2).await;
    assert_eq!(source(server.client().ask(question("x")).await), Source::NetworkError);
}

#[tokio::test]
async fn a_server_that_says_413_stops_the_action() {
    let error = outcome(|| {
        Reply::Json(
            413,
            json!({"error": {"code": "PAYLOAD_TOO_LARGE", "message": "1000 bytes at most"}}),
        )
    })
    .await
    .expect_err("refused");
    assert!(matches!(error, Error::TooLarge(_)) && error.is_halt());
    assert!(error.to_string().ends_with("1000 bytes at most"), "{error}");
}

#[tokio::test]
async fn a_refusal_whose_text_is_cut_off_is_no_outage() {
    let error = outcome(|| Reply::WithHeader(413, "connection: close", json!("…"))).await;
    assert!(matches!(error, Err(Error::TooLarge(_))), "{error:?}");
    let error = outcome(|| Reply::CutOff(413)).await;
    assert!(matches!(error, Err(Error::TooLarge(_))), "{error:?}");
    assert_eq!(source(outcome(|| Reply::CutOff(200)).await), Source::NetworkError);
}

#[tokio::test]
async fn failing_closed_comes_back_when_a_failing_server_wants_it() {
    let asked = AtomicUsize::new(0);
    let server = FakeServer::new(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::WithHeader(503, "retry-after: 1", json!({})),
        _ => Reply::Json(200, json!({"allowed": true})),
    })
    .await;
    let client = server.client_with(|config| config.on_outage = FailMode::Closed);
    let started = Instant::now();
    assert_eq!(source(client.ask(question("hello")).await), Source::Server);
    assert!(started.elapsed() >= Duration::from_secs(1));

    let server = FakeServer::new(|_| Reply::WithHeader(503, "retry-after: 60", json!({}))).await;
    let client = server.client_with(|config| config.on_outage = FailMode::Closed);
    let error = client.ask(question("hello")).await.expect_err("longer than the timeout");
    assert!(matches!(error, Error::Unavailable { consecutive_failures: 1, .. }), "{error:?}");
    assert_eq!(server.seen("/").len(), 1);
}

#[tokio::test]
async fn privacy_covers_what_is_asked() {
    let server = FakeServer::new(|_| Reply::Json(200, json!({"allowed": true}))).await;
    let client = server.client_with(|config| config.privacy.enabled = true);
    let mut request = question("write to anna@example.com");
    request.metadata = json!({"to": ["anna@example.com"]}).as_object().cloned();
    client.ask(request).await.expect("allowed");
    let sent = &server.seen("/")[0].body;
    assert!(!sent.contains("anna@"), "{sent}");
    assert!(sent.contains("[EMAIL_REDACTED]"));
}

#[tokio::test]
async fn what_cannot_be_asked_about_as_a_whole_is_stopped() {
    let server = FakeServer::new(|_| Reply::Json(200, json!({"allowed": true}))).await;
    let client = server.client_with(|config| config.privacy.enabled = true);
    let with = |value: Value| {
        let mut request = question("x");
        request.metadata = json!({"m": value}).as_object().cloned();
        request
    };
    let nested = |levels| (0..levels).fold(json!("anna@example.com"), |inner, _| json!([inner]));
    client.ask(with(nested(DEEPEST - 2))).await.expect("allowed");
    assert!(server.seen("/")[0].body.contains("[EMAIL_REDACTED]"));
    for odd in [nested(DEEPEST - 1), json!("x".repeat(17 << 20))] {
        let error = client.ask(with(odd)).await.expect_err("not a whole question");
        assert!(matches!(&error, Error::Unaskable { path, .. } if path.starts_with("metadata")));
        assert!(error.is_halt() && !error.is_retryable());
    }
    assert_eq!(server.seen("/").len(), 1);
}

#[tokio::test]
async fn a_closed_client_asks_nothing() {
    let server = FakeServer::new(|_| Reply::Json(200, json!({"allowed": true}))).await;
    let client = server.client();
    client.shutdown().await;
    assert!(matches!(client.ask(question("x")).await, Err(Error::Closed)));
    assert!(server.seen("/").is_empty());
}
