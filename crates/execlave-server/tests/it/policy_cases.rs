//! Runs `testdata/policy` through the front door: the answer over HTTP is the core's, word for word.
//!
//! What the cases say about answers to state checks is the core's test. Here the real keeper answers, about an organisation that has done
//! nothing yet; the expectation is what the core makes of the answers such a keeper must give. Cases after the fact go in as traces and
//! come out as incidents. What the signed bundle can decide alone, it must decide in the same bytes. Each case is an organisation of its own on one server per file.

use std::collections::BTreeSet;
use std::path::PathBuf;

use ed25519_dalek::VerifyingKey;
use execlave_core::bundle::{Bundle, LocalVerdict};
use execlave_core::decision::{Decision, Outcome, Violation};
use execlave_core::ids::{OrgId, PolicyId};
use execlave_core::policy::{
    Evaluation, PolicyDocument, PolicySet, StateAnswer, StateQuestion, compile, evaluate,
    usd_to_nanos,
};
use execlave_core::request::{Action, AgentProfile, AgentStatus, Occasion, Phase};
use execlave_core::time::Timestamp;
use execlave_store::Json;
use execlave_store::agents::{NewAgent, OutcomeStrictness};
use execlave_store::policies::PolicyDraft;
use execlave_store::tool_baselines::{PinnedTool, ToolBaseline};
use serde_json::{Map, Value, json};

use crate::support::{Answer, Client, TestApp};

const NOW: &str = "2026-11-24T10:00:00Z";

fn files() -> Vec<(String, Value)> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/policy");
    let mut files: Vec<(String, Value)> = std::fs::read_dir(directory)
        .expect("the cases")
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a file");
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (
                name,
                toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
            )
        })
        .collect();
    files.sort_by(|one, other| one.0.cmp(&other.0));
    files
}

fn cases<'a>(file: &'a Value, table: &str) -> Vec<&'a Map<String, Value>> {
    let tables = file.get(table).and_then(Value::as_array).into_iter().flatten();
    tables.filter_map(Value::as_object).collect()
}

/// One case, with its own organisation.
struct Run<'a> {
    place: String,
    case: &'a Map<String, Value>,
    org: OrgId,
    owner: Client,
    agent: AgentProfile,
    set: PolicySet,
    now: Timestamp,
    server_key: VerifyingKey,
}

#[tokio::test]
async fn the_server_decides_as_the_core_does_and_so_does_its_bundle() {
    let (mut before, mut after, mut local) = (0, 0, 0);
    for (file, tables) in files() {
        let app = TestApp::new().await;
        for case in cases(&tables, "case") {
            let place = format!("{file}: {}", case["name"]);
            let Some(run) = Run::prepare(place, case, &app).await else { continue };
            match case.get("phase").and_then(Value::as_str).unwrap_or("pre") {
                "pre" => {
                    local += usize::from(run.before().await);
                    before += 1;
                }
                "post" => {
                    run.after().await;
                    after += 1;
                }
                // Between the two there is no question to the server.
                _ => {}
            }
        }
    }
    assert!(before >= 90 && local >= 70, "{before} before, {after} after, {local} local");
}

#[tokio::test]
async fn bad_definitions_are_refused_with_the_cores_path() {
    for (file, tables) in files() {
        let app = TestApp::new().await;
        for case in cases(&tables, "refused") {
            let place = format!("{file}: {}", case["name"]);
            let answer = app.operator().post("/policies", case["policy"].clone()).await;
            assert_eq!(answer.status, 400, "{place}: {}", answer.text);
            assert_eq!(
                answer["error"]["fields"][0]["path"], case["path"],
                "{place}: {}",
                answer.text
            );
        }
        assert_eq!(app.operator().get("/policies").await.expect(200)["data"], json!([]), "{file}");
    }
}

impl<'a> Run<'a> {
    /// Stores the agent and the policies as they are, with the ids the case relies on. `None` for what no request could bring about.
    async fn prepare(
        place: String,
        case: &'a Map<String, Value>,
        app: &'a TestApp,
    ) -> Option<Self> {
        let (org, owner) = app.organisation().await;
        let now: Timestamp = text(case, "now").unwrap_or(NOW).parse().expect("a time");
        app.clock.advance_millis(now.millis_since(app.clock.now()));
        let policies = case.get("policies").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut compiled = Vec::new();
        let mut ids = BTreeSet::new();
        for (index, policy) in policies.into_iter().enumerate() {
            let (id, document) = document(&place, index, policy);
            if !ids.insert(id) {
                return None;
            }
            let draft = PolicyDraft {
                name: format!("{index} {}", document.name),
                policy_type: document.policy_type.as_str().to_owned(),
                is_active: document.is_active,
                document: Json::of(&document.to_value()),
            };
            app.store.create_policy(org, id, &draft, "test", now).await.expect("stored");
            compiled.push(compile(id, 1, &document).expect("the core's runner compiles it"));
        }
        let agent = agent(case.get("agent"));
        store_agent(app, org, &agent, now).await;
        app.state.directory.load(&app.store).await.expect("the store is read");
        let (set, server_key) = (PolicySet::new(compiled), app.state.signer.verifying_key());
        Some(Self { place, case, org, owner, agent, set, now, server_key })
    }

    /// Returns whether the bundle can decide it without the server.
    async fn before(&self) -> bool {
        let mut body = self.case.get("action").cloned().unwrap_or(json!({}));
        let fields = body.as_object_mut().expect("a table");
        fields.entry("input").or_insert(json!("hello"));
        let action: Action = serde_json::from_value(body.clone()).expect("an action");
        body["agentId"] = json!(self.agent.id);
        if action.input.is_empty()
            || action.estimated_cost.is_some_and(|cost| usd_to_nanos(cost).is_none())
        {
            // The door refuses it before any policy is asked.
            self.owner.post("/policies/enforce", body).await.expect_error(400, "VALIDATION_ERROR");
            return false;
        }
        let occasion = Occasion::before(self.org, &self.agent, &action, self.now);
        let expected = answered(&evaluate(&self.set, &occasion));
        let answer = self.owner.post("/policies/enforce", body).await;
        self.same(&answer, &expected);
        let stored = self.owner.get("/decisions").await.expect(200);
        assert_eq!(
            stored["data"][0]["actionDigest"],
            action.digest().to_string(),
            "{}",
            self.place
        );
        let Some(decision) = self.through_bundle(&action).await else { return false };
        assert_eq!(stored["data"][0]["outcome"], decision.outcome.as_str(), "{}", self.place);
        let bytes = |name: &str| answer.body.get(name).cloned().unwrap_or(json!([])).to_string();
        assert_eq!(bytes("violations"), json!(decision.violations).to_string(), "{}", self.place);
        assert_eq!(bytes("warnings"), json!(decision.warnings).to_string(), "{}", self.place);
        true
    }

    /// What a client makes of the bundle, with the agent as the bundle tells it; `None` where it has to ask the server.
    async fn through_bundle(&self, action: &Action) -> Option<Decision> {
        let path = format!("/policies/bundle?agents={}", self.agent.id);
        let answer = self.owner.get(&path).await.expect(200);
        let bundle: Bundle = serde_json::from_value(answer["data"].clone()).expect("a bundle");
        let open = bundle.open(&self.server_key, self.now).expect("signed and fresh");
        match open.decide(&open.agents[0], action, self.now) {
            LocalVerdict::Decided(decision) => Some(decision),
            LocalVerdict::AskServer(_) => None,
        }
    }

    fn same(&self, answer: &Answer, expected: &Decision) {
        let place = &self.place;
        let status = match expected.outcome {
            Outcome::Allow => 200,
            Outcome::RequireApproval => 202,
            Outcome::Block => 403,
        };
        assert_eq!(answer.status, status, "{place}: {} instead of {expected:#?}", answer.text);
        assert_eq!(answer["allowed"], expected.outcome == Outcome::Allow, "{place}");
        let list = |name: &str| answer.body.get(name).cloned().unwrap_or(json!([]));
        assert_eq!(list("violations"), json!(expected.violations), "{place}");
        assert_eq!(list("warnings"), json!(expected.warnings), "{place}");
    }

    async fn after(&self) {
        let mut trace = json!({ "traceId": "tr_case", "agentId": self.agent.external_id, "environment": self.agent.environment });
        let action = self.case.get("action").cloned().unwrap_or(json!({}));
        trace["input"] = action.get("input").cloned().unwrap_or(json!("hello"));
        for (from, to) in
            [("metadata", "metadata"), ("environment", "environment"), ("estimatedCost", "costUsd")]
        {
            if let Some(value) = action.get(from) {
                trace[to] = value.clone();
            }
        }
        for key in ["output", "tags"] {
            if let Some(value) = self.case.get(key) {
                trace[key] = value.clone();
            }
        }
        if action.get("tools").is_some() || self.agent.status != AgentStatus::Active {
            // A trace has no list of tools, and one of a stopped agent is not taken in.
            return;
        }
        let mut known: Action = serde_json::from_value(with_input(action)).expect("an action");
        let metadata = known.metadata.get_or_insert_default();
        metadata.entry("traceId").or_insert(json!("tr_case"));
        known.environment.get_or_insert_with(|| self.agent.environment.clone());
        let tags: Vec<String> = serde_json::from_value(trace["tags"].clone()).unwrap_or_default();
        let phase = Phase::Post { output: self.case.get("output"), tags: &tags };
        let occasion = Occasion::before(self.org, &self.agent, &known, self.now).in_phase(phase);
        let decision = evaluate(&self.set, &occasion).decision;
        let found = decision.violations.into_iter().chain(decision.warnings);
        let mut expected: Vec<Violation> = found.collect();
        self.owner.post("/traces/ingest", json!({ "traces": [trace] })).await.expect(202);
        let incidents = self.owner.get("/incidents").await.expect(200);
        let incidents = incidents["data"].as_array().expect("a list").clone();
        let mut found: Vec<Value> =
            incidents.iter().map(|incident| incident["violation"].clone()).collect();
        found.sort_by_key(|violation| violation["policyId"].to_string());
        expected.sort_by(|one, other| one.policy_id.cmp(&other.policy_id));
        assert_eq!(json!(found), json!(expected), "{}", self.place);
    }
}

fn with_input(mut action: Value) -> Value {
    action.as_object_mut().expect("a table").entry("input").or_insert(json!("hello"));
    action
}

fn text<'a>(case: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    case.get(key).and_then(Value::as_str)
}

/// What the core makes of the answers about an organisation that has done nothing yet. Nobody has made a validator.
fn answered(evaluation: &Evaluation) -> Decision {
    let answer = |question: &StateQuestion| match question {
        StateQuestion::Budget(budget) if budget.amount_nanos > budget.cap_nanos => {
            StateAnswer::violated()
        }
        StateQuestion::Budget(budget)
            if budget.warn_at_nanos.is_some_and(|least| budget.amount_nanos >= least) =>
        {
            StateAnswer::Warned
        }
        StateQuestion::Rate(rate) if rate.limit == 0 => StateAnswer::violated(),
        StateQuestion::Validator(_) => StateAnswer::unknown(),
        _ => StateAnswer::Passed,
    };
    let answers: Vec<StateAnswer> =
        evaluation.checks.iter().map(|check| answer(&check.question)).collect();
    evaluation.settle(&answers)
}

fn document(place: &str, index: usize, policy: Value) -> (PolicyId, PolicyDocument) {
    let Value::Object(mut policy) = policy else { panic!("{place}: a policy is a table") };
    let number = index + 1;
    let id = match policy.remove("id") {
        Some(id) => id.as_str().expect("text").parse().expect("a UUID"),
        None => format!("00000000-0000-7000-8000-{number:012}").parse().expect("a UUID"),
    };
    policy.entry("name").or_insert(json!(format!("policy {number}")));
    policy.entry("enforcementMode").or_insert(json!("block"));
    policy.entry("ruleDefinition").or_insert(json!({}));
    let document = PolicyDocument::from_value(Value::Object(policy));
    (id, document.unwrap_or_else(|error| panic!("{place}: {error}")))
}

fn agent(overrides: Option<&Value>) -> AgentProfile {
    let mut agent = json!({
        "id": "00000000-0000-7000-8000-0000000000aa", "externalId": "agent-1", "name": "Agent one",
        "environment": "production", "status": "active",
    });
    for (key, value) in overrides.and_then(Value::as_object).into_iter().flatten() {
        agent[key] = value.clone();
    }
    serde_json::from_value(agent).expect("an agent")
}

async fn store_agent(app: &TestApp, org: OrgId, agent: &AgentProfile, now: Timestamp) {
    let new = NewAgent {
        id: agent.id,
        agent_id: agent.external_id.clone(),
        name: agent.name.clone(),
        kind: "chatbot".into(),
        platform: "custom".into(),
        environment: agent.environment.clone(),
        description: None,
        owner_email: None,
        allowed_data_sources: agent.allowed_data_sources.clone(),
        allowed_actions: agent.allowed_actions.clone(),
        requires_human_approval_for: agent.requires_human_approval_for.clone(),
        tags: agent.tags.clone(),
        metadata: json!({}).into(),
        autonomy_level: agent.autonomy_level.map(|level| level.as_str().to_owned()),
        outcome_strictness: OutcomeStrictness::None,
    };
    app.store.register_agent(org, &new, "test", now).await.expect("registered");
    if agent.status != AgentStatus::Active {
        let reason = agent.status_reason.as_deref();
        let set =
            app.store.set_agent_status(org, agent.id, agent.status, reason, "test", now).await;
        set.expect("set").expect("there");
    }
    let pin = |pin: &execlave_core::request::PinnedTool| PinnedTool {
        server: pin.server.clone(),
        tool: pin.tool.clone(),
        descriptor_hash: pin.descriptor_hash.clone(),
        description_hash: None,
    };
    if !agent.tool_baseline.is_empty() {
        let baseline = ToolBaseline {
            org_id: org,
            agent_id: agent.id,
            tools: agent.tool_baseline.iter().map(pin).collect(),
            reason: "manual".into(),
            updated_by: "test".into(),
            updated_at: now,
        };
        app.store.pin_tools(&baseline).await.expect("pinned").expect("there");
    }
}
