//! The control channel: a Socket.IO server (protocol 5, namespace `/sdk`) that tells clients what changes, as it changes.
//!
//! Clients only listen. Each server tells its own clients: what changes on another server arrives through the store's notices, like
//! everything else that is kept in memory. A client that is too slow to read loses events and no other client waits for it; every
//! client asks for its agents' status from time to time as well, so nothing depends on an event alone.

mod announce;

use std::fmt;
use std::time::Duration;

use axum::Router;
use execlave_core::ids::OrgId;
use serde::Deserialize;
use socketioxide::SocketIo;
use socketioxide::extract::{SocketRef, State, TryData};
use socketioxide::handler::ConnectHandler as _;

use crate::auth::key::check;
use crate::auth::permission::{Permission as _, ReadAgents, reaches};
use crate::auth::replay::refuse_replay;
use crate::auth::signature::{Claim, Signed};
use crate::directory::KeyEntry;
use crate::error::AppResult;
use crate::metrics::ChannelClient;
use crate::state::AppState;

/// The namespace that published clients connect to.
const NAMESPACE: &str = "/sdk";

/// The largest message of a client. None is expected but the one that presents its key.
const MESSAGE_BYTES: u64 = 4_096;

/// Bytes read at once. The library's own 128 KiB for every client are cleared before every read.
const READ_BYTES: usize = 4_096;

/// Events that wait for one client. One that does not read that many loses what follows.
const WAITING_EVENTS: usize = 256;

/// A connection without a key is closed after this time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What a client says when it connects. Some add an `agentId`, which means nothing: a key hears of all agents of its organisation.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hello {
    api_key: String,
    /// Unix seconds, where the connection is signed.
    timestamp: Option<String>,
    nonce: Option<String>,
    signature: Option<String>,
}

impl Hello {
    /// A connection is signed like a request of version 2: one that carries nothing, with the method `CONNECT` and the path `/sdk`.
    async fn check_signature(&self, state: &AppState, key: &KeyEntry) -> AppResult<()> {
        let parts = [&self.timestamp, &self.nonce, &self.signature];
        if parts.iter().all(|part| part.is_none()) {
            return key.may_be_unsigned();
        }
        let [timestamp, nonce, signature] = parts.map(|part| part.as_deref().unwrap_or_default());
        let claim = Claim { timestamp, signature, version: "v2", nonce };
        let signed = Signed { method: "CONNECT", target: NAMESPACE, body: b"" };
        let verified = claim.verify(signed, &self.api_key, state.clock.now())?;
        refuse_replay(state, key, verified).await
    }
}

/// Opens the channel in front of a router, outside all its layers: their limits are for requests, not for connections that stay.
pub(crate) fn open(state: &AppState, router: Router) -> (Router, SocketIo) {
    let (layer, io) = SocketIo::builder()
        .with_state(state.clone())
        .max_payload(MESSAGE_BYTES)
        .max_buffer_size(WAITING_EVENTS)
        .ws_read_buffer_size(READ_BYTES)
        .connect_timeout(CONNECT_TIMEOUT)
        .build_layer();
    io.ns(NAMESPACE, welcome.with(authenticate));
    state.tasks.spawn(announce::run(state.clone(), io.clone()));
    (router.layer(layer), io)
}

/// Where events for all clients of an organisation go.
fn room_of_org(org: OrgId) -> String {
    format!("org:{org}")
}

/// Where what concerns everybody goes for clients whose keys do not reach all environments.
fn room_of_restricted(org: OrgId) -> String {
    format!("restricted:{org}")
}

/// Where events of one environment's agents go for such clients.
fn room_of_environment(org: OrgId, environment: &str) -> String {
    format!("environment:{org}:{environment}")
}

/// Why a client may not listen; it reads this text.
#[derive(Debug)]
struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Lets in whoever has a key that may see agents. A key that is revoked at this very moment is found by the next sweep.
async fn authenticate(
    socket: SocketRef,
    TryData(hello): TryData<Hello>,
    State(state): State<AppState>,
) -> Result<(), Refused> {
    let hello =
        hello.map_err(|_| Refused("no API key: connect with `{\"apiKey\": …}`".to_owned()))?;
    let key = check(&state, &hello.api_key).map_err(|error| Refused(error.message().to_owned()))?;
    if !reaches::<ReadAgents>(&key.scopes) {
        let wanted = ReadAgents::SCOPES.join("` or `");
        return Err(Refused(format!("this key may not listen: use one with the scope `{wanted}`")));
    }
    hello
        .check_signature(&state, &key)
        .await
        .map_err(|error| Refused(error.message().to_owned()))?;
    match key.environments.list() {
        None => socket.join(room_of_org(key.org)),
        Some(list) => {
            let rooms = list.iter().map(|environment| room_of_environment(key.org, environment));
            socket.join(rooms.chain([room_of_restricted(key.org)]).collect::<Vec<_>>());
        }
    }
    socket.extensions.insert(key);
    Ok(())
}

async fn welcome(socket: SocketRef) {
    socket.extensions.insert(ChannelClient::new());
}
