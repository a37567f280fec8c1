//! Runs `testdata/policy` through the front door: the answer over HTTP is the core's, word for word.
//!
//! What the cases say about answers to state checks is the core's test. Here the real keeper answers, about an organisation that has done
//! nothing yet; the expectation is what the core makes of the answers such a keeper must give. Cases of the tool phase are asked as clients
//! ask about a tool's answer, with its name for an input. Cases after the fact go in as traces and come out as incidents. What the signed
//! bundle can decide alone, it must decide in the same bytes. Each case is an organisation of its own on one server per file.

use std::path::PathBuf;

use ed25519_dalek::VerifyingKey;
use execlave_core::bundle::{Bundle, LocalVerdict};
use execlave_core::decision::{Decision, Outcome, Violation};
use execlave_core::ids::{OrgId, PolicyId};
use execlave_core::policy::{
    CompiledPolicy, Evaluation, PolicyDocument, PolicySet, StateAnswer, StateQuestion, compile,
    evaluate, usd_to_nanos,
};
use execlave_core::request::{Action, AgentProfile, AgentStatus, Occasion, Phase};
use execlave_core::time::Timestamp;
use execlave_store::Json;
use execlave_store::agents::{NewAgent, OutcomeStrictness};
use execlave_store::policies::PolicyDraft;
use execlave_store::tool_baselines::{PinnedTool, ToolBaseline};
use serde_json::{Map, Value, json};

use crate::support::{Answer, Client, TestApp};

/// The cases no request can express, each with the reason. [`inexpressible`] decides; this list has to say the same.
const SKIPPED: &[(&str, &str)] =
    &[("sequence: \"a trace leaves a mark and is never denied\"", "a trace names one tool")];

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
    let mut skipped = Vec::new();
    let mut local = 0;
    for (file, tables) in files() {
        let app = TestApp::new().await;
        for case in cases(&tables, "case") {
            let place = format!("{file}: {}", case["name"]);
            if let Some(reason) = inexpressible(case) {
                skipped.push((place, reason));
                continue;
            }
            let run = Run::prepare(place, case, &app).await;
            match phase(case) {
                "pre" => local += usize::from(run.before().await),
                "tool" => run.between().await,
                "post" => run.after().await,
                other => panic!("{}: unknown phase {other}", run.place),
            }
        }
    }
    let skipped: Vec<(&str, &str)> =
        skipped.iter().map(|(place, reason)| (place.as_str(), *reason)).collect();
    assert_eq!(skipped, SKIPPED);
    assert!(local >= 70, "{local} decided by the bundle");
}

fn phase(case: &Map<String, Value>) -> &str {
    text(case, "phase").unwrap_or("pre")
}

/// Why no request can bring a case about.
fn inexpressible(case: &Map<String, Value>) -> Option<&'static str> {
    let tools = case.get("action").and_then(|action| action["tools"].as_array());
    (phase(case) == "post" && tools.is_some_and(|tools| tools.len() > 1))
        .then_some("a trace names one tool")
}

#[tokio::test]
async fn good_definitions_are_stored_in_one_spelling() {
    for (file, tables) in files() {
        let app = TestApp::new().await;
        for case in cases(&tables, "accepted") {
            let place = format!("{file}: {}", case["name"]);
            for id in case["policy"]["prerequisites"].as_array().into_iter().flatten() {
                let waited_for = json!({ "id": id, "policyType": "secret_scan" });
                store_policy(&app, app.org().await, &place, 0, waited_for, app.clock.now()).await;
            }
            let made = app.operator().post("/policies", case["policy"].clone()).await;
            assert_eq!(made.status, 201, "{place}: {}", made.text);
            let path = format!("/policies/{}", made["data"]["id"].as_str().expect("an id"));
            let shown = app.operator().get(&path).await.expect(200);
            for (key, expected) in case["stored"].as_object().expect("a table") {
                assert_eq!(&shown["data"][key], expected, "{place}: {key}");
            }
            // The next case may have the same name.
            app.operator().delete(&path).await.expect(204);
        }
    }
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
    /// Stores the agent and the policies as they are, with the ids the case relies on.
    async fn prepare(place: String, case: &'a Map<String, Value>, app: &'a TestApp) -> Self {
        let (org, owner) = app.organisation().await;
        let now: Timestamp = text(case, "now").unwrap_or(NOW).parse().expect("a time");
        app.clock.advance_millis(now.millis_since(app.clock.now()));
        let policies = case.get("policies").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut compiled = Vec::new();
        for (index, policy) in policies.into_iter().enumerate() {
            compiled.push(store_policy(app, org, &place, index, policy, now).await);
        }
        let agent = agent(case.get("agent"));
        store_agent(app, org, &agent, now).await;
        app.state.directory.load(&app.store).await.expect("the store is read");
        let (set, server_key) = (PolicySet::new(compiled), app.state.signer.verifying_key());
        Self { place, case, org, owner, agent, set, now, server_key }
    }

    /// The case's action, complete.
    fn action(&self) -> Value {
        let mut action = self.case.get("action").cloned().unwrap_or(json!({}));
        action.as_object_mut().expect("a table").entry("input").or_insert(json!("hello"));
        action
    }

    /// A tool has answered: the client asks about the answer, and the case says what has to come of it.
    async fn between(&self) {
        let mut body = self.action();
        body["agentId"] = json!(self.agent.id);
        body["input"] = json!(format!("tool_output:{}", body["toolOutputs"][0]["name"]));
        let answer = self.owner.post("/policies/enforce", body).await;
        let place = &self.place;
        let status = if self.case["outcome"] == "allow" { 200 } else { 403 };
        assert_eq!(answer.status, status, "{place}: {}", answer.text);
        let list = |of: Option<&Value>| of.and_then(Value::as_array).cloned().unwrap_or_default();
        let (found, expected) =
            (list(answer.body.get("violations")), list(self.case.get("violations")));
        assert_eq!(found.len(), expected.len(), "{place}: {}", answer.text);
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found["ruleId"], expected["ruleId"], "{place}");
        }
    }

    /// Returns whether the bundle can decide it without the server.
    async fn before(&self) -> bool {
        let mut body = self.action();
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
        let stored = self.owner.get("/decisions").await.expect(200)["data"][0].clone();
        let place = &self.place;
        assert_eq!(stored["actionDigest"], action.digest().to_string(), "{place}");
        let list = |name: &str| stored.get(name).cloned().unwrap_or(json!([]));
        assert_eq!(list("tierOverrides"), json!(expected.tier_overrides), "{place}");
        assert_eq!(list("problems"), json!(expected.problems), "{place}");
        let Some(decision) = self.through_bundle(&action).await else { return false };
        assert_eq!(stored["outcome"], decision.outcome.as_str(), "{place}");
        let bytes = |name: &str| answer.body.get(name).cloned().unwrap_or(json!([])).to_string();
        assert_eq!(bytes("violations"), json!(decision.violations).to_string(), "{place}");
        assert_eq!(bytes("warnings"), json!(decision.warnings).to_string(), "{place}");
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
        let mut action = self.action();
        trace["input"] = action["input"].clone();
        if let Some(tool) = action["tools"][0].as_str().map(str::to_owned) {
            // The one tool of a span, as instrumentation names it.
            action["metadata"]["toolName"] = json!(tool);
        }
        if self.agent.status != AgentStatus::Active {
            // What was under way when the agent was stopped may still be reported.
            trace["timestamp"] = json!(self.now.plus_millis(-1).to_string());
        }
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
        let mut known: Action = serde_json::from_value(action).expect("an action");
        let metadata = known.metadata.get_or_insert_default();
        metadata.entry("traceId").or_insert(json!("tr_case"));
        known.environment.get_or_insert_with(|| self.agent.environment.clone());
        let tags: Vec<String> = serde_json::from_value(trace["tags"].clone()).unwrap_or_default();
        let phase = Phase::Post { output: self.case.get("output"), tags: &tags };
        let occasion = Occasion::before(self.org, &self.agent, &known, self.now).in_phase(phase);
        let decision = evaluate(&self.set, &occasion).decision;
        let found = decision.violations.into_iter().chain(decision.warnings);
        let mut expected: Vec<Violation> = found.collect();
        let taken = self.owner.post("/traces/ingest", json!({ "traces": [trace] })).await;
        assert_eq!(taken["accepted"], 1, "{}: {}", self.place, taken.text);
        let incidents = self.owner.get("/incidents").await.expect(200);
        let incidents = incidents["data"].as_array().expect("a list").clone();
        let mut found: Vec<Value> =
            incidents.iter().map(|incident| incident["violation"].clone()).collect();
        found.sort_by_key(|violation| violation["policyId"].to_string());
        expected.sort_by(|one, other| one.policy_id.cmp(&other.policy_id));
        assert_eq!(json!(found), json!(expected), "{}", self.place);
    }
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

/// Stores a policy with the id the case gives it, past the door, which would choose one.
async fn store_policy(
    app: &TestApp,
    org: OrgId,
    place: &str,
    index: usize,
    policy: Value,
    now: Timestamp,
) -> CompiledPolicy {
    let (id, document) = document(place, index, policy);
    let draft = PolicyDraft {
        name: format!("{index} {} {id}", document.name),
        policy_type: document.policy_type.as_str().to_owned(),
        is_active: document.is_active,
        document: Json::of(&document.to_value()),
    };
    app.store.create_policy(org, id, &draft, "test", now).await.expect("stored");
    compile(id, 1, &document).expect("the core's runner compiles it")
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
