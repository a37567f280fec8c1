//! Runs `testdata/detect/injection`; the format is described beside it.

use execlave_core::detect::injection;
use execlave_core::detect::injection::RiskLevel;
use execlave_core::detect::text::scalar_offset;
use serde_json::{Value, json};

use crate::cases::{files, list, only, tables};

/// How many languages have cases of their own, beside English.
const LANGUAGES: usize = 12;

#[test]
fn injection_is_judged_as_the_cases_say() {
    let mut wrong = Vec::new();
    let files = files("detect/injection");
    let languages = files.iter().filter(|(name, _)| name.starts_with("language_")).count();
    assert!(languages >= LANGUAGES, "only {languages} languages");
    for (name, cases) in &files {
        for case in tables(cases, "case") {
            only(case, &["text", "why", "risk", "findings"]);
            let text = case["text"].as_str().expect("text");
            let verdict = injection::scan(text);
            let risk = case.get("risk").map_or("none", |risk| risk.as_str().expect("text"));
            let found: Vec<Value> = verdict
                .findings
                .iter()
                .map(|found| {
                    let start = scalar_offset(text, found.start);
                    let end = scalar_offset(text, found.end);
                    json!({"rule": found.rule_id, "start": start, "end": end})
                })
                .collect();
            let findings_differ = (case.contains_key("findings") || risk == "none")
                && found != list(case, "findings");
            if verdict.risk_level.as_str() != risk || findings_differ {
                let why = &case["why"];
                wrong.push(format!("{name}: {text:?} ({why}): {} {found:?}", verdict.risk_level));
            }
            assert_eq!(verdict.detected, verdict.risk_level >= RiskLevel::Medium, "{text}");
            assert!((0.0..1.0).contains(&verdict.score), "{text}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
