//! A server on a real socket with the machine's clock, and the Rust SDK to drive it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use execlave_client::{ApiKey, Client, Config};
use execlave_core::request::AgentStatus;
use execlave_server::Server;
use execlave_server::clock::Clock;
use execlave_server::config::Config as ServerConfig;
use execlave_store::{ConnectOptions, Store};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::TestApp;

/// A running server that can be stopped and started on the same address and the same store.
pub(crate) struct Deployment {
    pub(crate) addr: SocketAddr,
    /// May do everything.
    pub(crate) operator: Client,
    running: Option<Running>,
    /// Another server on the same store.
    second: Option<Running>,
    pub(crate) sdk_key: String,
    /// The first key of another organisation.
    pub(crate) stranger_key: String,
    app: TestApp,
}

type Running = (oneshot::Sender<()>, JoinHandle<()>);

impl Deployment {
    pub(crate) async fn new() -> Self {
        let app = TestApp::new().await;
        let sdk_key = app.agent_key().await.key.expect("a key");
        let operator_key = app.operator().key.expect("a key");
        let stranger_key = app.organisation().await.1.key.expect("a key");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let operator = Client::new(config(addr, &operator_key)).expect("a client");
        let mut deployment =
            Self { addr, operator, running: None, second: None, sdk_key, stranger_key, app };
        deployment.running = Some(deployment.serve(listener).await);
        deployment
    }

    async fn serve(&self, listener: TcpListener) -> Running {
        let store = Store::open(self.app.store.url(), &ConnectOptions::default())
            .await
            .expect("the store opens");
        let config = ServerConfig::default();
        let server = Server::with_clock(config, store, listener, Clock::system());
        let server = server.await.expect("the store is read");
        let (stop, stopped) = oneshot::channel();
        #[expect(clippy::disallowed_methods, reason = "stopping waits for it")]
        let running = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            server.run(stopped).await.expect("the server ends well");
        });
        (stop, running)
    }

    /// Starts another server on the same store; its address.
    pub(crate) async fn second_server(&mut self) -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let addr = listener.local_addr().expect("an address");
        self.second = Some(self.serve(listener).await);
        addr
    }

    pub(crate) async fn stop(&mut self) {
        let (stop, running) = self.running.take().expect("the server runs");
        stop.send(()).expect("the server runs");
        running.await.expect("no panic");
    }

    /// Starts it again where it was.
    pub(crate) async fn start(&mut self) {
        let listener = TcpListener::bind(self.addr).await.expect("the port is still free");
        self.running = Some(self.serve(listener).await);
    }

    /// What `/metrics` says.
    pub(crate) async fn metrics(&self) -> String {
        let mut socket = TcpStream::connect(self.addr).await.expect("it listens");
        let request = b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        socket.write_all(request).await.expect("it reads");
        let mut text = String::new();
        socket.read_to_string(&mut text).await.expect("it answers");
        text
    }

    /// May do everything in another organisation.
    pub(crate) fn stranger(&self) -> Client {
        Client::new(config(self.addr, &self.stranger_key)).expect("a client")
    }

    /// Revokes the applications' key past the server, as `execlave keys revoke` does.
    pub(crate) async fn revoke_in_the_store(&self) {
        let store = &self.app.store;
        let keys = store.list_keys_across_orgs().await.expect("the store is read");
        let hash = execlave_server::secrets::hash(&self.sdk_key);
        let key = keys.iter().find(|key| key.hash == hash).expect("it is there");
        let revoked = store.revoke_key(key.org_id, key.id, "test", Clock::system().now()).await;
        assert!(revoked.expect("the store is written").is_some());
    }

    /// Pauses an agent while no server knows.
    pub(crate) async fn pause_in_the_store(&self, agent_id: &str) {
        let org = self.app.org().await;
        let found = self.app.store.find_agents_by_external_id(org, agent_id).await;
        let agent = found.expect("the store is read").pop().expect("it is registered");
        let now = Clock::system().now();
        let paused = AgentStatus::Paused;
        let set = self.app.store.set_agent_status(org, agent.id, paused, None, "test", now).await;
        set.expect("the store is written");
    }

    /// An application with the agent `bot`, which learns of changes from nothing but the bundle.
    pub(crate) async fn application(&self, settings: impl FnOnce(&mut Config)) -> Client {
        let client = self.newcomer(settings);
        let bot = json!({ "agentId": "bot", "name": "bot" });
        let bot = serde_json::from_value(bot).expect("a registration");
        client.register_agent(&bot).await.expect("registered");
        client
    }

    /// An application that has registered nobody.
    pub(crate) fn newcomer(&self, settings: impl FnOnce(&mut Config)) -> Client {
        let mut config = config(self.addr, &self.sdk_key);
        settings(&mut config);
        Client::new(config).expect("a client")
    }

    /// A stored policy; its id.
    pub(crate) async fn policy(&self, policy_type: &str, mode: &str, rule: Value) -> String {
        let name = format!("{policy_type} {mode} {rule}");
        let body = json!({ "name": name, "policyType": policy_type, "enforcementMode": mode, "ruleDefinition": rule });
        let answer: Value = self.operator.post("/policies", &body).await.expect("created");
        answer["data"]["id"].as_str().expect("an id").to_owned()
    }

    /// A place that passes everything on, with one text in the answers replaced by another of the same length; and how often that
    /// happened.
    pub(crate) async fn through_a_forger(
        &self,
        text: &'static str,
        by: &'static str,
    ) -> (SocketAddr, Arc<AtomicUsize>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let (place, server) = (listener.local_addr().expect("an address"), self.addr);
        let forged = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&forged);
        let mut connections = tokio::task::JoinSet::new();
        let accept = async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(server).await else { return };
                let ((near_in, near_out), (far_in, far_out)) =
                    (near.into_split(), far.into_split());
                // Compressed, nothing could be found in the answer.
                let plain = ("accept-encoding", "x-ccept-encoding");
                let asked = pass_on(near_in, far_out, plain, Arc::default());
                let answered = pass_on(far_in, near_out, (text, by), Arc::clone(&count));
                connections.spawn(async { tokio::join!(asked, answered) });
            }
        };
        #[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
        tokio::spawn(accept);
        (place, forged)
    }
}

fn config(addr: SocketAddr, key: &str) -> Config {
    let mut config = Config::new(ApiKey::new(key).expect("a key"));
    config.base_url = format!("http://{addr}").parse().expect("a URL");
    config.timeout = Duration::from_secs(10);
    config.poll_interval = None;
    config.flush_interval = None;
    config
}

async fn pass_on(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    (text, by): (&str, &str),
    count: Arc<AtomicUsize>,
) {
    let mut buffer = vec![0; 1 << 20];
    while let Ok(read) = from.read(&mut buffer).await {
        let chunk = String::from_utf8_lossy(&buffer[..read]);
        count.fetch_add(usize::from(chunk.contains(text)), Ordering::SeqCst);
        let chunk = chunk.replace(text, by);
        if read == 0 || to.write_all(chunk.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Waits until something holds.
pub(crate) async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    let patience = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(10), patience).await;
    waited.expect("it comes to hold");
}
