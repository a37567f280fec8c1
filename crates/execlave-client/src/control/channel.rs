//! The control channel: the server says at once when an agent is paused or resumed, so that nobody waits for the next poll.
//!
//! It speaks Socket.IO 5 over Engine.IO 4 on a WebSocket, of which a client that only listens needs five packets. The connection is
//! made again whenever it is lost, after a time that grows and differs between clients, so that they do not all come back at once. What
//! was missed in between is asked for as soon as it stands, and polling goes on all the while.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Upgraded;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use super::{States, Status};
use crate::agents::Registry;
use crate::error::Error;
use crate::http::{Http, Signature};
use crate::observer::Observer;

mod packet;

use packet::Packet;

const PATH: &str = "/socket.io/?EIO=4&transport=websocket";

/// How long the server may take to open the namespace.
const PATIENCE: Duration = Duration::from_secs(10);

/// The shortest and the longest time between two attempts.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Listens until told to stop.
pub(crate) struct Channel {
    pub(crate) http: Arc<Http>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) states: Arc<States>,
    pub(crate) observer: Arc<dyn Observer>,
    /// Rung when the connection stands, because events may have been missed before.
    pub(crate) poll_now: Arc<Notify>,
    /// Whether the server refused the last time: that is said once.
    pub(crate) refused: AtomicBool,
    pub(crate) stop: CancellationToken,
}

/// The one event that matters here. Older servers send the first three fields alone.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatusUpdated {
    agent_id: String,
    status: String,
    reason: Option<String>,
    id: Option<String>,
    epoch: Option<i64>,
}

/// When and how often the server shows that it is there, in milliseconds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Opened {
    ping_interval: u64,
    ping_timeout: u64,
}

impl Channel {
    /// Connects again and again. Nothing here fails the application: a server without a channel leaves polling.
    pub(crate) async fn run(self) {
        let mut attempt = 0;
        loop {
            let lost = tokio::select! {
                () = self.stop.cancelled() => return,
                lost = self.listen(&mut attempt) => lost,
            };
            if let Err(error) = lost {
                tracing::debug!(%error, attempt, "the control channel is down");
            }
            let pause = pause_before(attempt, share());
            attempt = attempt.saturating_add(1);
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn listen(&self, attempt: &mut u32) -> Result<(), Error> {
        let mut socket = self.http.open_websocket(PATH).await?;
        let silence = timeout(PATIENCE, self.enter(&mut socket)).await.map_err(|_| silent())??;
        *attempt = 0;
        tracing::debug!("the control channel is up");
        self.poll_now.notify_one();
        loop {
            match timeout(silence, next(&mut socket)).await.map_err(|_| silent())?? {
                Packet::Ping => say(&mut socket, Packet::PONG.to_owned()).await?,
                Packet::Event(name, content) if name == "agent.status_updated" => {
                    match serde_json::from_value(content) {
                        Ok(event) => self.learn(event),
                        Err(error) => tracing::debug!(%error, "an event cannot be read"),
                    }
                }
                Packet::Closed => return Ok(()),
                Packet::Refused(why) => return Err(Error::Network(why)),
                Packet::Open(_) | Packet::Joined | Packet::Event(..) | Packet::Other => {}
            }
        }
    }

    /// Joins the namespace; gives back how long the server may be silent from then on.
    async fn enter(&self, socket: &mut WebSocketStream<Upgraded>) -> Result<Duration, Error> {
        let mut silence = PATIENCE;
        loop {
            match next(socket).await? {
                Packet::Open(content) => {
                    let opened: Opened =
                        serde_json::from_str(&content).map_err(|error| unreadable(&error))?;
                    let silent = opened.ping_interval.saturating_add(opened.ping_timeout);
                    silence = Duration::from_millis(silent.clamp(1_000, 600_000));
                    say(socket, packet::join(&self.hello())).await?;
                }
                Packet::Joined => {
                    self.refused.store(false, Ordering::Relaxed);
                    return Ok(silence);
                }
                Packet::Ping => say(socket, Packet::PONG.to_owned()).await?,
                Packet::Refused(why) => {
                    if !self.refused.swap(true, Ordering::Relaxed) {
                        tracing::warn!(
                            why,
                            "the server refuses the control channel; statuses are polled"
                        );
                    }
                    return Err(Error::Network(why));
                }
                Packet::Closed => return Err(silent()),
                Packet::Event(..) | Packet::Other => {}
            }
        }
    }

    /// The key, and a signature of what a request with the method `CONNECT` and the namespace as its path would have.
    fn hello(&self) -> Value {
        let key = self.http.key();
        match self.http.signed_channel(packet::NAMESPACE) {
            None => json!({"apiKey": key}),
            Some(Signature { timestamp, nonce, hmac }) => {
                json!({"apiKey": key, "timestamp": timestamp, "nonce": nonce, "signature": hmac})
            }
        }
    }

    /// Notes a status under the server's id; servers that send none mean every registered agent of that name.
    fn learn(&self, event: StatusUpdated) {
        let StatusUpdated { agent_id, status, reason, id, epoch } = event;
        let status = Status { word: status, reason, epoch };
        let registered = self.registry.all();
        let is_meant = |key: &str, name: &str| match &id {
            Some(id) => key == id,
            None => name == agent_id,
        };
        let mut keys: Vec<String> = registered
            .iter()
            .filter(|agent| is_meant(&agent.id, &agent.agent_id))
            .map(|agent| agent.id.clone())
            .collect();
        let is_registered = !keys.is_empty();
        // An agent that is being registered at this moment learns it too.
        keys.extend(id.filter(|_| !is_registered));
        for key in keys {
            let changed = self.states.learn(&key, status.clone(), self.states.revision(&key));
            if changed && is_registered {
                let reason = status.reason.as_deref();
                self.observer.agent_status_changed(&agent_id, &status.word, reason);
            }
        }
    }
}

/// The next packet.
async fn next(socket: &mut WebSocketStream<Upgraded>) -> Result<Packet, Error> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Ok(Packet::read(text.as_str())),
            Some(Ok(Message::Close(_))) | None => return Ok(Packet::Closed),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(Error::Network(error.to_string())),
        }
    }
}

async fn say(socket: &mut WebSocketStream<Upgraded>, text: String) -> Result<(), Error> {
    let sent = socket.send(Message::Text(text.into())).await;
    sent.map_err(|error| Error::Network(error.to_string()))
}

fn silent() -> Error {
    Error::Network("the server has become silent".to_owned())
}

fn unreadable(error: &serde_json::Error) -> Error {
    Error::Network(format!("the server's first packet cannot be read: {error}"))
}

/// How long to wait before an attempt, where `share` from 0 to 1 tells clients apart: half of a time that doubles, and as much of the
/// other half.
fn pause_before(attempt: u32, share: f64) -> Duration {
    let whole = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempt.min(16)));
    whole.min(LONGEST_PAUSE).mul_f64(0.5 + share.clamp(0.0, 1.0) / 2.0)
}

fn share() -> f64 {
    let mut byte = [0];
    // Without randomness all wait the whole time: still right, only less spread.
    match getrandom::fill(&mut byte) {
        Ok(()) => f64::from(byte[0]) / 255.0,
        Err(_) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_differ() {
        let seconds = |attempt, share| pause_before(attempt, share).as_secs_f64();
        assert!((seconds(0, 0.0) - 0.5).abs() < 1e-9 && (seconds(0, 1.0) - 1.0).abs() < 1e-9);
        assert!((seconds(3, 0.5) - 6.0).abs() < 1e-9);
        assert!((seconds(40, 1.0) - 30.0).abs() < 1e-9);
    }
}
