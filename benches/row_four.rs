//! What row 4 of the performance table decides about, the same in every benchmark of it: the policies, the action, and the floor. The
//! words are in `row_four.json`, which the benchmark of the Python package reads as well.

use std::sync::LazyLock;

use divan::{Bencher, black_box};
use execlave_core::request::Action;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    policy_type: String,
    rule_definition: Value,
}

#[derive(Deserialize)]
struct Subject {
    policies: Vec<Policy>,
    expressions: [String; 5],
    sentence: String,
    action: Value,
}

static SUBJECT: LazyLock<Subject> =
    LazyLock::new(|| serde_json::from_str(include_str!("row_four.json")).expect("a subject"));

/// Fifteen kinds of check and five expressions, none of which fires.
pub(crate) fn twenty() -> Vec<(&'static str, Value)> {
    let checks = SUBJECT.policies.iter();
    let mut rules: Vec<_> =
        checks.map(|one| (one.policy_type.as_str(), one.rule_definition.clone())).collect();
    rules.extend(five());
    rules
}

/// Five expressions, none of which fires.
pub(crate) fn five() -> Vec<(&'static str, Value)> {
    let expressions = SUBJECT.expressions.iter();
    expressions.map(|text| ("expression", json!({"expression": text}))).collect()
}

/// A kilobyte of ordinary prose with ordinary punctuation.
pub(crate) fn action() -> Action {
    let mut action = SUBJECT.action.clone();
    action["input"] = SUBJECT.sentence.chars().cycle().take(1024).collect::<String>().into();
    serde_json::from_value(action).expect("an action")
}

/// The `cel` crate running the five expressions on a context that is already built, with nothing decided.
pub(crate) fn cel_crate(bencher: Bencher<'_, '_>) {
    let action = action();
    let programs =
        SUBJECT.expressions.each_ref().map(|text| cel::Program::compile(text).expect("compiles"));
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
