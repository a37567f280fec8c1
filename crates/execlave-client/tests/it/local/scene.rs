//! A server that offers a bundle, and a client with an agent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use execlave_api::enforce::EnforceRequest;
use execlave_client::{Answer, Client, Config, Source};
use execlave_core::bundle::{Bundle, BundleAgent, BundleClaims, BundlePolicy};
use execlave_core::certificate::key_id;
use execlave_core::time::Timestamp;
use serde_json::{Value, json};

use crate::support::{FakeServer, Reply, Seen, eventually, question, registration, violation};

pub(crate) const AGENT: &str = "01930000-0000-7000-8000-0000000000aa";
pub(crate) const ORG: u128 = 0xcc;

/// What the server offers at this moment.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "four independent switches")]
pub(crate) struct Offer {
    /// The status of the answer instead of a bundle.
    pub(crate) refusal: Option<u16>,
    pub(crate) policies: Vec<Value>,
    pub(crate) org: u128,
    pub(crate) epoch: i64,
    /// Milliseconds from the present, when it is issued and when it ends.
    pub(crate) life: (i64, i64),
    /// What the server says the time is.
    pub(crate) date: Option<&'static str>,
    pub(crate) agent: Value,
    pub(crate) agent_epoch: i64,
    pub(crate) has_budget: bool,
    pub(crate) keep_input: bool,
    pub(crate) signed_by: u8,
    /// Changed after it was signed.
    pub(crate) tampered: bool,
    /// What else the server does: nothing if it is out of order.
    pub(crate) down: bool,
    pub(crate) status: &'static str,
    pub(crate) status_epoch: i64,
    /// The answers to reports, in order; then the last one for ever.
    pub(crate) receipts: Vec<u16>,
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
    pub(crate) fn bundle(&self) -> Bundle {
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

    pub(crate) fn answer(&mut self, seen: &Seen) -> Reply {
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
                let head = format!("x-execlave-agent-id: {AGENT}");
                Reply::WithHead(head, json!({ "allowed": true, "decisionId": "server's" }))
            }
            _ => Reply::Json(
                200,
                json!({ "data": { "status": self.status, "epoch": self.status_epoch } }),
            ),
        }
    }

    pub(crate) fn offered(&self, seen: &Seen) -> Reply {
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

pub(crate) fn now_ms() -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the bundle's times are held against the machine's clock"
    )]
    let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(elapsed.expect("after 1970").as_millis()).expect("before the end of time")
}

/// A server whose offer the test can change, and a client with a registered agent.
pub(crate) struct Scene {
    pub(crate) server: FakeServer,
    pub(crate) offer: Arc<Mutex<Offer>>,
    pub(crate) client: Client,
}

impl Scene {
    pub(crate) async fn new(change: impl FnOnce(&mut Offer)) -> Self {
        Self::with(change, |_| {}).await
    }

    pub(crate) async fn with(
        change: impl FnOnce(&mut Offer),
        settings: impl FnOnce(&mut Config),
    ) -> Self {
        let scene = Self::without_agent(change, settings).await;
        scene.client.register_agent(&registration("bot")).await.expect("registered");
        scene
    }

    /// With a client that registers nobody.
    pub(crate) async fn stranger(change: impl FnOnce(&mut Offer)) -> Self {
        Self::without_agent(change, |_| {}).await
    }

    async fn without_agent(
        change: impl FnOnce(&mut Offer),
        settings: impl FnOnce(&mut Config),
    ) -> Self {
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
        Self { server, offer, client }
    }

    /// Once a bundle is held.
    pub(crate) async fn ready(change: impl FnOnce(&mut Offer)) -> Self {
        let scene = Self::new(change).await;
        scene.until_held().await;
        scene
    }

    pub(crate) async fn until_held(&self) {
        eventually(|| self.client.decides_locally("bot", None)).await;
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Offer)) {
        change(&mut self.offer.lock().expect("the offer"));
    }

    pub(crate) fn looks(&self) -> usize {
        self.server.seen("/api/v1/policies/bundle").len()
    }

    pub(crate) fn asked(&self) -> usize {
        self.server.seen("/api/v1/policies/enforce").len()
    }

    pub(crate) async fn allowed_by(&self) -> Source {
        match self.client.ask(with_tools(&[])).await {
            Ok(Answer::Allowed(allowed)) => allowed.source,
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn with_tools(tools: &[&str]) -> EnforceRequest {
    let tools = Some(tools.iter().map(|tool| (*tool).to_owned()).collect());
    EnforceRequest { tools, ..question("hello") }
}

pub(crate) fn rate_limit() -> Value {
    json!({ "policyType": "rate_limit", "enforcementMode": "block", "ruleDefinition": { "maxRequestsPerMinute": 5 } })
}
