//! What holds for any input.

use std::collections::BTreeMap;

use execlave_core::detect::{self, injection, secret};
use execlave_core::digest::ActionDigest;
use execlave_core::json as core_json;
use execlave_core::redact::{redact_text, scrub_value};
use execlave_core::request::{Action, Role, ToolOutput, Turn};
use proptest::prelude::*;
use serde_json::{Map, Value};

mod pii;

/// Pieces that detectors look for, so that random texts are not all innocent.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec![
            "ignore", "previous", "instructions", "reveal your system prompt", "jane@example.com", "123-45-6789",
            "4111 1111 1111 1111", "(555) 123-4567", "555-123-4567", "10.0.0.1", "1.2.3.4.5", "sk-", "exe_prod_",
            "abcdefghij0123456789", "-", ".", "@", " ", "\u{200b}", "é", "😀", "ｉ", "[", "_", "AKIAIOSFODNN7EXAMPLE",
            "4111", "1111", "5", "+1 ", "(", ")", "bypass your filters", "<|im_start|>", "\n",
        ]).prop_map(String::from),
        1 => any::<String>(),
    ]
}

pub(crate) fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..12).prop_map(|pieces| pieces.concat())
}

pub(crate) fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..4).prop_map(object),
        ]
    })
}

fn object(map: BTreeMap<String, Value>) -> Value {
    Value::Object(map.into_iter().collect())
}

fn metadata() -> impl Strategy<Value = Map<String, Value>> {
    let key = prop_oneof![
        prop::sample::select(vec!["userId", "session_id", "dataSources", "dataClass"])
            .prop_map(String::from),
        text()
    ];
    prop::collection::btree_map(key, json_value(), 0..4).prop_map(|map| map.into_iter().collect())
}

pub(crate) fn action() -> impl Strategy<Value = Action> {
    let role = prop::sample::select(vec![Role::User, Role::Assistant, Role::System]);
    let turn = (role, text()).prop_map(|(role, content)| Turn { role, content });
    let output =
        (text(), json_value()).prop_map(|(name, output)| ToolOutput { name, input: None, output });
    (
        text(),
        prop::option::of(prop::sample::select(vec![
            "production".to_owned(),
            "staging".to_owned(),
            String::new(),
        ])),
        prop::option::of(metadata()),
        prop::option::of(any::<f64>()),
        prop::option::of(prop::collection::vec(prop_oneof![Just("send".to_owned()), text()], 0..4)),
        prop::collection::vec(turn, 0..4),
        prop::collection::vec(output, 0..3),
    )
        .prop_map(
            |(
                input,
                environment,
                metadata,
                estimated_cost,
                tools,
                conversation_history,
                tool_outputs,
            )| Action {
                input,
                environment,
                metadata,
                estimated_cost,
                tools,
                tool_descriptors: Vec::new(),
                conversation_history,
                tool_outputs,
            },
        )
}

/// Keys reversed, whole numbers as fractions, every character escaped: another spelling of the same JSON.
fn respelt(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entries: Vec<String> = map
                .iter()
                .rev()
                .map(|(key, item)| format!("{} : {}", escaped(key), respelt(item)))
                .collect();
            format!("{{ {} }}", entries.join(" , "))
        }
        Value::Array(items) => {
            format!("[ {} ]", items.iter().map(respelt).collect::<Vec<_>>().join(" , "))
        }
        Value::String(text) => escaped(text),
        Value::Number(number) if number.as_i64().is_some_and(|number| number.abs() < 1 << 53) => {
            format!("{number}.0")
        }
        other => other.to_string(),
    }
}

fn escaped(text: &str) -> String {
    let escapes: Vec<String> = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    format!("\"{}\"", escapes.concat())
}

proptest! {
    #[test]
    fn a_digest_does_not_depend_on_spelling(value in json_value()) {
        let again: Value = serde_json::from_str(&respelt(&value)).expect("JSON");
        prop_assert_eq!(ActionDigest::of_context(&value), ActionDigest::of_context(&again));
        let canonical = core_json::canonical(&value);
        let read: Value = serde_json::from_slice(&canonical).expect("canonical JSON is JSON");
        prop_assert_eq!(core_json::canonical(&read), canonical);
    }

    #[test]
    fn the_canonical_form_is_the_librarys(value in json_value(), number: f64, integer: i64) {
        let value = serde_json::json!({
            "value": value, "number": number, "integer": integer, "\u{e000}": 1, "\u{10000}": 2, "\u{7f}\"\\/\u{1}\n": u64::MAX,
        });
        let expected = serde_json_canonicalizer::to_vec(&value).expect("a value is JSON");
        prop_assert_eq!(core_json::canonical(&value), expected);
    }

    #[test]
    fn scrubbing_twice_is_scrubbing_once(value in json_value()) {
        let mut once = value;
        let first = scrub_value(&mut once);
        let mut twice = once.clone();
        let second = scrub_value(&mut twice);
        prop_assert_eq!(&once, &twice);
        prop_assert_eq!(first.clean, second.clean);
    }

    #[test]
    fn redacted_text_holds_no_personal_data(text in text()) {
        let redacted = redact_text(&text).into_owned();
        prop_assert!(detect::pii::find(&redacted).is_empty(), "{:?}", redacted);
    }

    #[test]
    fn offsets_are_valid(text in text()) {
        let scan = detect::scan(&text);
        let mut last = 0;
        for found in &scan.pii {
            prop_assert!(found.start >= last && found.start < found.end);
            prop_assert!(text.get(found.range()).is_some());
            last = found.end;
        }
        let mut rest: Vec<std::ops::Range<usize>> = Vec::new();
        rest.extend(scan.injection.findings.iter().map(injection::Finding::range));
        rest.extend(scan.secrets.iter().map(secret::Match::range));
        for range in rest {
            prop_assert!(range.start < range.end && text.get(range).is_some());
        }
    }
}
