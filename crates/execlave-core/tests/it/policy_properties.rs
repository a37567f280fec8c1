//! What holds for any set of policies and any action.

use execlave_core::decision::Outcome;
use execlave_core::detect;
use execlave_core::ids::PolicyId;
use execlave_core::policy::{
    CompiledPolicy, Evaluation, PolicyDocument, PolicySet, PolicyType, StateAnswer, compile,
    evaluate, lint, lint_text,
};
use execlave_core::request::{Action, AgentProfile, Occasion, Phase};
use execlave_core::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::properties::{action, json_value, text};

/// One rule or more of every type.
fn rules() -> Vec<(&'static str, Value)> {
    let rules = vec![
        (
            "injection_scan",
            json!({"threshold": "low", "patterns": ["é+"], "allowPatterns": ["previous"]}),
        ),
        ("injection_scan", json!({"scanOutput": true})),
        ("pii_access", json!({})),
        ("pii_access", json!({"deniedPiiTypes": ["email"], "minCount": 2})),
        ("secret_scan", json!({})),
        ("cost_limit", json!({"maxCostPerExecution": 1, "dailyBudget": 2, "scope": "user"})),
        ("cost_limit", json!({"hourlyBudget": 2})),
        ("budget_cap", json!({"monthlyBudget": 5})),
        ("rate_limit", json!({"maxRequestsPerMinute": 1, "scope": "session"})),
        ("record_count_limit", json!({"maxRecords": 1, "field": "userId"})),
        ("access_control", json!({"deniedTools": ["*é*"], "allowedDataSources": ["crm"]})),
        ("tool_invocation", json!({"allow": ["s*"], "deny": ["*d"]})),
        ("action_approval", json!({"tools": ["s*"], "minEstimatedCost": 5})),
        ("external_call", json!({"allowedDomains": ["example.com"]})),
        ("content_filter", json!({"terms": ["é", "ignore"], "patterns": ["[0-9]+"]})),
        ("data_restriction", json!({"deniedClasses": ["pii", "public"]})),
        ("tool_integrity", json!({})),
        ("tool_output_scan", json!({"piiTypes": ["email"]})),
        ("output_classifier", json!({"terms": ["ignore"], "maxLength": 10})),
        ("quality_threshold", json!({"min": 3, "metric": "dataClass"})),
        (
            "expression",
            json!({"expression": "cost > 1.0 || metadata.userId == 'u' || tools.exists(t, input.contains(t))"}),
        ),
        ("expression", json!({"expression": "output.contains('ignore') || size(metadata) > 1"})),
        ("custom_validator", json!({"validatorId": "v"})),
        ("sequence", json!({"after": {"toolOutputs": ["*"]}, "deny": {"tools": ["send"]}})),
    ];
    for policy_type in PolicyType::ALL {
        assert!(rules.iter().any(|(name, _)| *name == policy_type.as_str()), "{policy_type}");
    }
    rules
}

/// Policies of every type without chains, each with an id of its own.
fn policies() -> impl Strategy<Value = Vec<CompiledPolicy>> {
    let rule = prop::sample::select(rules());
    let mode = prop::sample::select(vec!["monitor", "warn", "require_approval", "block"]);
    let failure = prop::sample::select(vec!["fail_open", "fail_closed"]);
    let policy = (rule, mode, failure, 0u8..=100, 0u32..3);
    prop::collection::vec(policy, 0..8).prop_map(|policies| {
        let compiled = policies.into_iter().enumerate().map(|(index, (rule, mode, failure, share, order))| {
            let document = PolicyDocument::from_value(json!({
                "name": format!("policy {index}"), "policyType": rule.0, "enforcementMode": mode,
                "ruleDefinition": rule.1, "failureMode": failure, "rolloutPercent": share, "evaluationOrder": order,
            }))
            .expect("a policy");
            let id = PolicyId::from(uuid::Uuid::from_u128(index as u128 + 1));
            compile(id, 1, &document).expect("compiles")
        });
        compiled.collect()
    })
}

fn agent() -> AgentProfile {
    serde_json::from_value(json!({
        "id": "00000000-0000-7000-8000-0000000000aa", "externalId": "a", "name": "a",
        "environment": "production", "status": "active", "requiresHumanApprovalFor": ["send"],
    }))
    .expect("an agent")
}

fn decide(policies: Vec<CompiledPolicy>, action: &Action) -> Evaluation {
    let (org, agent) = (uuid::Uuid::from_u128(0xcc).into(), agent());
    let now = Timestamp::from_millis(1_795_514_400_000);
    evaluate(&PolicySet::new(policies), &Occasion::before(org, &agent, action, now))
}

proptest! {
    #[test]
    fn evaluation_is_total_and_independent_of_order(policies in policies(), action in action()) {
        let forward = decide(policies.clone(), &action);
        let backward = decide(policies.into_iter().rev().collect(), &action);
        prop_assert_eq!(&forward, &backward);
        let all = vec![StateAnswer::violated(); forward.checks.len() + 2];
        let open = forward.decision.outcome;
        let settled = forward.settle(&all);
        prop_assert!(settled.outcome >= open);
        let texts = [&settled.violations, &settled.warnings];
        for violation in texts.into_iter().flatten() {
            prop_assert!(detect::pii::find(&violation.message).is_empty(), "{}", violation.message);
            if let Some(evidence) = &violation.evidence {
                prop_assert!(evidence.start <= evidence.end);
                if evidence.field == "input" {
                    prop_assert!(evidence.end <= action.input.chars().count());
                }
            }
        }
    }

    #[test]
    fn one_more_policy_never_weakens(policies in policies(), action in action()) {
        let mut fewer = policies.clone();
        fewer.pop();
        let before = decide(fewer, &action).decision;
        let after = decide(policies, &action).decision;
        prop_assert!(after.outcome >= before.outcome);
        for violation in &before.violations {
            prop_assert!(after.violations.contains(violation));
        }
    }

    #[test]
    fn every_phase_is_total(policies in policies(), action in action(), output in json_value(), tags in prop::collection::vec(text(), 0..3)) {
        let (org, agent) = (uuid::Uuid::from_u128(0xcc).into(), agent());
        let occasion = Occasion::before(org, &agent, &action, Timestamp::from_millis(0));
        let set = PolicySet::new(policies);
        let post = Phase::Post { output: Some(&output), tags: &tags };
        let after = evaluate(&set, &occasion.in_phase(post));
        prop_assert_eq!(after.decision.outcome, Outcome::Allow);
        prop_assert!(after.checks.is_empty());
        evaluate(&set, &occasion.in_phase(Phase::Tool));
    }

    #[test]
    fn any_answers_settle_and_none_is_unknown(policies in policies(), action in action(), answers in prop::collection::vec(answer(), 0..8)) {
        let evaluation = decide(policies, &action);
        let settled = evaluation.settle(&answers);
        prop_assert!(settled.outcome >= evaluation.decision.outcome);
        prop_assert_eq!(&settled, &evaluation.settle(&answers));
        let unknown = vec![StateAnswer::unknown(); evaluation.checks.len()];
        prop_assert_eq!(evaluation.settle(&unknown), evaluation.settle_without_state());
        let passed = vec![StateAnswer::Passed; evaluation.checks.len()];
        prop_assert_eq!(&evaluation.settle(&passed), &evaluation.decision);
    }

    #[test]
    fn any_document_is_read_or_refused(rule in json_value(), extra in json_value(), place in 0usize..20) {
        let policy_type = PolicyType::ALL[place];
        let document = json!({
            "name": "p", "policyType": policy_type, "enforcementMode": "block",
            "ruleDefinition": rule, "metadata": extra,
        });
        lint(&document);
        lint(&json!([document.clone(), document.clone()]));
        if let Ok(read) = PolicyDocument::from_value(document) {
            let again = PolicyDocument::from_value(read.to_value());
            prop_assert_eq!(again.as_ref(), Ok(&read));
        }
        let _ = PolicyDocument::from_value(extra);
    }

    #[test]
    fn any_expression_is_read_or_refused(text in expression_text(), action in action()) {
        let document = json!({
            "name": "p", "policyType": "expression", "enforcementMode": "block",
            "ruleDefinition": {"expression": text},
        });
        if let Ok(document) = PolicyDocument::from_value(document) {
            let policy = compile(uuid::Uuid::from_u128(1).into(), 1, &document).expect("compiles");
            decide(vec![policy], &action);
        }
        lint_text(&text);
    }
}

fn answer() -> impl Strategy<Value = StateAnswer> {
    prop_oneof![
        Just(StateAnswer::Passed),
        Just(StateAnswer::Warned),
        Just(StateAnswer::violated()),
        Just(StateAnswer::unknown()),
        text().prop_map(|reason| StateAnswer::ApprovalRequired { reason: Some(reason) }),
    ]
}

/// Pieces of CEL in any order, and sometimes anything at all.
fn expression_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        9 => prop::sample::select(vec![
            "input", "tools", "metadata", "cost", "now", "x", ".", "(", ")", "[", "]", "{", "}", ",", ":", "?", "==",
            "<", "&&", "||", "!", "-", "+", "%", "/", "in", "1", "2.5", "'a'", "\"é\"", "null", "true", ".all(x, ",
            ".exists(x, ", ".map(x, ", "size(", "has(", "matches(", "timestamp(", "duration(", " ", "'", "\\", "b'",
        ]).prop_map(String::from),
        1 => text(),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}
