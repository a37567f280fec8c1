//! A receiver on this machine: somebody else's HTTP server, which does as it is told and ends with the test.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use crate::support::outside::signature;

/// What it does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Does {
    Answer(u16),
    /// Sends on to this address.
    Redirect(String),
    /// Never answers.
    Hang,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Told {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    /// Whether it is signed as the guide says: `v1` the body, `v2` the time, a dot and the body.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let mut signed = Vec::new();
        if self.header("x-execlave-signature-version") == Some("v2") {
            signed.extend(self.header("x-execlave-timestamp").expect("a time").bytes());
            signed.push(b'.');
        }
        signed.extend_from_slice(&self.body);
        self.header("x-execlave-signature") == Some(&*signature(secret, &signed))
    }
}

#[derive(Clone, Default)]
pub(crate) struct Receiver {
    script: Arc<Mutex<VecDeque<Does>>>,
    told: Arc<Mutex<Vec<Told>>>,
    elsewhere: Arc<Mutex<usize>>,
}

impl Receiver {
    /// It takes everything at `/hook` until it is told otherwise, and counts who comes to `/elsewhere`.
    pub(crate) async fn start() -> (Self, SocketAddr) {
        let receiver = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new()
            .route("/hook", any(hook))
            .route("/elsewhere", any(elsewhere))
            .with_state(receiver.clone());
        #[expect(clippy::disallowed_methods, reason = "another server, which ends with the test")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, address)
    }

    /// What it does with the next requests; with later ones it is content.
    pub(crate) fn will(&self, script: impl IntoIterator<Item = Does>) {
        self.script.lock().expect("unlocked").extend(script);
    }

    pub(crate) fn told(&self) -> Vec<Told> {
        self.told.lock().expect("unlocked").clone()
    }

    pub(crate) fn visits_elsewhere(&self) -> usize {
        *self.elsewhere.lock().expect("unlocked")
    }
}

async fn hook(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> Response {
    let does = receiver.script.lock().expect("unlocked").pop_front();
    receiver.told.lock().expect("unlocked").push(Told { headers, body });
    match does.unwrap_or(Does::Answer(204)) {
        Does::Answer(status) => StatusCode::from_u16(status).expect("a status").into_response(),
        Does::Redirect(to) => (StatusCode::TEMPORARY_REDIRECT, [("location", to)]).into_response(),
        Does::Hang => std::future::pending().await,
    }
}

async fn elsewhere(State(receiver): State<Receiver>) {
    *receiver.elsewhere.lock().expect("unlocked") += 1;
}
