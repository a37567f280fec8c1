//! Runs `testdata/detect`; the format is described there.

use execlave_core::detect::text::scalar_offset;
use execlave_core::detect::{injection, pii, secret};
use serde_json::{Map, Value, json};

use crate::cases::{file, list, only, tables};

#[test]
fn personal_data_is_found_where_the_cases_say() {
    check("detect/pii.toml", |text| {
        pii::find(text)
            .iter()
            .map(|found| (found.pii_type.as_str(), found.start, found.end))
            .collect()
    });
}

#[test]
fn secrets_are_found_where_the_cases_say() {
    check("detect/secret.toml", |text| {
        secret::find(text)
            .iter()
            .map(|found| (found.kind.as_str(), found.start, found.end))
            .collect()
    });
}

fn check(path: &str, find: impl Fn(&str) -> Vec<(&'static str, usize, usize)>) {
    let cases = file(path);
    for case in tables(&cases, "case") {
        only(case, &["text", "why", "findings"]);
        let text = text_of(case);
        let found = find(text).into_iter().map(|(kind, start, end)| {
            json!({"type": kind, "start": scalar_offset(text, start), "end": scalar_offset(text, end)})
        });
        assert_eq!(
            found.collect::<Vec<_>>(),
            list(case, "findings"),
            "{path}: {text:?} ({})",
            case["why"]
        );
    }
}

#[test]
fn injection_is_judged_as_the_cases_say() {
    let cases = file("detect/injection.toml");
    let mut wrong = Vec::new();
    for case in tables(&cases, "case") {
        only(case, &["text", "why", "risk", "findings"]);
        let text = text_of(case);
        let verdict = injection::scan(text);
        let risk = case.get("risk").map_or("none", |risk| risk.as_str().expect("text"));
        let found: Vec<Value> = verdict
            .findings
            .iter()
            .map(|found| {
                let (start, end) =
                    (scalar_offset(text, found.start), scalar_offset(text, found.end));
                json!({"rule": found.rule_id, "start": start, "end": end})
            })
            .collect();
        let findings_differ =
            (case.contains_key("findings") || risk == "none") && found != list(case, "findings");
        if verdict.risk_level.as_str() != risk || findings_differ {
            wrong.push(format!("{text:?} ({}): {} {found:?}", case["why"], verdict.risk_level));
        }
        assert_eq!(verdict.detected, !verdict.findings.is_empty());
        assert!((0.0..=1.0).contains(&verdict.score));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn text_of(case: &Map<String, Value>) -> &str {
    case["text"].as_str().expect("text")
}
