//! Decisions in the process: what is decided here, what is not, and what becomes of the records.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use execlave_api::enforce::EnforceRequest;
use execlave_client::{
    Answer, Client, Config, Error, FailMode, Knowledge, Observer, RejectedTrace, Source,
};
use execlave_core::bundle::{Bundle, BundleAgent, BundleClaims, BundlePolicy};
use execlave_core::certificate::key_id;
use execlave_core::request::Action;
use execlave_core::time::Timestamp;
use serde_json::{Value, json};

use crate::support::{FakeServer, Reply, Seen, eventually, question, registration, violation};

const AGENT: &str = "01930000-0000-7000-8000-0000000000aa";
const ORG: u128 = 0xcc;

/// What the server offers at this moment.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "four independent switches")]
struct Offer {
    /// The status of the answer instead of a bundle.
    refusal: Option<u16>,
    policies: Vec<Value>,
    org: u128,
    epoch: i64,
    /// Milliseconds from the present, when it is issued and when it ends.
    life: (i64, i64),
    /// What the server says the time is.
    date: Option<&'static str>,
    agent: Value,
    agent_epoch: i64,
    has_budget: bool,
    keep_input: bool,
    signed_by: u8,
    /// Changed after it was signed.
    tampered: bool,
    /// What else the server does: nothing if it is out of order.
    down: bool,
    status: &'static str,
    status_epoch: i64,
    /// The answers to reports, in order; then the last one for ever.
    receipts: Vec<u16>,
}

impl Default for Offer {
    fn default() -> Self {
        let denied = json!({ "deniedTools": ["rm"] });
        let named = json!({ "deniedTools": ["ls"] });
        Self {
            refusal: None,
            policies: vec![
                json!({ "policyType": "access_control", "enforcementMode": "block", "ruleDefinition": denied }),
                json!({ "policyType": "access_control", "enforcementMode": "warn", "ruleDefinition": named }),
            ],
            org: ORG,
            epoch: 1,
            life: (-1_000, 600_000),
            date: None,
            agent: json!({
                "id": AGENT, "externalId": "bot", "name": "Bot", "environment": "production", "status": "active",
            }),
            agent_epoch: 1,
            has_budget: false,
            keep_input: false,
            signed_by: 1,
            tampered: false,
            down: false,
            status: "active",
            status_epoch: 1,
            receipts: vec![202],
        }
    }
}

impl Offer {
    fn bundle(&self) -> Bundle {
        let now = Timestamp::from_millis(now_ms());
        let policies = self.policies.iter().enumerate().map(|(number, policy)| {
            let mut document = policy.clone();
            document["name"] = json!(format!("policy {number}"));
            let policy_id = uuid::Uuid::from_u128(number as u128 + 1).into();
            BundlePolicy { policy_id, version: 1, document }
        });
        let claims = BundleClaims {
            organization_id: uuid::Uuid::from_u128(self.org).into(),
            epoch: self.epoch,
            issued_at: now.plus_millis(self.life.0),
            expires_at: now.plus_millis(self.life.1),
            policies: policies.collect(),
            agents: vec![BundleAgent {
                profile: serde_json::from_value(self.agent.clone()).expect("an agent"),
                epoch: self.agent_epoch,
                has_budget: self.has_budget,
            }],
            keep_input: self.keep_input,
        };
        let mut bundle = Bundle::sign(claims, &SigningKey::from_bytes(&[self.signed_by; 32]));
        if self.tampered {
            bundle.policies.pop();
        }
        bundle
    }

    fn answer(&mut self, seen: &Seen) -> Reply {
        let path = seen.path.split('?').next().unwrap_or_default();
        match path {
            _ if self.down => Reply::Raw(503, ""),
            "/api/v1/agents" => Reply::Json(
                201,
                json!({ "data": { "id": AGENT, "agentId": "bot", "environment": "production", "status": "active", "epoch": 1 } }),
            ),
            "/api/v1/policies/bundle" => match self.refusal {
                Some(status) => Reply::Json(status, json!({ "error": { "message": "none" } })),
                None => self.offered(seen),
            },
            "/.well-known/jwks.json" => {
                let key = SigningKey::from_bytes(&[1; 32]).verifying_key();
                let x = URL_SAFE_NO_PAD.encode(key.to_bytes());
                Reply::Json(
                    200,
                    json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": key_id(&key), "x": x }] }),
                )
            }
            "/api/v1/decisions/ingest" => {
                let status = if self.receipts.len() > 1 {
                    self.receipts.remove(0)
                } else {
                    self.receipts[0]
                };
                let count = seen.json()["decisions"].as_array().map_or(0, Vec::len);
                Reply::Json(status, json!({ "accepted": count, "duplicates": 0, "failed": 0 }))
            }
            "/api/v1/policies/enforce" if self.status == "paused" => {
                let violations = [violation("system", "system.agent_paused")];
                Reply::Json(403, json!({ "allowed": false, "violations": violations }))
            }
            "/api/v1/policies/enforce" => {
                Reply::Json(200, json!({ "allowed": true, "decisionId": "server's" }))
            }
            _ => Reply::Json(
                200,
                json!({ "data": { "status": self.status, "epoch": self.status_epoch } }),
            ),
        }
    }

    fn offered(&self, seen: &Seen) -> Reply {
        let tag = format!("\"{} {} {:?}\"", self.epoch, self.agent_epoch, self.life);
        if seen.header("if-none-match") == Some(tag.as_str()) {
            return Reply::Raw(304, "");
        }
        let mut head = format!("etag: {tag}");
        if let Some(date) = self.date {
            head = format!("{head}\r\ndate: {date}");
        }
        Reply::WithHead(head, json!({ "data": self.bundle() }))
    }
}

fn now_ms() -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the bundle's times are held against the machine's clock"
    )]
    let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(elapsed.expect("after 1970").as_millis()).expect("before the end of time")
}

/// A server whose offer the test can change, and a client with a registered agent.
struct Scene {
    server: FakeServer,
    offer: Arc<Mutex<Offer>>,
    client: Client,
}

impl Scene {
    async fn new(change: impl FnOnce(&mut Offer)) -> Self {
        Self::with(change, |_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Offer), settings: impl FnOnce(&mut Config)) -> Self {
        let mut offer = Offer::default();
        change(&mut offer);
        let offer = Arc::new(Mutex::new(offer));
        let offered = Arc::clone(&offer);
        let server =
            FakeServer::new(move |seen| offered.lock().expect("the offer").answer(seen)).await;
        let client = server.client_with(|config| {
            config.local_decisions = true;
            config.bundle_interval = Duration::from_millis(20);
            settings(config);
        });
        client.register_agent(&registration("bot")).await.expect("registered");
        Self { server, offer, client }
    }

    /// Once a bundle is held.
    async fn ready(change: impl FnOnce(&mut Offer)) -> Self {
        let scene = Self::new(change).await;
        scene.until_held().await;
        scene
    }

    async fn until_held(&self) {
        eventually(|| self.client.decides_locally("bot", None)).await;
    }

    fn change(&self, change: impl FnOnce(&mut Offer)) {
        change(&mut self.offer.lock().expect("the offer"));
    }

    fn looks(&self) -> usize {
        self.server.seen("/api/v1/policies/bundle").len()
    }

    fn asked(&self) -> usize {
        self.server.seen("/api/v1/policies/enforce").len()
    }

    async fn allowed_by(&self) -> Source {
        match self.client.ask(with_tools(&[])).await {
            Ok(Answer::Allowed(allowed)) => allowed.source,
            other => panic!("{other:?}"),
        }
    }
}

fn with_tools(tools: &[&str]) -> EnforceRequest {
    let tools = Some(tools.iter().map(|tool| (*tool).to_owned()).collect());
    EnforceRequest { tools, ..question("hello") }
}

fn rate_limit() -> Value {
    json!({ "policyType": "rate_limit", "enforcementMode": "block", "ruleDefinition": { "maxRequestsPerMinute": 5 } })
}

#[tokio::test]
async fn what_needs_nobody_else_is_decided_here_and_reported() {
    let scene = Scene::ready(|_| {}).await;
    let Ok(Answer::Allowed(allowed)) = scene.client.ask(with_tools(&["ls"])).await else {
        panic!()
    };
    assert_eq!((allowed.source, allowed.bypass.is_none()), (Source::Local, true));
    assert_eq!(
        (&allowed.body["allowed"], &allowed.body["source"]),
        (&json!(true), &json!("local"))
    );
    assert_eq!(allowed.body["warnings"][0]["policyName"], "policy 1");
    let error = scene.client.ask(with_tools(&["rm"])).await.expect_err("denied");
    let Error::Blocked { violations, decision_id, decided_by } = error else { panic!("{error:?}") };
    assert_eq!((violations.len(), decided_by), (1, Source::Local));
    assert_eq!((scene.asked(), scene.client.local_decision_count()), (0, 2));
    assert_eq!(scene.client.waiting_decisions(), 2);

    let report = scene.client.flush().await;
    assert_eq!((report.decisions_reported, report.decisions_unreported), (2, 0));
    let sent = scene.server.seen("/api/v1/decisions/ingest")[0].json();
    let (first, second) = (&sent["decisions"][0], &sent["decisions"][1]);
    assert_eq!((&first["outcome"], &second["outcome"]), (&json!("allow"), &json!("block")));
    assert_eq!(first["id"], allowed.body["decisionId"]);
    assert_eq!(second["id"].as_str(), decision_id.as_deref());
    assert_eq!((&first["agentId"], &first["environment"]), (&json!(AGENT), &json!("production")));
    assert_eq!(first["warnings"], allowed.body["warnings"]);
    assert_eq!(second["violations"], Value::Array(violations));
    let action = json!({ "input": "hello", "environment": "production", "tools": ["ls"] });
    let action: Action = serde_json::from_value(action).expect("an action");
    assert_eq!(first["actionDigest"], action.digest().to_string());
    let bundle = scene.offer.lock().expect("the offer").bundle();
    assert_eq!(first["bundleVersion"], bundle.digest());
    assert!(first.get("input").is_none());
}

#[tokio::test]
async fn inputs_go_along_only_where_the_organisation_keeps_them() {
    let scene = Scene::ready(|offer| offer.keep_input = true).await;
    let large = "a word ".repeat(10_000);
    scene.client.ask(question("hello")).await.expect("allowed");
    scene.client.ask(question(&large)).await.expect("allowed");
    scene.client.flush().await;
    let sent = scene.server.seen("/api/v1/decisions/ingest")[0].json();
    assert_eq!(sent["decisions"][0]["input"], "hello");
    assert_eq!(sent["decisions"][1]["input"], json!(large));
    let action = json!({ "input": large, "environment": "production" });
    let action: Action = serde_json::from_value(action).expect("an action");
    assert_eq!(sent["decisions"][1]["actionDigest"], action.digest().to_string());
}

#[tokio::test]
async fn what_needs_the_server_goes_to_the_server() {
    let approval = json!({ "policyType": "access_control", "enforcementMode": "require_approval", "ruleDefinition": { "allowedTools": [] } });
    for change in
        [(|offer: &mut Offer| offer.policies.push(rate_limit())) as fn(&mut Offer), |offer| {
            offer.has_budget = true;
        }]
    {
        let scene = Scene::ready(change).await;
        assert_eq!(scene.allowed_by().await, Source::Server);
        assert_eq!(scene.client.waiting_decisions(), 0);
    }
    let scene = Scene::ready(|offer| offer.policies.push(approval)).await;
    let asked = scene.client.ask(with_tools(&["cat"])).await.expect("the server allows it");
    assert!(matches!(asked, Answer::Allowed(allowed) if allowed.source == Source::Server));
    // And what the server might refuse to look at.
    let odd = EnforceRequest { estimated_cost: Some(-1.0), ..question("hello") };
    scene.client.ask(odd).await.expect("the fake allows it");
    scene.client.ask(question("a\0b")).await.expect("the fake allows it");
    assert_eq!((scene.asked(), scene.client.local_decision_count()), (3, 0));
}

#[tokio::test]
async fn a_bundle_that_is_not_right_is_not_used() {
    for change in [
        (|offer: &mut Offer| offer.tampered = true) as fn(&mut Offer),
        |offer| offer.signed_by = 2,
        |offer| offer.life = (-1_000, -1),
        |offer| offer.life = (120_000, 600_000),
        |offer| offer.date = Some("Sat, 01 Jan 2000 00:00:00 GMT"),
        |offer| offer.policies[0]["policyType"] = json!("telepathy"),
        |offer| offer.agent_epoch = 0,
        |offer| offer.refusal = Some(404),
        |offer| offer.refusal = Some(409),
        |offer| offer.refusal = Some(500),
    ] {
        let scene = Scene::new(change).await;
        // The second look comes after the first answer was judged.
        eventually(|| scene.looks() > 1).await;
        assert_eq!(scene.allowed_by().await, Source::Server);
        assert!(!scene.client.decides_locally("bot", None));
    }
    let off = Scene::with(|_| {}, |config| config.local_decisions = false).await;
    assert_eq!(off.allowed_by().await, Source::Server);
    assert_eq!(off.looks(), 0);
}

#[tokio::test]
async fn a_bundle_that_is_held_is_given_up_when_the_server_says_something_else() {
    for change in [
        (|offer: &mut Offer| offer.refusal = Some(409)) as fn(&mut Offer),
        |offer| offer.refusal = Some(404),
        |offer| offer.refusal = Some(401),
        |offer| (offer.epoch, offer.tampered) = (2, true),
        |offer| (offer.epoch, offer.org) = (2, 1),
    ] {
        let scene = Scene::ready(|_| {}).await;
        scene.change(change);
        eventually(|| !scene.client.decides_locally("bot", None)).await;
        assert_eq!(scene.allowed_by().await, Source::Server);
    }
}

#[tokio::test]
async fn a_newer_bundle_is_used_and_an_older_one_is_not() {
    let scene = Scene::ready(|offer| offer.epoch = 5).await;
    let is_denied = async || scene.client.ask(with_tools(&["rm"])).await.is_err();
    assert!(is_denied().await);
    scene.change(|offer| (offer.epoch, offer.policies) = (4, Vec::new()));
    let before = scene.looks();
    eventually(|| scene.looks() > before + 1).await;
    assert!(is_denied().await);
    scene.change(|offer| offer.epoch = 6);
    let before = scene.looks();
    eventually(|| scene.looks() > before + 1).await;
    assert!(!is_denied().await);
    assert_eq!(scene.asked(), 0);
}

#[tokio::test]
async fn a_bundle_ends_by_itself() {
    let scene = Scene::ready(|offer| offer.life = (-1_000, 700)).await;
    scene.change(|offer| offer.down = true);
    eventually(|| !scene.client.decides_locally("bot", None)).await;
    scene.change(|offer| (offer.down, offer.refusal) = (false, Some(500)));
    assert_eq!(scene.allowed_by().await, Source::Server);
}

#[tokio::test]
async fn a_pause_beats_the_bundle_at_once() {
    // The bundle itself never tells of it.
    let scene = Scene::ready(|_| {}).await;
    assert_eq!(scene.allowed_by().await, Source::Local);
    scene.change(|offer| (offer.status, offer.status_epoch) = ("paused", 2));
    scene.client.check_agent_status("bot").await.expect("a status");
    assert!(!scene.client.decides_locally("bot", None));
    let error = scene.client.ask(question("x")).await.expect_err("paused");
    assert!(matches!(error, Error::AgentPaused { .. }));
    // Resumed, the bundle from before still does not count; the next one does.
    scene.change(|offer| (offer.status, offer.status_epoch) = ("active", 3));
    scene.client.check_agent_status("bot").await.expect("a status");
    assert_eq!(scene.allowed_by().await, Source::Server);
    scene.change(|offer| offer.agent_epoch = 3);
    scene.until_held().await;
    assert_eq!(scene.allowed_by().await, Source::Local);
}

#[tokio::test]
async fn a_pause_in_the_bundle_is_known_from_then_on() {
    let scene =
        Scene::with(|_| {}, |config| config.poll_interval = Some(Duration::from_mins(1))).await;
    scene.until_held().await;
    scene.change(|offer| {
        offer.agent["status"] = json!("paused");
        offer.agent["statusReason"] = json!("drill");
        offer.agent_epoch = 2;
    });
    eventually(|| scene.client.known_status("bot", None).as_deref() == Some("paused")).await;
    match scene.client.ask(question("x")).await {
        Err(Error::AgentPaused { reason, .. }) => assert_eq!(reason.as_deref(), Some("drill")),
        other => panic!("{other:?}"),
    }
    assert_eq!(scene.asked(), 0);
}

#[tokio::test]
async fn a_retired_agent_stays_stopped_through_an_outage() {
    let scene = Scene::ready(|offer| offer.agent["status"] = json!("archived")).await;
    scene.change(|offer| offer.down = true);
    let error = scene.client.ask(question("x")).await.expect_err("stopped");
    assert!(
        matches!(error, Error::AgentPaused { ref agent_id, .. } if agent_id == "bot"),
        "{error:?}"
    );
    assert_eq!((scene.client.bypass_count(), scene.client.waiting_decisions()), (0, 0));
}

#[tokio::test]
async fn an_outage_leaves_what_can_be_decided_here_governed() {
    for mode in [FailMode::Open, FailMode::Closed] {
        let scene = Scene::with(|_| {}, |config| config.on_outage = mode).await;
        scene.until_held().await;
        scene.change(|offer| offer.down = true);
        assert_eq!(scene.allowed_by().await, Source::Local);
        assert!(matches!(scene.client.ask(with_tools(&["rm"])).await, Err(Error::Blocked { .. })));
        assert_eq!((scene.client.bypass_count(), scene.asked()), (0, 0));
    }
}

#[tokio::test]
async fn in_an_outage_only_what_is_open_falls_back_to_the_fail_mode() {
    let closed = json!({
        "policyType": "rate_limit", "enforcementMode": "block", "failureMode": "fail_closed",
        "ruleDefinition": { "maxRequestsPerMinute": 9 }, "appliesToEnvironments": ["staging"],
    });
    for mode in [FailMode::Open, FailMode::Closed] {
        let scene = Scene::with(
            |offer| offer.policies.extend([rate_limit(), closed.clone()]),
            |config| config.on_outage = mode,
        )
        .await;
        scene.until_held().await;
        scene.change(|offer| offer.down = true);
        // A policy that needs nobody stops it, whatever the others would say.
        match scene.client.ask(with_tools(&["rm"])).await {
            Err(Error::Blocked { violations, decided_by, .. }) => {
                assert_eq!((violations.len(), decided_by), (1, Source::Local));
            }
            other => panic!("{other:?}"),
        }
        // One that fails closed stops it even where the client fails open.
        let staging = EnforceRequest { environment: Some("staging".to_owned()), ..question("x") };
        let stopped = scene.client.ask(staging).await;
        let open = scene.client.ask(question("x")).await;
        match mode {
            FailMode::Open => {
                assert!(matches!(stopped, Err(Error::Blocked { .. })), "{stopped:?}");
                assert!(matches!(open, Ok(Answer::Allowed(allowed)) if allowed.bypass.is_some()));
                assert_eq!(scene.client.bypass_count(), 1);
            }
            FailMode::Closed => {
                assert!(matches!(stopped, Err(Error::Unavailable { .. })), "{stopped:?}");
                assert!(matches!(open, Err(Error::Unavailable { .. })), "{open:?}");
            }
        }
    }
}

#[tokio::test]
async fn reports_wait_out_an_outage_and_are_given_up_when_they_are_refused() {
    let scene = Scene::ready(|offer| offer.receipts = vec![503, 202, 400]).await;
    scene.client.ask(question("x")).await.expect("allowed");
    let report = scene.client.flush().await;
    assert_eq!((report.decisions_reported, report.decisions_unreported), (0, 1));
    assert_eq!(scene.client.flush().await.decisions_reported, 1);
    let sent = scene.server.seen("/api/v1/decisions/ingest");
    assert_eq!(sent[0].json()["decisions"][0]["id"], sent[1].json()["decisions"][0]["id"]);
    scene.client.ask(question("x")).await.expect("allowed");
    assert_eq!(scene.client.flush().await.decisions_unreported, 0);
    assert_eq!((scene.client.waiting_decisions(), scene.client.lost_decisions()), (0, 1));
}

#[tokio::test]
async fn a_batch_the_server_fails_on_does_not_hold_up_the_others() {
    let scene = Scene::ready(|offer| offer.receipts = vec![500, 500, 500, 202]).await;
    scene.client.ask(question("x")).await.expect("allowed");
    for _ in 0..2 {
        assert_eq!(scene.client.flush().await.decisions_unreported, 1);
    }
    scene.client.flush().await;
    assert_eq!((scene.client.waiting_decisions(), scene.client.lost_decisions()), (0, 1));
    scene.client.ask(question("x")).await.expect("allowed");
    assert_eq!(scene.client.flush().await.decisions_reported, 1);
}

#[derive(Default)]
struct Notes(Mutex<Vec<usize>>);

impl Observer for Notes {
    fn traces_rejected(&self, _: &[RejectedTrace]) {}

    fn traces_lost(&self, _: usize, _: &str) {}

    fn decisions_lost(&self, count: usize, _: &str) {
        self.0.lock().expect("notes").push(count);
    }

    fn agent_status_changed(&self, _: &str, _: &str, _: Option<&str>) {}
}

#[tokio::test]
async fn the_end_sends_what_waits_and_counts_what_cannot_be_sent() {
    let scene = Scene::ready(|_| {}).await;
    scene.client.ask(question("x")).await.expect("allowed");
    assert_eq!(scene.client.shutdown().await.decisions_reported, 1);

    let down = Scene::new(|_| {}).await;
    let notes = Arc::new(Notes::default());
    let mut config = down.client.config().clone();
    config.shutdown_timeout = Duration::from_millis(200);
    let knowledge: Knowledge = down.client.try_knowledge().expect("nobody is writing");
    let heir = Client::with_observer(config, notes.clone(), knowledge).expect("a client");
    eventually(|| heir.decides_locally("bot", None)).await;
    heir.ask(question("x")).await.expect("allowed");
    down.change(|offer| offer.receipts = vec![503]);
    heir.shutdown().await;
    assert_eq!(
        (heir.lost_decisions(), notes.0.lock().expect("notes").as_slice()),
        (1, [1].as_slice())
    );
}

#[tokio::test]
async fn reports_go_out_in_the_background() {
    let scene =
        Scene::with(|_| {}, |config| config.flush_interval = Some(Duration::from_millis(20))).await;
    scene.until_held().await;
    scene.client.ask(question("x")).await.expect("allowed");
    eventually(|| scene.client.waiting_decisions() == 0).await;
    eventually(|| scene.server.seen("/api/v1/decisions/ingest").len() == 1).await;
}
