//! A server whose every answer is scripted, and a client that talks to it.

use std::io::Read as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use execlave_api::agents::RegisterAgent;
use execlave_api::enforce::EnforceRequest;
use execlave_client::{ApiKey, Client, Config};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// What the server does with a request.
pub(crate) enum Reply {
    Json(u16, Value),
    WithHeader(u16, &'static str, Value),
    /// With these headers.
    WithHead(String, Value),
    Raw(u16, &'static str),
    /// Says so, and ends before the body does.
    CutOff(u16),
    /// Closes the connection without a word.
    Close,
    /// Never answers.
    Hang,
}

type Script = Arc<dyn Fn(&Seen) -> Reply + Send + Sync>;

pub(crate) struct FakeServer {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl FakeServer {
    pub(crate) async fn new(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script: Script = Arc::new(script);
        let log = Arc::clone(&seen);
        let mut connections = tokio::task::JoinSet::new();
        let accept = async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&script), Arc::clone(&log)));
            }
        };
        #[expect(clippy::disallowed_methods, reason = "dropping the server ends it")]
        let task = tokio::spawn(accept);
        Self { url, seen, task }
    }

    /// Requests whose path begins so, in order.
    pub(crate) fn seen(&self, path: &str) -> Vec<Seen> {
        let seen = self.seen.lock().expect("the log");
        seen.iter().filter(|request| request.path.starts_with(path)).cloned().collect()
    }

    pub(crate) fn config(&self) -> Config {
        let mut config = Config::new(ApiKey::new("exe_dev_test").expect("a key"));
        config.base_url = self.url.parse().expect("a URL");
        config.timeout = Duration::from_secs(2);
        config.poll_interval = None;
        config.flush_interval = None;
        config.local_decisions = false;
        config
    }

    pub(crate) fn client(&self) -> Client {
        self.client_with(|_| {})
    }

    pub(crate) fn client_with(&self, change: impl FnOnce(&mut Config)) -> Client {
        let mut config = self.config();
        change(&mut config);
        Client::new(config).expect("a client")
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, script: Script, log: Arc<Mutex<Vec<Seen>>>) {
    let mut buffer = Vec::new();
    loop {
        let Some((seen, rest)) = read_request(&mut stream, buffer).await else { return };
        buffer = rest;
        log.lock().expect("the log").push(seen.clone());
        let (status, header, body) = match script(&seen) {
            Reply::Json(status, body) => (status, String::new(), body.to_string()),
            Reply::WithHeader(status, header, body) => (status, header.into(), body.to_string()),
            Reply::WithHead(head, body) => (200, head, body.to_string()),
            Reply::Raw(status, body) => (status, String::new(), body.to_owned()),
            Reply::CutOff(status) => {
                let head = format!("HTTP/1.1 {status} X\r\ncontent-length: 9\r\n\r\ncut");
                let _ = stream.write_all(head.as_bytes()).await;
                return;
            }
            Reply::Close => return,
            Reply::Hang => std::future::pending().await,
        };
        let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
        let answer =
            format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{header}\r\n{body}", body.len());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read_request(stream: &mut TcpStream, mut buffer: Vec<u8>) -> Option<(Seen, Vec<u8>)> {
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(buffer[..head_end].to_vec()).expect("ASCII");
    let mut first = head.lines().next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let mut seen = Seen { method, path, head, body: String::new() };
    let length = seen.header("content-length").map_or(0, |text| text.parse().expect("a length"));
    let end = head_end + 4 + length;
    while buffer.len() < end {
        if stream.read_buf(&mut buffer).await.ok()? == 0 {
            return None;
        }
    }
    let body = &buffer[head_end + 4..end];
    seen.body = match seen.header("content-encoding") {
        Some("gzip") => {
            let mut text = String::new();
            flate2::read::GzDecoder::new(body).read_to_string(&mut text).expect("compressed UTF-8");
            text
        }
        _ => String::from_utf8(body.to_vec()).expect("UTF-8"),
    };
    Some((seen, buffer[end..].to_vec()))
}

pub(crate) fn question(input: &str) -> EnforceRequest {
    EnforceRequest {
        agent_id: "bot".to_owned(),
        input: input.to_owned(),
        environment: None,
        metadata: None,
        estimated_cost: None,
        tools: None,
        tool_descriptors: Vec::new(),
        conversation_history: Vec::new(),
        tool_outputs: Vec::new(),
    }
}

pub(crate) fn registration(agent_id: &str) -> RegisterAgent {
    serde_json::from_value(json!({"agentId": agent_id, "name": agent_id})).expect("a registration")
}

/// The answer to a registration of the agent that is asked for.
pub(crate) fn registered(seen: &Seen, status: &str) -> Reply {
    let agent_id = seen.json()["agentId"].clone();
    let id = format!("id-{}", agent_id.as_str().expect("an id"));
    let agent = json!({"id": id, "agentId": agent_id, "name": "Bot", "environment": "production",
        "status": status, "epoch": 1});
    Reply::Json(201, json!({"data": agent}))
}

pub(crate) fn violation(policy_type: &str, rule: &str) -> Value {
    json!({"policyId": "p", "policyName": "P", "policyType": policy_type, "enforcementMode": "block",
        "message": "no", "ruleId": rule})
}

/// Waits until something holds; tests do not sleep and hope.
pub(crate) async fn eventually(mut holds: impl FnMut() -> bool) {
    for _ in 0..400 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came to hold");
}
