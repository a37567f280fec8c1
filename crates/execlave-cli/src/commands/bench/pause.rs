//! How long a pause takes to reach clients that listen, beside a round trip on a bare socket.
//!
//! Each client is the SDK itself, with an agent of its own registration and a connection of its own. A latency counts from the moment
//! the operator's request leaves to the moment one client would refuse the agent's next action.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use execlave_client::{ApiKey, Client, Config, Knowledge, Observer, RejectedTrace};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::load::Measured;
use super::subject::{AGENT, Subject};
use crate::failure::Failure;

/// How often the agent is paused and resumed.
const ROUNDS: u32 = 20;
/// Clients that connect at the same time.
const AT_ONCE: usize = 32;
/// Round trips on the bare socket.
const TRIPS: usize = 2_000;
/// All clients have heard by then, or something is wrong.
const PATIENCE: Duration = Duration::from_mins(1);

/// Passes on when an agent's status changed.
#[derive(Debug)]
struct Heard(mpsc::UnboundedSender<Instant>);

impl Observer for Heard {
    fn traces_rejected(&self, _: &[RejectedTrace]) {}
    fn traces_lost(&self, _: usize, _: &str) {}
    fn agent_status_changed(&self, _: &str, _: &str, _: Option<&str>) {
        // Nobody waits any more once the measurement has ended.
        let _ended = self.0.send(Instant::now());
    }
}

/// Pauses and resumes while so many clients listen to the server at `address`.
pub(super) async fn measure(
    subject: &Subject,
    address: SocketAddr,
    count: usize,
) -> Result<Measured, Failure> {
    let operator = Client::new(config(subject.address, subject)?).map_err(Failure::unreachable)?;
    let (sender, mut heard) = mpsc::unbounded_channel();
    let clients = connect(subject, address, count, sender).await?;
    let mut latencies = Vec::new();
    let started = Instant::now();
    // The first round is over when all have connected.
    for round in 0..=ROUNDS {
        for verb in ["pause", "resume"] {
            let asked = Instant::now();
            let path = format!("/agents/{AGENT}/{verb}");
            let _: Value = operator
                .patch(&path, &json!({ "reason": "bench" }))
                .await
                .map_err(Failure::unreachable)?;
            for _ in 0..count {
                let heard = tokio::time::timeout(PATIENCE, heard.recv()).await;
                let at = heard
                    .ok()
                    .flatten()
                    .ok_or_else(|| Failure::unreachable("some clients were not told of a pause"))?;
                if round > 0 {
                    latencies.push(micros(at - asked));
                }
            }
        }
    }
    drop(clients);
    Ok(Measured::of(latencies, started.elapsed()))
}

async fn connect(
    subject: &Subject,
    address: SocketAddr,
    count: usize,
    sender: mpsc::UnboundedSender<Instant>,
) -> Result<Vec<Client>, Failure> {
    let mut clients = Vec::with_capacity(count);
    let mut connecting = JoinSet::new();
    for _ in 0..count {
        let mut config = config(address, subject)?;
        // Nothing but the channel, and a look when it stands, tells of a pause.
        config.poll_interval = Some(Duration::from_hours(1));
        config.heartbeat_interval = Duration::from_hours(1);
        let observer = Arc::new(Heard(sender.clone()));
        if connecting.len() >= AT_ONCE
            && let Some(connected) = connecting.join_next().await
        {
            clients.push(connected.map_err(Failure::unreachable)??);
        }
        connecting.spawn(async move {
            let client = Client::with_observer(config, observer, Knowledge::default())
                .map_err(Failure::unreachable)?;
            let agent = json!({ "agentId": AGENT, "name": AGENT, "environment": "production" });
            let agent = serde_json::from_value(agent).expect("it is a registration");
            client.register_agent(&agent).await.map_err(Failure::unreachable)?;
            Ok::<Client, Failure>(client)
        });
    }
    while let Some(connected) = connecting.join_next().await {
        clients.push(connected.map_err(Failure::unreachable)??);
    }
    Ok(clients)
}

fn config(address: SocketAddr, subject: &Subject) -> Result<Config, Failure> {
    let mut config = Config::new(ApiKey::new(subject.key()).map_err(Failure::usage)?);
    config.base_url = format!("http://{address}").parse().map_err(Failure::usage)?;
    config.poll_interval = None;
    config.flush_interval = None;
    config.local_decisions = false;
    Ok(config)
}

/// One byte there and back, again and again.
pub(super) async fn bare_socket() -> Result<Measured, Failure> {
    let failed = |error: std::io::Error| Failure::unreachable(error);
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    let mut stream =
        TcpStream::connect(listener.local_addr().map_err(failed)?).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    let (mut other, _) = listener.accept().await.map_err(failed)?;
    other.set_nodelay(true).map_err(failed)?;
    let mut echo = JoinSet::new();
    echo.spawn(async move {
        let (mut from, mut to) = other.split();
        tokio::io::copy(&mut from, &mut to).await
    });
    let started = Instant::now();
    let mut latencies = Vec::with_capacity(TRIPS);
    for _ in 0..TRIPS {
        let sent = Instant::now();
        stream.write_all(b"x").await.map_err(failed)?;
        stream.read_exact(&mut [0]).await.map_err(failed)?;
        latencies.push(micros(sent.elapsed()));
    }
    Ok(Measured::of(latencies, started.elapsed()))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
