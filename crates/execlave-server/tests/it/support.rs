//! A server without a socket, its clock in the test's hand, and clients that speak HTTP to it.

mod answer;
mod authenticator;
mod client;
mod deployment;
mod listener;
pub(crate) mod outside;
mod people;
pub(crate) mod provider;

use axum::Router;
use execlave_core::ids::{OrgId, UserId};
use execlave_core::time::Timestamp;
use execlave_server::clock::Clock;
use execlave_server::config::{Config, Hidden};
use execlave_server::state::AppState;
use execlave_server::{bootstrap, build_state, router, secrets};
use execlave_store::Store;
use execlave_store::keys::NewKey;
use execlave_store::orgs::{NewOrg, Org};
use execlave_store::testing::TestStore;
use execlave_store::users::{Role, User, UserState};
use serde_json::{Value, json};

pub(crate) use answer::Answer;
pub(crate) use authenticator::Authenticator;
pub(crate) use client::Client;
pub(crate) use deployment::{Deployment, eventually};
pub(crate) use listener::Listener;

/// Noon of a day without surprises.
pub(crate) const START: i64 = 1_790_000_000_000;

/// What tests seal with: nothing is written into a folder of the sources.
pub(crate) const SECRET_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// A server of one organisation.
pub(crate) struct TestApp {
    pub(crate) state: AppState,
    pub(crate) clock: Clock,
    router: Router,
    first_key: String,
    // INVARIANT: declared last, so that the store outlives everything that uses it.
    pub(crate) store: TestStore,
}

impl TestApp {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings than the defaults.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let store = Store::for_test().await;
        let clock = Clock::settable(Timestamp::from_millis(START));
        let mut config = Config::default();
        config.store.secret_key = Some(Hidden(SECRET_KEY.to_owned()));
        change(&mut config);
        let first = bootstrap::first_start(&store, &clock, &config, None)
            .await
            .expect("the store is written");
        let first_key = first.expect("the store is empty").api_key;
        let state =
            build_state(config, store.clone(), clock.clone()).await.expect("the store is read");
        Self { router: router::router(state.clone()), state, clock, first_key, store }
    }

    /// With validators on this machine.
    pub(crate) async fn beside_private_networks() -> Self {
        Self::with(|config| config.validators.allow_private_networks = true).await
    }

    /// Without any key.
    pub(crate) fn anonymous(&self) -> Client {
        Client::new(self.router.clone(), None)
    }

    /// With the first key, which may do everything.
    pub(crate) fn operator(&self) -> Client {
        self.client(&self.first_key)
    }

    /// With the key an application has.
    pub(crate) async fn agent_key(&self) -> Client {
        self.key(json!(["sdk"])).await
    }

    /// With a new key of these scopes.
    pub(crate) async fn key(&self, scopes: Value) -> Client {
        let body = json!({ "name": "test key", "scopes": scopes });
        let answer = self.operator().post("/api-keys", body).await.expect(201);
        self.client(answer["data"]["key"].as_str().expect("the key is shown once"))
    }

    /// With this key.
    pub(crate) fn client(&self, key: &str) -> Client {
        Client::new(self.router.clone(), Some(key.to_owned()))
    }

    /// The first key of another organisation on the same server.
    pub(crate) async fn other_organisation(&self) -> Client {
        let (_, client) = self.organisation().await;
        self.state.directory.load(&self.store).await.expect("the store is read");
        client
    }

    /// Another organisation and its first key, in the store alone: the directory has to be loaded before anybody is known there.
    pub(crate) async fn organisation(&self) -> (OrgId, Client) {
        let key = secrets::new_api_key("production");
        let now = self.clock.now();
        let org_id: OrgId = self.clock.new_id();
        let owner: UserId = self.clock.new_id();
        let new = NewOrg {
            org: Org { id: org_id, name: "Other".into(), created_at: now },
            owner: User {
                org_id,
                id: owner,
                email: "o@example.com".into(),
                name: "O".into(),
                role: Role::Owner,
                approver: false,
                state: UserState::Active,
                created_at: now,
            },
            key: Some(NewKey {
                id: self.clock.new_id(),
                name: "Other key".into(),
                prefix: secrets::key_prefix(&key),
                hash: secrets::hash(&key),
                environment: "production".into(),
                scopes: vec!["*".into()],
                created_at: now,
                expires_at: None,
                environments: None,
                require_signature: false,
            }),
            link: None,
        };
        self.store.create_org(&new).await.expect("the organisation is new");
        (org_id, self.client(&key))
    }

    /// The organisation of the first key.
    pub(crate) async fn org(&self) -> OrgId {
        self.store.list_orgs_across_orgs().await.expect("the store is read")[0].id
    }

    /// A registered agent; its UUID.
    pub(crate) async fn agent(&self, external_id: &str) -> String {
        let body = json!({ "agentId": external_id, "name": external_id });
        let answer = self.operator().post("/agents", body).await.expect(201);
        answer["data"]["id"].as_str().expect("an id").to_owned()
    }

    /// A stored policy; its id.
    pub(crate) async fn policy(&self, policy_type: &str, mode: &str, rule: Value) -> String {
        let name = format!("{policy_type} {mode} {rule}");
        let body = json!({ "name": name, "policyType": policy_type, "enforcementMode": mode, "ruleDefinition": rule });
        let answer = self.operator().post("/policies", body).await.expect(201);
        answer["data"]["id"].as_str().expect("an id").to_owned()
    }

    /// A validator at this address; its id and its secret.
    pub(crate) async fn validator(&self, url: String, more: Value) -> (String, String) {
        let mut body = json!({ "name": format!("{url} {more}"), "url": url });
        for (key, value) in more.as_object().expect("an object") {
            body[key] = value.clone();
        }
        let made = self.operator().post("/validators", body).await.expect(201);
        let text = |field: &str| made["data"][field].as_str().expect("text").to_owned();
        (text("id"), text("secret"))
    }

    /// An agent's action that waits for a person; the approval's id and the agent's client.
    pub(crate) async fn pending_approval(&self) -> (String, Client) {
        let client = self.agent_key().await;
        self.agent("payer").await;
        self.policy("action_approval", "require_approval", json!({ "tools": ["pay_*"] })).await;
        let answer = client.post("/policies/enforce", payment()).await.expect(202);
        (answer["approvalRequestId"].as_str().expect("an id").to_owned(), client)
    }
}

/// The action of [`TestApp::pending_approval`].
pub(crate) fn payment() -> Value {
    json!({ "agentId": "payer", "input": "pay the invoice", "environment": "production", "tools": ["pay_invoice"], "estimatedCost": 1 })
}

/// Its action context, as a client that writes numbers differently sends it.
pub(crate) fn payment_context() -> Value {
    json!({ "tools": ["pay_invoice"], "estimatedCost": 1.0, "environment": "production", "input": "pay the invoice" })
}
