//! Runs `testdata/detect`; the format is described there.

use execlave_core::detect::text::scalar_offset;
use execlave_core::detect::{pii, secret};
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

fn text_of(case: &Map<String, Value>) -> &str {
    case["text"].as_str().expect("text")
}
