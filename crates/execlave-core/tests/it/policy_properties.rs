//! What holds for any set of policies and any action.

use execlave_core::detect;
use execlave_core::ids::PolicyId;
use execlave_core::policy::{
    CompiledPolicy, Evaluation, PolicyDocument, PolicySet, StateAnswer, compile, evaluate,
};
use execlave_core::request::{Action, AgentProfile, Occasion};
use execlave_core::time::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use crate::properties::action;

/// Policies of every type without chains, each with an id of its own.
fn policies() -> impl Strategy<Value = Vec<CompiledPolicy>> {
    let rule = prop::sample::select(vec![
        (
            "injection_scan",
            json!({"threshold": "low", "patterns": ["é+"], "allowPatterns": ["previous"]}),
        ),
        ("injection_scan", json!({})),
        ("pii_access", json!({})),
        ("pii_access", json!({"deniedPiiTypes": ["email"], "minCount": 2})),
        ("cost_limit", json!({"maxCostPerExecution": 1, "dailyBudget": 2, "scope": "user"})),
        ("cost_limit", json!({"hourlyBudget": 2})),
        ("access_control", json!({"deniedTools": ["*é*"], "allowedDataSources": ["crm"]})),
        ("action_approval", json!({"tools": ["s*"], "minEstimatedCost": 5})),
    ]);
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
}
