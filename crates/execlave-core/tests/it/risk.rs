//! The risk of an action that waits for approval.

use execlave_core::decision::Violation;
use execlave_core::request::{Action, AgentProfile};
use execlave_core::risk::{RiskLevel, assess};
use serde_json::{Value, json};

fn violation(policy_type: &str, severity: &str) -> Violation {
    serde_json::from_value(json!({
        "policyId": "p", "policyName": "p", "policyType": policy_type, "enforcementMode": "require_approval",
        "severity": severity, "message": "m", "ruleId": "r",
    }))
    .expect("a violation")
}

fn check(
    violations: &[Violation],
    action: Value,
    expected: u8,
    level: RiskLevel,
    parts: &[(&str, u8)],
) {
    let mut action = action;
    action["input"] = json!("x");
    let action: Action = serde_json::from_value(action).expect("an action");
    let agent: AgentProfile = serde_json::from_value(json!({
        "id": "00000000-0000-7000-8000-0000000000aa", "externalId": "a", "name": "a",
        "environment": "development", "status": "active",
    }))
    .expect("an agent");
    let risk = assess(violations, &action, &agent);
    let named: Vec<(&str, u8)> =
        risk.parts.iter().map(|part| (part.name.as_str(), part.points)).collect();
    assert_eq!(named, parts);
    assert_eq!((risk.score, risk.level), (expected, level));
}

#[test]
fn parts_add_up() {
    check(&[], json!({}), 0, RiskLevel::Low, &[]);
    check(
        &[violation("action_approval", "medium")],
        json!({"tools": ["search", "sendEmail"], "environment": "production"}),
        42,
        RiskLevel::Medium,
        &[("severity", 20), ("tools", 12), ("environment", 10)],
    );
    check(
        &[
            violation("action_approval", "low"),
            violation("pii_access", "high"),
            violation("cost_limit", "low"),
        ],
        json!({"tools": ["users.delete"], "estimatedCost": 250}),
        90,
        RiskLevel::Critical,
        &[("severity", 40), ("tools", 25), ("cost", 10), ("data", 15)],
    );
    check(
        &[],
        json!({"metadata": {"dataClass": ["internal", "PHI"]}, "environment": "staging"}),
        19,
        RiskLevel::Low,
        &[("environment", 4), ("data", 15)],
    );
}

#[test]
fn what_other_types_find_counts_as_data() {
    for (rule_id, points) in [
        ("tool_output_scan.secret", 15),
        ("tool_output_scan.pii", 15),
        ("data_restriction.phi", 15),
        ("data_restriction.confidential", 8),
        ("data_restriction.public", 0),
        ("tool_output_scan.injection", 0),
    ] {
        let mut found = violation("other", "low");
        found.rule_id = rule_id.into();
        let data = [("severity", 10), ("data", points)];
        let parts = if points == 0 { &data[..1] } else { &data[..] };
        check(
            &[found],
            json!({}),
            10 + points,
            if points == 15 { RiskLevel::Medium } else { RiskLevel::Low },
            parts,
        );
    }
}
