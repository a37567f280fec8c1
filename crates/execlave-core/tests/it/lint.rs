//! What people are told about their policies before they save them.

use execlave_core::policy::{PolicyType, lint, lint_text};
use serde_json::{Value, json};

fn policy(policy_type: &str, rule: &Value) -> Value {
    json!({
        "name": policy_type, "policyType": policy_type, "enforcementMode": "block",
        "ruleDefinition": rule,
    })
}

fn check(value: &Value, expected: &[(&str, &str)]) {
    let found = lint(value);
    let codes: Vec<(&str, &str)> =
        found.iter().map(|lint| (lint.code.as_str(), lint.path.as_str())).collect();
    assert_eq!(codes, expected, "{found:#?}");
}

#[test]
fn every_fault_is_reported_with_its_path() {
    let mut broken =
        policy("injection_scan", &json!({"treshold": "low", "patterns": ["("], "scanInput": 1}));
    broken["rolloutPercent"] = json!(200);
    check(
        &broken,
        &[
            ("invalid", "rolloutPercent"),
            ("invalid", "ruleDefinition.treshold"),
            ("invalid", "ruleDefinition.scanInput"),
            ("invalid", "ruleDefinition.patterns[0]"),
        ],
    );
    check(&json!([{"id": "x"}, policy("pii_access", &json!({}))]), &[("invalid", "[0].name")]);
    assert_eq!(lint_text("{")[0].code, "invalid");
    check(&policy("pii_access", &json!({})), &[]);
}

#[test]
fn policies_that_cannot_do_anything_are_named() {
    for (policy_type, rule) in [
        (
            "injection_scan",
            json!({"scanInput": false, "scanHistory": false, "scanToolOutputs": false}),
        ),
        ("pii_access", json!({"scanInput": false, "scanToolOutputs": false, "scanOutput": false})),
        ("access_control", json!({"useAgentAllowlist": false})),
        ("tool_invocation", json!({"allow": ["a"], "default": "allow"})),
        ("action_approval", json!({"tools": [], "useAgentList": false})),
        ("external_call", json!({"allowPrivateNetworks": true})),
        ("content_filter", json!({"terms": []})),
        (
            "tool_integrity",
            json!({"onUnknown": false, "onChanged": false, "scanDescriptions": false}),
        ),
        ("tool_output_scan", json!({"injection": false, "secrets": false})),
        ("expression", json!({"expression": "false"})),
    ] {
        check(&policy(policy_type, &rule), &[("never_fires", "ruleDefinition")]);
    }
    let mut post = policy("quality_threshold", &json!({"min": 1}));
    check(&post, &[("never_blocks", "enforcementMode")]);
    post["enforcementMode"] = json!("warn");
    check(&post, &[]);
    let mut nowhere = policy("pii_access", &json!({}));
    nowhere["rolloutPercent"] = json!(0);
    nowhere["chainTrigger"] = json!("any_violated");
    check(&nowhere, &[("never_blocks", "rolloutPercent"), ("no_effect", "chainTrigger")]);
}

#[test]
fn expensive_patterns_are_named() {
    let rule = json!({"patterns": [".*secret", "\\w{10}", "fine"]});
    check(
        &policy("injection_scan", &rule),
        &[
            ("expensive_pattern", "ruleDefinition.patterns[0]"),
            ("expensive_pattern", "ruleDefinition.patterns[1]"),
        ],
    );
}

#[test]
fn relations_between_policies_are_looked_at() {
    let id = |number: u8| format!("00000000-0000-7000-8000-00000000000{number}");
    let with = |policy_type: &str, rule: &Value, number: u8, needs: &[u8], trigger: &str| {
        let mut policy = policy(policy_type, rule);
        policy["id"] = json!(id(number));
        policy["name"] = json!(format!("policy {number}"));
        policy["prerequisites"] = json!(needs.iter().map(|need| id(*need)).collect::<Vec<_>>());
        policy["chainTrigger"] = json!(trigger);
        policy
    };
    let pii =
        |number, needs: &[u8], trigger| with("pii_access", &json!({}), number, needs, trigger);
    check(
        &json!([pii(1, &[2], "all_passed"), pii(2, &[1], "all_passed")]),
        &[("prerequisite_cycle", "[0].prerequisites")],
    );
    check(
        &json!([pii(1, &[9], "all_passed")]),
        &[("unknown_prerequisite", "[0].prerequisites[0]")],
    );
    let mut twin = pii(2, &[], "all_passed");
    twin["name"] = json!("policy 1");
    check(&json!([pii(1, &[], "all_passed"), twin]), &[("duplicate_name", "[1].name")]);
    let mut post = with("quality_threshold", &json!({"min": 1}), 2, &[], "all_passed");
    post["enforcementMode"] = json!("warn");
    let cost = with("cost_limit", &json!({"dailyBudget": 1}), 1, &[2], "any_violated");
    check(&json!([cost, post]), &[("never_runs", "[0].prerequisites")]);
}

#[test]
fn schemas_describe_what_is_accepted() {
    for policy_type in PolicyType::ALL {
        let schema = policy_type.schema();
        assert_eq!(schema["additionalProperties"], json!(false), "{policy_type}");
        let properties = schema["properties"].as_object().expect("properties");
        assert!(!properties.is_empty(), "{policy_type}");
        // Every default the schema names is accepted by the reader.
        for (name, field) in properties {
            if let Some(default) = field.get("default") {
                let faults = lint(&policy(policy_type.as_str(), &json!({name: default})));
                let path = format!("ruleDefinition.{name}");
                assert!(
                    faults.iter().all(|lint| lint.path != path || lint.code != "invalid"),
                    "{faults:?}"
                );
            }
        }
    }
}
