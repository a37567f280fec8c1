//! Runs `testdata/redact`; the format is described there.

use execlave_core::redact::{redact_text, scrub_value};
use serde_json::{Value, json};

use crate::cases::{file, only, tables};

#[test]
fn text_is_masked_as_the_cases_say() {
    for case in tables(&file("redact/scrub.toml"), "text") {
        only(case, &["text", "masked", "why"]);
        let text = case["text"].as_str().expect("text");
        assert_eq!(redact_text(text), case["masked"].as_str().expect("text"), "{}", case["why"]);
    }
}

#[test]
fn values_are_scrubbed_as_the_cases_say() {
    for case in tables(&file("redact/scrub.toml"), "value") {
        only(case, &["value", "scrubbed", "found", "clean", "hashes", "why"]);
        let json_of = |key: &str| -> Value {
            serde_json::from_str(case[key].as_str().expect("text")).expect("JSON")
        };
        let mut value = json_of("value");
        let report = scrub_value(&mut value);
        assert_eq!(value, json_of("scrubbed"), "{}", case["why"]);
        assert_eq!(report.clean, case["clean"], "{}", case["why"]);
        let counts: Value = report
            .found
            .iter()
            .map(|(kind, hashes)| (kind.to_string(), json!(hashes.len())))
            .collect();
        assert_eq!(counts, case["found"], "{}", case["why"]);
        if let Some(hashes) = case.get("hashes") {
            assert_eq!(&json!(report.found), hashes, "{}", case["why"]);
        }
    }
}
