//! What a local decision costs: the policies and the input of row 4 of the performance table.
//!
//! `cel_crate` is the floor: the `cel` crate running the same five expressions on a context that is already
//! built, with nothing decided.

use divan::{Bencher, black_box};
use execlave_core::policy::{CompiledPolicy, PolicyDocument, PolicySet, compile, evaluate};
use execlave_core::request::{Action, AgentProfile, Occasion};
use execlave_core::time::Timestamp;
use serde_json::{Value, json};

fn main() {
    divan::main();
}

const EXPRESSIONS: [&str; 5] = [
    "cost > 100.0 && environment == 'production'",
    "'delete_user' in tools",
    "metadata.amount > 10000 && metadata.country != 'de'",
    "tools.exists(t, t.startsWith('shell'))",
    "size(input) > 100000 || input.startsWith('sudo ')",
];

fn policy(index: usize, policy_type: &str, rule: &Value) -> CompiledPolicy {
    let document = PolicyDocument::from_value(json!({
        "name": format!("policy {index}"), "policyType": policy_type, "enforcementMode": "block",
        "ruleDefinition": rule,
    }))
    .expect("a policy");
    compile(uuid::Uuid::from_u128(index as u128 + 1).into(), 1, &document).expect("compiles")
}

/// Fifteen kinds of check and five expressions, none of which fires.
fn twenty() -> Vec<(&'static str, Value)> {
    let mut rules = vec![
        ("injection_scan", json!({})),
        ("injection_scan", json!({"threshold": "high", "patterns": ["(?i)code word"]})),
        ("pii_access", json!({})),
        ("pii_access", json!({"deniedPiiTypes": ["credit_card", "ssn"]})),
        ("secret_scan", json!({})),
        ("access_control", json!({"deniedTools": ["delete_*", "drop_*"]})),
        ("access_control", json!({"allowedTools": ["search", "send_*", "read_*"]})),
        ("tool_invocation", json!({"deny": ["shell"]})),
        ("external_call", json!({"allowedDomains": ["api.example.com"]})),
        ("content_filter", json!({"terms": ["project zebra", "insider"]})),
        ("action_approval", json!({"tools": ["pay_*"], "minEstimatedCost": 50})),
        ("cost_limit", json!({"maxCostPerExecution": 10})),
        ("record_count_limit", json!({"maxRecords": 1000})),
        ("data_restriction", json!({"deniedClasses": ["phi", "pci"]})),
        ("tool_integrity", json!({})),
    ];
    rules.extend(EXPRESSIONS.map(|text| ("expression", json!({"expression": text}))));
    rules
}

fn set(rules: Vec<(&'static str, Value)>) -> PolicySet {
    let policies = rules.into_iter().enumerate();
    PolicySet::new(policies.map(|(index, (kind, rule))| policy(index, kind, &rule)).collect())
}

/// A kilobyte of ordinary prose with ordinary punctuation.
fn action() -> Action {
    let sentence = "Please look up the order of last week - it was shipped on 12/11, weighs 3.5 kg (about 8 lb), \
                    and the customer's note says: \"leave it with the neighbour, thanks!\" ";
    let input: String = sentence.chars().cycle().take(1024).collect();
    serde_json::from_value(json!({
        "input": input, "environment": "production", "estimatedCost": 0.02, "tools": ["search", "send_mail"],
        "metadata": {"sessionId": "s-1", "userId": "u-1", "amount": 250, "country": "fr", "recordCount": 20},
    }))
    .expect("an action")
}

fn agent() -> AgentProfile {
    serde_json::from_value(json!({
        "id": "00000000-0000-7000-8000-0000000000aa", "externalId": "agent-1", "name": "Agent one",
        "environment": "production", "status": "active",
    }))
    .expect("an agent")
}

fn run(bencher: Bencher<'_, '_>, set: &PolicySet) {
    let (agent, action) = (agent(), action());
    let org = uuid::Uuid::from_u128(0xcc).into();
    let occasion = Occasion::before(org, &agent, &action, Timestamp::from_millis(0));
    let decided = evaluate(set, &occasion);
    assert!(decided.decision.violations.is_empty() && decided.decision.problems.is_empty());
    bencher.bench_local(|| black_box(evaluate(black_box(set), &occasion)));
}

/// Row 4: 20 policies, 1 KB of input.
#[divan::bench]
fn twenty_policies(bencher: Bencher<'_, '_>) {
    run(bencher, &set(twenty()));
}

/// The 20 policies without the detectors, which are measured by `detect`.
#[divan::bench]
fn without_detectors(bencher: Bencher<'_, '_>) {
    const READ_ALL: [&str; 5] =
        ["injection_scan", "pii_access", "secret_scan", "data_restriction", "content_filter"];
    let rest = twenty().into_iter().filter(|(kind, _)| !READ_ALL.contains(kind)).collect();
    run(bencher, &set(rest));
}

/// Row 4: five expressions.
#[divan::bench]
fn five_expressions(bencher: Bencher<'_, '_>) {
    let rules = EXPRESSIONS.map(|text| ("expression", json!({"expression": text})));
    run(bencher, &set(rules.to_vec()));
}

/// The floor of `five_expressions`.
#[divan::bench]
fn five_expressions_cel_crate(bencher: Bencher<'_, '_>) {
    let action = action();
    let programs = EXPRESSIONS.map(|text| cel::Program::compile(text).expect("compiles"));
    let mut context = cel::Context::default();
    let metadata: std::collections::HashMap<String, cel::Value> = [
        ("amount".to_owned(), cel::Value::Int(250)),
        ("country".to_owned(), cel::Value::from("fr")),
    ]
    .into();
    let tools: Vec<cel::Value> =
        action.tools.iter().flatten().map(|tool| cel::Value::from(tool.as_str())).collect();
    context.add_variable_from_value("input", cel::Value::from(action.input.as_str()));
    context.add_variable_from_value("environment", cel::Value::from("production"));
    context.add_variable_from_value("cost", cel::Value::Float(0.02));
    context.add_variable_from_value("tools", cel::Value::from(tools));
    context.add_variable_from_value("metadata", cel::Value::from(metadata));
    bencher.bench_local(|| {
        for program in &programs {
            let _ = black_box(program.execute(black_box(&context)).expect("a result"));
        }
    });
}

/// How the cost grows with the number of policies: the same twenty over and over.
#[divan::bench(args = [1, 10, 100, 1000])]
fn number_of_policies(bencher: Bencher<'_, '_>, number: usize) {
    run(bencher, &set(twenty().into_iter().cycle().take(number).collect()));
}
