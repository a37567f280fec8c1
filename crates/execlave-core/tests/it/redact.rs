//! Runs `testdata/redact`; the format is described there.

use execlave_core::redact::{Scrubbing, redact_text, scrub_value_with};
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
        only(
            case,
            &["value", "scrubbed", "found", "clean", "hashes", "keys", "names", "replaced", "why"],
        );
        let asked = |key: &str| case.get(key).is_some_and(|asked| asked == true);
        let scrubbing =
            Scrubbing { keys: asked("keys"), names: asked("names"), ..Scrubbing::default() };
        let json_of = |key: &str| -> Value {
            serde_json::from_str(case[key].as_str().expect("text")).expect("JSON")
        };
        let mut value = json_of("value");
        let report = scrub_value_with(&mut value, &scrubbing);
        assert_eq!(value, json_of("scrubbed"), "{}", case["why"]);
        assert_eq!(report.clean, case["clean"], "{}", case["why"]);
        let replaced =
            case.get("replaced").map_or(0, |replaced| replaced.as_u64().expect("a number"));
        assert_eq!(json!(report.replaced), replaced, "{}", case["why"]);
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

#[test]
fn what_is_too_long_to_read_is_replaced() {
    let long = "jane@example.com ".repeat(1_000_000);
    assert_eq!(redact_text(&long), "[REDACTED_SIZE_LIMIT]");
    let mut value = json!([long]);
    let report = scrub_value_with(&mut value, &Scrubbing::default());
    assert_eq!((value, report.replaced, report.clean), (json!(["[REDACTED_SIZE_LIMIT]"]), 1, true));
}
