//! A validator on this machine: somebody else's HTTP server, which ends with the test.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// What it was asked, and what it answers. `/check` answers, `/slow` never does, `/away` sends to `/check`.
#[derive(Clone, Default)]
pub(crate) struct Outside {
    asked: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    answers: Arc<Mutex<(u16, String)>>,
    secret: Arc<Mutex<Option<String>>>,
}

impl Outside {
    pub(crate) async fn start() -> (Self, SocketAddr) {
        let outside = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new()
            .route("/slow", any(std::future::pending::<StatusCode>))
            .route("/away", any(async || (StatusCode::FOUND, [("location", "/check")])))
            .route("/check", any(check))
            .with_state(outside.clone());
        #[expect(clippy::disallowed_methods, reason = "another server, which ends with the test")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        (outside, address)
    }

    pub(crate) fn answer(&self, status: u16, body: &Value) {
        *self.answers.lock().expect("unlocked") = (status, body.to_string());
    }

    /// From now on only who signs with this secret is answered.
    pub(crate) fn insist_on(&self, secret: String) {
        *self.secret.lock().expect("unlocked") = Some(secret);
    }

    /// The headers and the body of one of the requests.
    pub(crate) fn asked(&self, index: usize) -> (HeaderMap, Bytes) {
        self.asked.lock().expect("unlocked")[index].clone()
    }

    pub(crate) fn times_asked(&self) -> usize {
        self.asked.lock().expect("unlocked").len()
    }
}

async fn check(State(outside): State<Outside>, headers: HeaderMap, body: Bytes) -> Response {
    let secret = outside.secret.lock().expect("unlocked").clone();
    let is_signed = secret.is_none_or(|secret| {
        headers
            .get("x-execlave-signature")
            .is_some_and(|given| *given == *signature(&secret, &body))
    });
    if !is_signed {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    outside.asked.lock().expect("unlocked").push((headers, body));
    let (status, body) = outside.answers.lock().expect("unlocked").clone();
    (StatusCode::from_u16(status).expect("a status"), body).into_response()
}

/// What a request with this body must be signed with.
pub(crate) fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(body);
    let mut hex = String::new();
    for byte in mac.finalize().into_bytes() {
        write!(hex, "{byte:02x}").expect("writing to a string");
    }
    format!("sha256={hex}")
}
