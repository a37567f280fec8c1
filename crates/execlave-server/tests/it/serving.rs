//! A real socket: starting, stopping, and what a client sees meanwhile.

use std::net::SocketAddr;
use std::time::Duration;

use execlave_server::Server;
use execlave_server::config::Config;
use execlave_store::Store;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::support::TestApp;

async fn exchange(addr: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(addr).await.expect("the server listens");
    stream.write_all(request).await.expect("the request is taken");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("the answer is given");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The store of `app`, opened again as a server of its own does.
async fn store_of(app: &TestApp) -> Store {
    let options = execlave_store::ConnectOptions::default();
    Store::open(app.store.url(), &options).await.expect("the store opens")
}

/// Serves a store on a free port; the sender stops it.
async fn serve(
    app: &TestApp,
    store: Store,
) -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let addr = listener.local_addr().expect("an address");
    let server = Server::with_clock(Config::default(), store, listener, app.clock.clone())
        .await
        .expect("the store is read");
    let (stop, stopped) = oneshot::channel();
    #[expect(clippy::disallowed_methods, reason = "the test waits for it itself")]
    let running = tokio::spawn(async move {
        let stopped = async {
            let _ = stopped.await;
        };
        server.run(stopped).await.expect("the server ends well");
    });
    (addr, stop, running)
}

#[tokio::test]
async fn it_listens_answers_and_stops() {
    let app = TestApp::new().await;
    let (addr, stop, running) = serve(&app, store_of(&app).await).await;
    let answer =
        exchange(addr, b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stop.send(()).expect("the server runs");
    running.await.expect("no panic");
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn a_long_poll_is_answered_when_the_server_stops() {
    let app = TestApp::new().await;
    let (id, client) = app.pending_approval().await;
    let store = store_of(&app).await;
    let (addr, stop, running) = serve(&app, store.clone()).await;
    let busy = store.listeners();
    let key = client.key.expect("a key");
    let request = format!(
        "GET /api/v1/approvals/{id}?wait=60 HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\nconnection: close\r\n\r\n"
    );
    let waiting = exchange(addr, request.as_bytes());
    let stopping = async {
        // The poll waits once it listens for changes.
        while store.listeners() == busy {
            tokio::task::yield_now().await;
        }
        stop.send(()).expect("the server runs");
    };
    let both = async { tokio::join!(waiting, stopping) };
    let (answer, ()) = tokio::time::timeout(Duration::from_secs(15), both)
        .await
        .expect("it does not wait for the minute");
    assert!(answer.contains("\"pending\""), "{answer}");
    running.await.expect("no panic");
}

async fn send_large(addr: SocketAddr, key: &str) -> String {
    let body = json!({ "agentId": "bot", "input": "x".repeat(10 * 1024 * 1024) }).to_string();
    let head = format!(
        "POST /api/v1/policies/enforce HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    exchange(addr, [head.as_bytes(), body.as_bytes()].concat().as_slice()).await
}

#[tokio::test]
async fn a_body_that_is_too_large_gets_its_answer() {
    let app = TestApp::new().await;
    let key = app.agent_key().await.key.expect("a key");
    let (addr, stop, running) = serve(&app, store_of(&app).await).await;
    let answer = send_large(addr, &key).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("PAYLOAD_TOO_LARGE"), "{answer}");
    let answer = send_large(addr, "exe_prod_wrong").await;
    assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("INVALID_API_KEY"), "{answer}");
    stop.send(()).expect("the server runs");
    running.await.expect("no panic");
}
