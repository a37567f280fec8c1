//! Webhook bodies and signatures are those of `testdata/webhooks`.

use execlave_core::json::canonical;
use execlave_core::time::Timestamp;
use execlave_core::webhook::{Event, Format, Offer, SignatureVersion, sign};
use serde_json::{Map, Value};

use crate::cases::{file, only, tables};

fn text<'a>(case: &'a Map<String, Value>, key: &str) -> &'a str {
    case.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("`{key}` in {case:?}"))
}

#[test]
fn every_format_has_exactly_this_body() {
    let cases = file("webhooks/formats.toml");
    let cases = tables(&cases, "case");
    for case in &cases {
        only(
            case,
            &[
                "format",
                "event",
                "routing_key",
                "answer_url",
                "answer_token",
                "in_chat",
                "content_type",
                "body",
                "why",
            ],
        );
        let event: Event = serde_json::from_str(text(case, "event")).expect("an event");
        let format: Format = text(case, "format").parse().expect("a format");
        let offer = case.contains_key("answer_url").then(|| Offer {
            url: text(case, "answer_url"),
            token: text(case, "answer_token"),
            in_chat: case.get("in_chat").and_then(Value::as_bool).expect("yes or no"),
        });
        let routing_key = case.get("routing_key").and_then(Value::as_str);
        let message = format.render(&event, routing_key, offer);
        let expected: Value = serde_json::from_str(text(case, "body")).expect("JSON");
        let sent = String::from_utf8(message.body).expect("UTF-8");
        let expected = String::from_utf8(canonical(&expected)).expect("UTF-8");
        assert_eq!(sent, expected, "{format}: {}", text(case, "why"));
        assert_eq!(message.content_type, text(case, "content_type"), "{format}");
    }
    for format in Format::ALL {
        assert!(cases.iter().any(|case| text(case, "format") == format.as_str()), "{format}");
    }
}

#[test]
fn signatures_are_those_of_another_implementation() {
    let cases = file("webhooks/signatures.toml");
    let cases = tables(&cases, "signature");
    assert!(!cases.is_empty());
    for case in cases {
        only(case, &["version", "secret", "at", "body", "timestamp", "signature", "why"]);
        let version: SignatureVersion = text(case, "version").parse().expect("a version");
        let at: Timestamp = text(case, "at").parse().expect("a time");
        let signed = sign(version, text(case, "secret"), at, text(case, "body").as_bytes());
        assert_eq!(signed.signature, text(case, "signature"), "{}", text(case, "why"));
        assert_eq!(signed.timestamp, case.get("timestamp").and_then(Value::as_i64));
        assert_eq!(signed.version, version);
    }
}
