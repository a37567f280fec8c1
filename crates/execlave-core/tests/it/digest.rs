//! The action digest is the same for the same action, however it was written down.

use execlave_core::digest::ActionDigest;
use execlave_core::request::Action;
use serde_json::{Value, json};

fn digest(text: &str) -> ActionDigest {
    ActionDigest::of_context(&serde_json::from_str::<Value>(text).expect("JSON"))
}

#[test]
fn spelling_does_not_matter() {
    let plain = digest(r#"{"input":"é","metadata":{"a":1,"b":[1]}}"#);
    assert_eq!(plain, digest(r#" { "metadata": {"b":[1.0], "a":1.0}, "input": "\u00e9" } "#));
    assert_ne!(plain, digest(r#"{"input":"e","metadata":{"a":1,"b":[1]}}"#));
}

#[test]
fn absent_is_not_null_and_not_empty() {
    let absent = digest(r#"{"input":"x"}"#);
    assert_ne!(absent, digest(r#"{"input":"x","tools":null}"#));
    assert_ne!(absent, digest(r#"{"input":"x","tools":[]}"#));
    assert_ne!(absent, digest(r#"{"input":"x","metadata":{}}"#));
}

#[test]
fn an_action_has_the_digest_of_its_context() {
    let action: Action = serde_json::from_value(json!({
        "input": "x", "environment": "production", "metadata": {}, "estimatedCost": 1, "tools": [],
        "conversationHistory": [{"role": "user", "content": "not part of it"}],
        "toolOutputs": [{"name": "t", "input": null, "output": null}],
    }))
    .expect("an action");
    let context = json!({"environment": "production", "estimatedCost": 1.0, "input": "x", "metadata": {}, "tools": []});
    assert_eq!(action.context(), context);
    assert_eq!(action.digest(), ActionDigest::of_context(&context));
    let written = action.digest().to_string();
    assert_eq!(written.len(), 64);
    assert_eq!(written.parse(), Ok(action.digest()));
    assert!("ABC".parse::<ActionDigest>().is_err());
}

#[test]
fn an_explicit_null_is_a_fault() {
    for key in ["environment", "metadata", "estimatedCost", "tools"] {
        let fault = execlave_core::json::parse_value::<Action>(json!({"input": "x", key: null}))
            .unwrap_err();
        assert_eq!(fault.path, key);
    }
}
