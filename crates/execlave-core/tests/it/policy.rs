//! Runs `testdata/policy`; the format is described there.

use ed25519_dalek::SigningKey;
use execlave_core::bundle::{Bundle, BundleClaims, BundlePolicy};
use execlave_core::decision::Violation;
use execlave_core::ids::PolicyId;
use execlave_core::policy::{
    CompiledPolicy, Evaluation, PolicyDocument, PolicySet, PolicyType, StateAnswer, StateCheck,
    compile, evaluate,
};
use execlave_core::request::{Action, AgentProfile, Occasion, Phase};
use serde_json::{Map, Value, json};

use crate::cases::{files, list, only, tables};

#[test]
fn policies_decide_as_the_cases_say() {
    for (file, cases) in files("policy") {
        for case in tables(&cases, "case") {
            run(&file, case);
        }
    }
}

#[test]
fn bad_definitions_are_refused_with_their_path() {
    for (file, cases) in files("policy") {
        for case in tables(&cases, "refused") {
            only(case, &["name", "policy", "path", "message"]);
            let place = format!("{file}: {}", case["name"]);
            let error = match PolicyDocument::from_value(case["policy"].clone()) {
                Ok(document) => panic!("{place}: accepted as {document:?}"),
                Err(error) => error,
            };
            assert_eq!(error.path, case["path"], "{place}: {}", error.message);
            let message = case.get("message").map_or("", |message| message.as_str().expect("text"));
            assert!(error.message.contains(message), "{place}: {}", error.message);
        }
    }
}

#[test]
fn good_definitions_are_stored_in_one_spelling() {
    for (file, cases) in files("policy") {
        for case in tables(&cases, "accepted") {
            only(case, &["name", "policy", "stored"]);
            let place = format!("{file}: {}", case["name"]);
            let document = PolicyDocument::from_value(case["policy"].clone())
                .unwrap_or_else(|error| panic!("{place}: {error}"));
            let stored = document.to_value();
            for (key, expected) in case["stored"].as_object().expect("a table") {
                assert_eq!(&stored[key], expected, "{place}: {key}");
            }
            assert_eq!(
                PolicyDocument::from_value(stored).as_ref(),
                Ok(&document),
                "{place}: read again"
            );
        }
    }
}

#[test]
fn every_type_has_cases_of_its_own() {
    let files = files("policy");
    for policy_type in PolicyType::ALL {
        let (_, cases) = files
            .iter()
            .find(|(name, _)| name == policy_type.as_str())
            .expect("a file named after the type");
        assert!(tables(cases, "case").len() >= 5, "{policy_type}");
        assert!(tables(cases, "refused").len() >= 3, "{policy_type}");
    }
}

fn run(file: &str, case: &Map<String, Value>) {
    only(
        case,
        &[
            "name",
            "policies",
            "agent",
            "action",
            "phase",
            "output",
            "tags",
            "now",
            "violated",
            "answers",
            "state",
            "outcome",
            "violations",
            "warnings",
            "problems",
            "checks",
            "marks",
            "tierOverrides",
        ],
    );
    let place = format!("{file}: {}", case["name"]);
    let policies: Vec<(PolicyId, PolicyDocument)> = list(case, "policies")
        .into_iter()
        .enumerate()
        .map(|(index, policy)| policy_of(&place, index, policy))
        .collect();
    let set = PolicySet::new(policies.iter().map(|(id, policy)| compiled(*id, policy)).collect());
    let (agent, action) = (agent(case.get("agent")), action(case.get("action")));
    let tags: Vec<String> =
        serde_json::from_value(Value::Array(list(case, "tags"))).expect("a list of tags");
    let phase = match case.get("phase").map_or("pre", |phase| phase.as_str().expect("a word")) {
        "pre" => Phase::Pre,
        "tool" => Phase::Tool,
        "post" => Phase::Post { output: case.get("output"), tags: &tags },
        other => panic!("{place}: unknown phase {other}"),
    };
    let now = case.get("now").map_or("2026-11-24T10:00:00Z", |now| now.as_str().expect("a time"));
    let org = "00000000-0000-7000-8000-0000000000cc".parse().expect("a UUID");
    let occasion = Occasion::before(org, &agent, &action, now.parse().expect("a time"));
    let occasion = occasion.in_phase(phase);
    let evaluation = evaluate(&set, &occasion);
    assert_eq!(evaluation, through_bundle(&policies, &occasion), "{place}: the bundle differs");
    if case.contains_key("checks") {
        same_checks(&place, &evaluation.checks, &list(case, "checks"));
    }
    if case.contains_key("marks") {
        let marks = serde_json::to_value(&evaluation.marks).expect("JSON");
        assert_eq!(marks, case["marks"], "{place}");
    }
    let decision = if case.get("state").is_some_and(|state| state == "unreachable") {
        evaluation.settle_without_state()
    } else {
        evaluation.settle(&answers(case, &evaluation))
    };
    assert_eq!(decision.outcome.as_str(), case["outcome"], "{place}: {decision:?}");
    same_violations(&place, &decision.violations, &list(case, "violations"));
    same_violations(&place, &decision.warnings, &list(case, "warnings"));
    if let Some(overrides) = case.get("tierOverrides") {
        assert_eq!(&serde_json::to_value(&decision.tier_overrides).expect("JSON"), overrides);
    }
    let problems = case.get("problems").map_or(0, |count| count.as_u64().expect("a number"));
    assert_eq!(decision.problems.len() as u64, problems, "{place}: {:?}", decision.problems);
}

fn policy_of(place: &str, index: usize, policy: Value) -> (PolicyId, PolicyDocument) {
    let Value::Object(mut policy) = policy else { panic!("{place}: a policy is a table") };
    let number = index + 1;
    let id: PolicyId = match policy.remove("id") {
        Some(id) => id.as_str().expect("text").parse().expect("a UUID"),
        None => format!("00000000-0000-7000-8000-{number:012}").parse().expect("a UUID"),
    };
    policy.entry("name").or_insert(json!(format!("policy {number}")));
    policy.entry("enforcementMode").or_insert(json!("block"));
    policy.entry("ruleDefinition").or_insert(json!({}));
    let document = PolicyDocument::from_value(Value::Object(policy))
        .unwrap_or_else(|error| panic!("{place}: {error}"));
    (id, document)
}

fn compiled(id: PolicyId, document: &PolicyDocument) -> CompiledPolicy {
    compile(id, 1, document).expect("a valid document compiles")
}

/// The same question to whoever was sent the policies: signed, written out, read and opened.
fn through_bundle(policies: &[(PolicyId, PolicyDocument)], occasion: &Occasion<'_>) -> Evaluation {
    let key = SigningKey::from_bytes(&[3; 32]);
    let claims = BundleClaims {
        organization_id: occasion.org,
        epoch: 1,
        issued_at: occasion.now,
        expires_at: occasion.now.plus_millis(1),
        policies: policies
            .iter()
            .map(|(id, document)| BundlePolicy {
                policy_id: *id,
                version: 1,
                document: document.to_value(),
            })
            .collect(),
        agents: Vec::new(),
        keep_input: false,
    };
    let text = serde_json::to_string(&Bundle::sign(claims, &key)).expect("JSON");
    let bundle: Bundle = serde_json::from_str(&text).expect("a bundle");
    let open = bundle.open(&key.verifying_key(), occasion.now).expect("signed and fresh");
    open.evaluate(occasion)
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

fn action(given: Option<&Value>) -> Action {
    let mut action = given.cloned().unwrap_or(json!({}));
    action.as_object_mut().expect("a table").entry("input").or_insert(json!("hello"));
    serde_json::from_value(action).expect("an action")
}

fn same_violations(place: &str, actual: &[Violation], expected: &[Value]) {
    assert_eq!(actual.len(), expected.len(), "{place}: {actual:#?}");
    for (actual, expected) in actual.iter().zip(expected) {
        let mut flat = serde_json::to_value(actual).expect("JSON");
        if let Some(evidence) = flat["evidence"].take().as_object() {
            for (key, value) in evidence {
                flat[key] = value.clone();
            }
        }
        for (key, value) in expected.as_object().expect("a table") {
            assert_eq!(&flat[key], value, "{place}: {key} of {actual:#?}");
        }
        assert!(!actual.message.is_empty(), "{place}");
    }
}

/// Every check passes, except those the case says something else about.
fn answers(case: &Map<String, Value>, evaluation: &Evaluation) -> Vec<StateAnswer> {
    if case.contains_key("answers") {
        return serde_json::from_value(Value::Array(list(case, "answers"))).expect("answers");
    }
    let violated: Vec<usize> =
        serde_json::from_value(Value::Array(list(case, "violated"))).expect("a list of places");
    let answer = |index| {
        if violated.contains(&index) { StateAnswer::violated() } else { StateAnswer::Passed }
    };
    (0..evaluation.checks.len()).map(answer).collect()
}

fn same_checks(place: &str, actual: &[StateCheck], expected: &[Value]) {
    assert_eq!(actual.len(), expected.len(), "{place}: {actual:#?}");
    for (actual, expected) in actual.iter().zip(expected) {
        let shown = serde_json::to_value(actual).expect("JSON");
        for (key, value) in expected.as_object().expect("a table") {
            assert_eq!(&shown[key], value, "{place}: {key}");
        }
    }
}
