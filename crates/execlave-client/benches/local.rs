//! What a decision in this process costs an application: row 4 of the performance table, through [`Client::ask`].
//!
//! `five_expressions_cel_crate` is the floor: the `cel` crate running the same five expressions on a context that is already built, with
//! nothing decided. `five_expressions_core` is the evaluation alone. What `ask` adds is the look at the agent and the bundle, the bounds,
//! the answer and its id, and handing over the report; the reports are not sent.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use divan::{Bencher, black_box};
use ed25519_dalek::SigningKey;
use execlave_api::enforce::EnforceRequest;
use execlave_client::{Answer, ApiKey, Client, Config, Source};
use execlave_core::bundle::{Bundle, BundleAgent, BundleClaims, BundlePolicy, LocalVerdict};
use execlave_core::certificate::key_id;
use execlave_core::time::Timestamp;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

#[path = "../../../benches/row_four.rs"]
mod row_four;

use row_four::{action, five, twenty};

fn main() {
    divan::main();
}

const AGENT: &str = "01930000-0000-7000-8000-0000000000aa";

fn now() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "the bundle's age is held against the machine's clock"
    )]
    let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let millis = elapsed.expect("after 1970").as_millis();
    Timestamp::from_millis(i64::try_from(millis).expect("before the end of time"))
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn bundle(rules: Vec<(&'static str, Value)>) -> Bundle {
    let policies = rules.into_iter().enumerate().map(|(number, (policy_type, rule))| BundlePolicy {
        policy_id: uuid::Uuid::from_u128(number as u128 + 1).into(),
        version: 1,
        document: json!({
            "name": format!("policy {number}"), "policyType": policy_type, "enforcementMode": "block",
            "ruleDefinition": rule,
        }),
    });
    let profile = json!({
        "id": AGENT, "externalId": "bot", "name": "Bot", "environment": "production", "status": "active",
    });
    let profile = serde_json::from_value(profile).expect("an agent");
    let claims = BundleClaims {
        organization_id: uuid::Uuid::from_u128(0xcc).into(),
        epoch: 1,
        issued_at: now(),
        expires_at: now().plus_millis(3_600_000),
        policies: policies.collect(),
        agents: vec![BundleAgent { profile, epoch: 1, has_budget: false }],
        keep_input: false,
    };
    Bundle::sign(claims, &key())
}

fn question() -> EnforceRequest {
    EnforceRequest::about("bot".into(), action())
}

/// Answers what a client asks to get its bundle.
fn answer(stream: TcpStream, bundle: &Value) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut path, mut length) = (String::new(), 0);
        for number in 0.. {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim_end().to_ascii_lowercase();
            if number == 0 {
                line.split(' ').nth(1).unwrap_or_default().clone_into(&mut path);
            }
            if let Some(text) = line.strip_prefix("content-length: ") {
                length = text.parse().unwrap_or(0);
            }
            if line.is_empty() {
                break;
            }
        }
        reader.read_exact(&mut vec![0; length])?;
        let public = key().verifying_key();
        let body = match path.split('?').next().unwrap_or_default() {
            "/api/v1/agents" => {
                json!({ "data": { "id": AGENT, "agentId": "bot", "environment": "production", "epoch": 1 } })
            }
            "/api/v1/policies/bundle" => json!({ "data": bundle }),
            _ => {
                let x = URL_SAFE_NO_PAD.encode(public.to_bytes());
                json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": key_id(&public), "x": x }] })
            }
        };
        let body = body.to_string();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        reader.get_mut().write_all((head + &body).as_bytes())?;
    }
}

/// A client that holds a bundle of these policies, and decides from it.
fn client(runtime: &Runtime, rules: Vec<(&'static str, Value)>) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let offered = serde_json::to_value(bundle(rules)).expect("JSON");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let offered = offered.clone();
            std::thread::spawn(move || answer(stream, &offered));
        }
    });
    let mut config = Config::new(ApiKey::new("exe_dev_bench").expect("a key"));
    config.base_url = url.parse().expect("a URL");
    config.flush_interval = None;
    config.bundle_interval = std::time::Duration::from_hours(1);
    runtime.block_on(async {
        let client = Client::new(config).expect("a client");
        let bot = serde_json::from_value(json!({ "agentId": "bot", "name": "Bot" }));
        client.register_agent(&bot.expect("a registration")).await.expect("registered");
        while !client.decides_locally("bot", None) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        client
    })
}

fn ask(bencher: Bencher<'_, '_>, rules: Vec<(&'static str, Value)>) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let client = client(&runtime, rules);
    let decided = runtime.block_on(client.ask(question()));
    assert!(matches!(decided, Ok(Answer::Allowed(allowed)) if allowed.source == Source::Local));
    bencher
        .with_inputs(question)
        .bench_local_values(|question| runtime.block_on(client.ask(black_box(question))));
}

fn decide(bencher: Bencher<'_, '_>, rules: Vec<(&'static str, Value)>) {
    let open = bundle(rules).open(&key().verifying_key(), now()).expect("genuine");
    let (agent, action) = (open.agents[0].clone(), action());
    let verdict = open.decide(&agent, &action, now());
    assert!(matches!(verdict, LocalVerdict::Decided(_)));
    bencher.bench_local(|| black_box(open.decide(&agent, black_box(&action), now())));
}

/// Row 4: five expressions, through the client.
#[divan::bench]
fn five_expressions(bencher: Bencher<'_, '_>) {
    ask(bencher, five());
}

/// The evaluation within it.
#[divan::bench]
fn five_expressions_core(bencher: Bencher<'_, '_>) {
    decide(bencher, five());
}

/// The floor.
#[divan::bench]
fn five_expressions_cel_crate(bencher: Bencher<'_, '_>) {
    row_four::cel_crate(bencher);
}

/// Row 4: 20 policies and 1 KB of input, through the client.
#[divan::bench]
fn twenty_policies(bencher: Bencher<'_, '_>) {
    ask(bencher, twenty());
}

/// The evaluation within it.
#[divan::bench]
fn twenty_policies_core(bencher: Bencher<'_, '_>) {
    decide(bencher, twenty());
}
