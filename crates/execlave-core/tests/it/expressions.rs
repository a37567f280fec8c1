//! CEL here against the `cel` crate's own interpreter: the same texts, the same results.

use std::collections::HashMap;

use cel::{Context, Program, Value as Cel};
use execlave_core::policy::{PolicyDocument, PolicySet, compile, evaluate};
use execlave_core::request::{Action, AgentProfile, Occasion};
use serde_json::{Value, json};

use crate::cases::{file, tables};

/// What both say about one expression: true, false, or no result.
fn ours(text: &str, agent: &AgentProfile, action: &Action) -> Option<bool> {
    let document = PolicyDocument::from_value(json!({
        "name": "p", "policyType": "expression", "enforcementMode": "block",
        "ruleDefinition": {"expression": text},
    }))
    .unwrap_or_else(|error| panic!("{text}: {error}"));
    let policy = compile(uuid::Uuid::from_u128(1).into(), 1, &document).expect("compiles");
    let now = "2026-11-24T10:00:00Z".parse().expect("a time");
    let org = "00000000-0000-7000-8000-0000000000cc".parse().expect("a UUID");
    let occasion = Occasion::before(org, agent, action, now);
    let decision = evaluate(&PolicySet::new(vec![policy]), &occasion).decision;
    decision.problems.is_empty().then_some(!decision.violations.is_empty())
}

fn theirs(text: &str, agent: &AgentProfile, action: &Action) -> Option<bool> {
    let program = Program::compile(text).expect("compiles");
    let mut context = Context::default();
    let mut set = |name: &str, value: Value| {
        context.add_variable_from_value(name, cel_of(&value));
    };
    set("input", json!(action.input));
    set("agentId", json!(agent.external_id));
    set("agentName", json!(agent.name));
    set("orgId", json!("00000000-0000-7000-8000-0000000000cc"));
    set("phase", json!("pre"));
    set("environment", json!(action.environment.as_ref().unwrap_or(&agent.environment)));
    set("tools", json!(action.tools.clone().unwrap_or_default()));
    set("tags", json!(agent.tags));
    set("metadata", json!(action.metadata.clone().unwrap_or_default()));
    context.add_variable_from_value("cost", Cel::Float(action.estimated_cost.unwrap_or_default()));
    let now = Program::compile("timestamp('2026-11-24T10:00:00Z')").expect("compiles");
    context.add_variable_from_value("now", now.execute(&Context::default()).expect("a time"));
    match program.execute(&context) {
        Ok(Cel::Bool(result)) => Some(result),
        Ok(other) => panic!("{text}: {other:?}"),
        Err(_) => None,
    }
}

fn cel_of(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(flag) => Cel::Bool(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Cel::Int(whole),
            None => Cel::Float(number.as_f64().expect("a number")),
        },
        Value::String(text) => Cel::from(text.as_str()),
        Value::Array(items) => Cel::from(items.iter().map(cel_of).collect::<Vec<_>>()),
        Value::Object(map) => {
            let entries: HashMap<String, Cel> =
                map.iter().map(|(key, value)| (key.clone(), cel_of(value))).collect();
            Cel::from(entries)
        }
    }
}

fn agent() -> AgentProfile {
    serde_json::from_value(json!({
        "id": "00000000-0000-7000-8000-0000000000aa", "externalId": "agent-1", "name": "Agent one",
        "environment": "production", "status": "active", "tags": [],
    }))
    .expect("an agent")
}

/// Functions of ours that the crate's standard library does not have.
const OURS_ALONE: [&str; 3] = ["lowerAscii", "upperAscii", "trim"];

#[test]
fn the_cases_agree() {
    let cases = file("policy/expression.toml");
    let mut compared = 0;
    for case in tables(&cases, "case") {
        let text = case["policies"][0]["ruleDefinition"]["expression"].as_str().expect("text");
        if case.contains_key("phase") || case.contains_key("agent") || text.contains("output") {
            continue;
        }
        if OURS_ALONE.iter().any(|name| text.contains(name)) {
            continue;
        }
        let mut action = case.get("action").cloned().unwrap_or(json!({}));
        action.as_object_mut().expect("a table").entry("input").or_insert(json!("hello"));
        let action: Action = serde_json::from_value(action).expect("an action");
        assert_eq!(ours(text, &agent(), &action), theirs(text, &agent(), &action), "{text}");
        compared += 1;
    }
    assert!(compared > 35, "{compared}");
}

#[test]
fn combinations_agree() {
    let action: Action = serde_json::from_value(json!({
        "input": "héllo wörld", "estimatedCost": 2.5, "tools": ["a", "bb", "ccc"],
        "metadata": {"n": 3, "f": 1.5, "s": "x", "l": [1, 2, 3], "m": {"k": true}, "z": null, "neg": -7},
    }))
    .expect("an action");
    let atoms = [
        "metadata.n",
        "metadata.f",
        "metadata.s",
        "metadata.l",
        "metadata.m",
        "metadata.z",
        "metadata.neg",
        "metadata.none",
        "1",
        "2.0",
        "'x'",
        "true",
        "[1, 2, 3]",
        "null",
    ];
    let mut compared = 0;
    for left in atoms {
        for right in atoms {
            for operator in ["==", "!=", "<", ">=", "in"] {
                let text = format!("{left} {operator} {right}");
                compared += compare_if_valid(&text, &action);
            }
            for operator in ["+", "-", "*", "/", "%"] {
                // The crate adds the keys of a map to a list; the language has no such sum.
                if operator == "+" && right == "metadata.m" {
                    continue;
                }
                let text = format!("({left} {operator} {right}) == 1");
                compared += compare_if_valid(&text, &action);
            }
            let text = format!("({left} == 1) && ({right} == 'x') || ({left} == {right})");
            compared += compare_if_valid(&text, &action);
        }
    }
    for list in ["tools", "metadata.l", "[3, 2, 1]"] {
        for item in ["x == x", "size(string(x)) > 1", "x == 'bb'", "x == 2", "x > 1"] {
            for call in ["all", "exists", "exists_one"] {
                compared += compare_if_valid(&format!("{list}.{call}(x, {item})"), &action);
            }
            let text = format!("size({list}.filter(x, {item})) == 1");
            compared += compare_if_valid(&text, &action);
            let text = format!("{list}.map(x, {item}) == [true, false, false]");
            compared += compare_if_valid(&text, &action);
        }
    }
    assert!(compared > 1000, "{compared}");
}

/// Ours refuses some texts the crate would only fail on when they run; those are not compared.
fn compare_if_valid(text: &str, action: &Action) -> usize {
    let document = json!({
        "name": "p", "policyType": "expression", "enforcementMode": "block",
        "ruleDefinition": {"expression": text},
    });
    if PolicyDocument::from_value(document).is_err() {
        return 0;
    }
    assert_eq!(ours(text, &agent(), action), theirs(text, &agent(), action), "{text}");
    1
}
