//! Waiting for a person, and checking what the person gave.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use execlave_client::{Error, Source};
use execlave_core::digest::ActionDigest;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{FakeServer, Reply, Seen, question};

/// A certificate for the action `hello`, signed with this key.
fn certificate(key: &SigningKey, digest: &str) -> Value {
    sign(key, json!({"approvalId": "ap1", "actionDigest": digest, "keyId": "k1"}))
}

fn sign(key: &SigningKey, mut certificate: Value) -> Value {
    let signature = key.sign(&execlave_core::json::canonical(&certificate));
    certificate["signature"] = URL_SAFE_NO_PAD.encode(signature.to_bytes()).into();
    certificate
}

fn digest() -> String {
    ActionDigest::of_context(&json!({"input": "hello", "environment": "production"})).to_string()
}

/// A server that wants approval, gives these statuses one after the other, and then this verdict.
async fn server(statuses: &'static [&'static str], verdict: Value) -> FakeServer {
    server_with(statuses, verdict, || {
        let key = SigningKey::from_bytes(&[1; 32]).verifying_key();
        let x = URL_SAFE_NO_PAD.encode(key.to_bytes());
        Reply::Json(200, json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": x}, {"kty": "RSA"}]}))
    })
    .await
}

/// One that answers so when it is asked for its keys.
async fn server_with(
    statuses: &'static [&'static str],
    verdict: Value,
    keys: fn() -> Reply,
) -> FakeServer {
    let polls = Arc::new(AtomicUsize::new(0));
    FakeServer::new(move |seen: &Seen| match seen.path.as_str() {
        "/api/v1/policies/enforce" => Reply::Json(
            202,
            json!({"allowed": false, "requiresApproval": true, "approvalRequestId": "ap1"}),
        ),
        "/api/v1/approvals/ap1?wait=25" => {
            let at = polls.fetch_add(1, Ordering::SeqCst).min(statuses.len() - 1);
            match statuses[at] {
                "error" => Reply::Raw(503, ""),
                "held" => Reply::Hang,
                "gone" => Reply::Json(
                    404,
                    json!({"error": {"code": "NOT_FOUND", "message": "no such approval"}}),
                ),
                status => Reply::Json(
                    200,
                    json!({"data": {"id": "ap1", "status": status, "decisionReason": "because"}}),
                ),
            }
        }
        "/api/v1/approvals/ap1/verify" => Reply::Json(200, json!({"data": verdict})),
        "/.well-known/jwks.json" => keys(),
        _ => Reply::Raw(404, ""),
    })
    .await
}

#[tokio::test]
async fn an_approved_action_goes_ahead_with_its_certificate() {
    let key = SigningKey::from_bytes(&[1; 32]);
    let verdict = json!({"valid": true, "certificate": certificate(&key, &digest())});
    let server = server(&["error", "approved"], verdict).await;
    let allowed = server.client().enforce(question("hello")).await.expect("approved");
    assert_eq!(allowed.source, Source::Approval);
    assert_eq!(allowed.body["approvalRequestId"], "ap1");
    assert_eq!(allowed.body["source"], "approval");
    assert_eq!(allowed.body["certificate"]["keyId"], "k1");
    let asked = server.seen("/api/v1/approvals/ap1/verify")[0].json();
    assert_eq!(asked, json!({"actionContext": {"input": "hello", "environment": "production"}}));
}

#[tokio::test]
async fn a_server_that_does_not_hold_the_question_is_asked_as_often_as_configured() {
    let server = server(&["pending", "pending", "pending", "denied"], json!({})).await;
    let client = server.client_with(|config| {
        config.approval_interval = Duration::from_millis(20);
    });
    let asked = tokio::time::timeout(Duration::from_secs(4), client.enforce(question("x"))).await;
    assert!(matches!(asked.expect("in time"), Err(Error::Denied { .. })));
    assert_eq!(server.seen("/api/v1/approvals/ap1").len(), 4);
    // Five seconds unless it says otherwise.
    let patient = server.client_with(|_| {});
    assert_eq!(patient.config().approval_interval, Duration::from_secs(5));
}

#[tokio::test]
async fn nobody_is_waited_for_longer_than_configured() {
    // A server that holds the question, and one that does not.
    for holds in [true, false] {
        let server = FakeServer::new(move |seen: &Seen| match seen.path.as_str() {
            "/api/v1/policies/enforce" => {
                let asked =
                    json!({"allowed": false, "requiresApproval": true, "approvalRequestId": "ap1"});
                Reply::Json(202, asked)
            }
            _ if holds => Reply::Hang,
            _ => Reply::Json(200, json!({"data": {"id": "ap1", "status": "pending"}})),
        })
        .await;
        let client = server.client_with(|config| {
            config.approval_timeout = Duration::from_millis(300);
        });
        let begun = std::time::Instant::now();
        let error = client.enforce(question("hello")).await.expect_err("nobody answers");
        assert!(matches!(error, Error::ApprovalTimeout { .. }) && error.is_halt());
        assert!((300..4_000).contains(&begun.elapsed().as_millis()));
    }
    assert_eq!(server(&[], json!({})).await.config().approval_timeout, Duration::from_mins(30));
}

#[tokio::test]
async fn a_person_may_say_no_or_nothing() {
    let denied = server(&["denied"], json!({})).await;
    match denied.client().enforce(question("hello")).await {
        Err(Error::Denied { approval_id, reason }) => {
            assert_eq!((approval_id.as_str(), reason.as_deref()), ("ap1", Some("because")));
        }
        other => panic!("{other:?}"),
    }
    let expired = server(&["expired"], json!({})).await;
    let error = expired.client().enforce(question("hello")).await.expect_err("expired");
    assert!(matches!(error, Error::ApprovalTimeout { .. }));
}

#[tokio::test]
async fn an_approval_that_does_not_hold_is_no_leave_to_act() {
    let signed = SigningKey::from_bytes(&[1; 32]);
    let forger = SigningKey::from_bytes(&[2; 32]);
    let unsigned = json!({"approvalId": "ap1", "actionDigest": digest(), "keyId": "k1"});
    let cases = [
        (json!({"valid": false, "reason": "certificate_expired"}), "certificate_expired"),
        (
            json!({"valid": true, "certificate": certificate(&forger, &digest())}),
            "certificate_tampered",
        ),
        (
            json!({"valid": true, "certificate": certificate(&signed, "00")}),
            "action_context_mismatch",
        ),
        (json!({"valid": true}), "certificate_unsigned"),
        (json!({"valid": true, "certificate": unsigned}), "certificate_unsigned"),
        // Something else that the same key signed.
        (
            json!({"valid": true, "certificate": sign(&signed, json!({"keyId": "k1"}))}),
            "certificate_tampered",
        ),
    ];
    for (verdict, expected) in cases {
        let server = server(&["approved"], verdict).await;
        match server.client().enforce(question("hello")).await {
            Err(Error::CertificateMismatch { reason, .. }) => assert_eq!(reason, expected),
            other => panic!("{other:?}"),
        }
    }
    let server = server(&["approved"], json!({"valid": "yes"})).await;
    let error = server.client().enforce(question("hello")).await.expect_err("no verdict");
    assert!(matches!(error, Error::ApprovalUnverified { .. }) && error.is_halt());
}

#[tokio::test]
async fn an_approval_that_cannot_be_looked_up_stops_the_action() {
    let server = server(&["gone"], json!({})).await;
    let error = server.client().enforce(question("hello")).await.expect_err("gone");
    assert!(matches!(error, Error::ApprovalUnverified { .. }) && error.is_halt());
    assert_eq!(error.code(), Some("NOT_FOUND"));
}

#[tokio::test]
async fn a_server_without_keys_is_believed() {
    for keys in [
        (|| Reply::Raw(404, "")) as fn() -> Reply,
        || Reply::Json(200, json!({"keys": []})),
        || Reply::Raw(200, "<html>"),
    ] {
        for verdict in [
            json!({"valid": true}),
            json!({"valid": true, "certificate": {"action_context_hash": "x", "approved_by": "y"}}),
        ] {
            let server = server_with(&["approved"], verdict, keys).await;
            let allowed = server.client().enforce(question("hello")).await.expect("approved");
            assert_eq!(allowed.source, Source::Approval);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_say_whether_it_has_keys_is_not_believed() {
    let server = server_with(&["approved"], json!({"valid": true}), || Reply::Raw(503, "")).await;
    let error = server.client().enforce(question("hello")).await.expect_err("unverified");
    assert!(matches!(error, Error::ApprovalUnverified { .. }) && error.is_halt(), "{error:?}");
    // The verdict is given once, and is not used up by that.
    assert!(server.seen("/api/v1/approvals/ap1/verify").is_empty());
}

#[tokio::test]
async fn a_shutdown_ends_the_wait_for_a_person_at_once() {
    let server = server(&["held"], json!({})).await;
    let client = server.client();
    let asked = async {
        while server.seen("/api/v1/approvals").is_empty() {
            tokio::task::yield_now().await;
        }
        let started = Instant::now();
        client.shutdown().await;
        started
    };
    let (answer, started) = tokio::join!(client.enforce(question("hello")), asked);
    assert!(matches!(answer, Err(Error::Closed)), "{answer:?}");
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}
