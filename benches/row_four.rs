//! What row 4 of the performance table decides about, the same in every benchmark of it: the policies, the action, and the floor.

use divan::{Bencher, black_box};
use execlave_core::request::Action;
use serde_json::{Value, json};

const EXPRESSIONS: [&str; 5] = [
    "cost > 100.0 && environment == 'production'",
    "'delete_user' in tools",
    "metadata.amount > 10000 && metadata.country != 'de'",
    "tools.exists(t, t.startsWith('shell'))",
    "size(input) > 100000 || input.startsWith('sudo ')",
];

/// Fifteen kinds of check and five expressions, none of which fires.
pub(crate) fn twenty() -> Vec<(&'static str, Value)> {
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
    rules.extend(five());
    rules
}

/// Five expressions, none of which fires.
pub(crate) fn five() -> Vec<(&'static str, Value)> {
    EXPRESSIONS.map(|text| ("expression", json!({"expression": text}))).to_vec()
}

/// A kilobyte of ordinary prose with ordinary punctuation.
pub(crate) fn action() -> Action {
    let sentence = "Please look up the order of last week - it was shipped on 12/11, weighs 3.5 kg (about 8 lb), \
                    and the customer's note says: \"leave it with the neighbour, thanks!\" ";
    let input: String = sentence.chars().cycle().take(1024).collect();
    serde_json::from_value(json!({
        "input": input, "environment": "production", "estimatedCost": 0.02, "tools": ["search", "send_mail"],
        "metadata": {"sessionId": "s-1", "userId": "u-1", "amount": 250, "country": "fr", "recordCount": 20},
    }))
    .expect("an action")
}

/// The `cel` crate running the five expressions on a context that is already built, with nothing decided.
pub(crate) fn cel_crate(bencher: Bencher<'_, '_>) {
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
