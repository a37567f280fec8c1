//! What a local decision costs: the policies and the input of row 4 of the performance table.
//!
//! `cel_crate` is the floor: the `cel` crate running the same five expressions on a context that is already
//! built, with nothing decided.

use divan::{Bencher, black_box};
use execlave_core::policy::{CompiledPolicy, PolicyDocument, PolicySet, compile, evaluate};
use execlave_core::request::{AgentProfile, Occasion};
use execlave_core::time::Timestamp;
use serde_json::{Value, json};

#[path = "../../../benches/row_four.rs"]
mod row_four;

use row_four::{action, five, twenty};

fn main() {
    divan::main();
}

fn policy(index: usize, policy_type: &str, rule: &Value) -> CompiledPolicy {
    let document = PolicyDocument::from_value(json!({
        "name": format!("policy {index}"), "policyType": policy_type, "enforcementMode": "block",
        "ruleDefinition": rule,
    }))
    .expect("a policy");
    compile(uuid::Uuid::from_u128(index as u128 + 1).into(), 1, &document).expect("compiles")
}

fn set(rules: Vec<(&'static str, Value)>) -> PolicySet {
    let policies = rules.into_iter().enumerate();
    PolicySet::new(policies.map(|(index, (kind, rule))| policy(index, kind, &rule)).collect())
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
    run(bencher, &set(five()));
}

/// The floor of `five_expressions`.
#[divan::bench]
fn five_expressions_cel_crate(bencher: Bencher<'_, '_>) {
    row_four::cel_crate(bencher);
}

/// How the cost grows with the number of policies: the same twenty over and over.
#[divan::bench(args = [1, 10, 100, 1000])]
fn number_of_policies(bencher: Bencher<'_, '_>, number: usize) {
    run(bencher, &set(twenty().into_iter().cycle().take(number).collect()));
}
