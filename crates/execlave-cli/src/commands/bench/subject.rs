//! What is measured: the real server on a fresh store, with an agent and 20 policies.

use std::net::SocketAddr;

use execlave_server::Server;
use execlave_server::bootstrap::first_start;
use execlave_server::clock::Clock;
use execlave_server::config::Config;
use execlave_store::Store;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::text::ordinary;
use crate::failure::{Failure, chain};
use crate::local;

const POLICIES: &str = include_str!("policies.json");
pub(super) const AGENT: &str = "bench";
/// Bytes of input of each action and each trace.
const INPUT_BYTES: usize = 1024;

/// A running server.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) address: SocketAddr,
    key: String,
    config: Config,
    stops: Vec<oneshot::Sender<()>>,
    serving: JoinSet<Result<(), Failure>>,
    _folder: TempDir,
}

impl Subject {
    pub(super) async fn start(database_url: Option<String>) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::unreachable(format!("cannot start: {error}"));
        let folder = TempDir::with_prefix("execlave-bench-").map_err(failed)?;
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let mut config = Config::default();
        config.server.listen = address;
        config.store.data_dir = folder.path().to_owned();
        config.store.database_url = database_url;
        let store = local::open(&local::store_url(&config)?, true).await?;
        store.migrate().await?;
        let first =
            first_start(&store, &Clock::system(), &config, None).await?.ok_or_else(|| {
                Failure::usage("the database is not empty")
                    .hint("name a database made for this run")
            })?;
        let mut subject = Self {
            address,
            key: first.api_key,
            config,
            stops: Vec::new(),
            serving: JoinSet::new(),
            _folder: folder,
        };
        subject.serve(store, listener).await?;
        subject.govern().await?;
        Ok(subject)
    }

    async fn serve(&mut self, store: Store, listener: TcpListener) -> Result<(), Failure> {
        let server = Server::new(self.config.clone(), store, listener)
            .await
            .map_err(|error| Failure::unreachable(chain(&error)))?;
        let (stop, stopped) = oneshot::channel::<()>();
        self.stops.push(stop);
        self.serving.spawn(async move {
            let stopped = async {
                // The other end is dropped only when the measurement failed.
                let _stopped = stopped.await;
            };
            server.run(stopped).await.map_err(|error| Failure::unreachable(chain(&error)))
        });
        Ok(())
    }

    /// A second server, where the store can have one; its address.
    pub(super) async fn second_server(&mut self) -> Result<Option<SocketAddr>, Failure> {
        if self.config.store.database_url.is_none() {
            return Ok(None);
        }
        let failed = |error: std::io::Error| Failure::unreachable(format!("cannot start: {error}"));
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let store = local::open(&local::store_url(&self.config)?, true).await?;
        self.serve(store, listener).await?;
        Ok(Some(address))
    }

    /// The key that may do everything.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Stops it in good order.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        for stop in self.stops.drain(..) {
            // A server that has ended by itself says why below.
            let _ended = stop.send(());
        }
        while let Some(ended) = self.serving.join_next().await {
            ended.map_err(|error| Failure::unreachable(error.to_string()))??;
        }
        Ok(())
    }

    /// Registers the agent and makes the policies.
    async fn govern(&self) -> Result<(), Failure> {
        let agent = json!({
            "agentId": AGENT, "name": AGENT, "type": "chatbot", "platform": "custom", "environment": "production",
        });
        self.send("/api/v1/agents", &agent).await?;
        let policies: Vec<Value> =
            serde_json::from_str(POLICIES).expect("the file is a list of policies");
        for (index, mut policy) in policies.into_iter().enumerate() {
            policy["name"] = json!(format!("policy {index}"));
            policy["enforcementMode"] = json!("block");
            self.send("/api/v1/policies", &policy).await?;
        }
        Ok(())
    }

    async fn send(&self, path: &str, body: &Value) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::unreachable(error.to_string());
        let request = self.request(path, body).replacen("\r\n", "\r\nconnection: close\r\n", 1);
        let mut stream = TcpStream::connect(self.address).await.map_err(failed)?;
        stream.write_all(request.as_bytes()).await.map_err(failed)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.map_err(failed)?;
        if answer.starts_with("HTTP/1.1 2") {
            return Ok(());
        }
        Err(Failure::unreachable(format!("the measured server refused {path}: {answer}")))
    }

    fn request(&self, path: &str, body: &Value) -> String {
        let body = body.to_string();
        format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            self.key,
            body.len()
        )
    }

    /// The question whose answer is measured.
    pub(super) fn enforce(&self) -> String {
        let body = json!({
            "agentId": AGENT, "input": ordinary(INPUT_BYTES), "environment": "production", "estimatedCost": 0.002,
            "tools": ["search", "mail.send"], "metadata": { "region": "eu", "url": "https://docs.example.com/orders", "attempt": 1 },
        });
        self.request("/api/v1/policies/enforce", &body)
    }

    /// A batch of traces; several may share an id, as the spans of one trace do.
    pub(super) fn ingest(&self, traces: usize) -> String {
        let half = ordinary(INPUT_BYTES / 2);
        let trace = |index: usize| {
            json!({
                "traceId": format!("tr_{index:016x}"), "agentId": AGENT, "environment": "production", "status": "success",
                "durationMs": 12, "input": half, "output": half, "modelName": "gpt-4o", "promptTokens": 120,
                "completionTokens": 80, "totalTokens": 200, "costUsd": 0.001, "tags": ["bench"],
            })
        };
        let batch: Vec<Value> = (0..traces).map(trace).collect();
        self.request("/api/v1/traces/ingest", &json!({ "traces": batch }))
    }
}
