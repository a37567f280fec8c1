//! How deep a question may be nested: as deep as the server reads. What lies deeper is not left out, for then an answer would not be
//! about it; the question is refused.

use execlave_api::enforce::EnforceRequest;
use serde_json::{Map, Value};

use crate::error::Error;

/// Levels of arrays and objects in a question, counted from its outermost one. The server reads 127, and an approval shows its action
/// up to three levels deeper.
pub const DEEPEST: usize = 124;

/// Refuses a question that is nested deeper.
pub(super) fn ensure_readable(request: &EnforceRequest) -> Result<(), Error> {
    let metadata = request.metadata.as_ref().and_then(|map| in_fields(map, 2));
    let metadata = metadata.map(|place| format!("metadata{place}"));
    let outputs = request.tool_outputs.iter().enumerate().find_map(|(index, output)| {
        let fields = [("input", output.input.as_ref()), ("output", Some(&output.output))];
        fields.into_iter().find_map(|(name, value)| {
            Some(format!("toolOutputs[{index}].{name}{}", in_value(value?, 4)?))
        })
    });
    match metadata.or(outputs) {
        Some(path) => Err(Error::Unaskable { path, reason: too_deep() }),
        None => Ok(()),
    }
}

/// The sentence for a question that is nested deeper.
pub fn too_deep() -> String {
    format!(
        "it is nested more than {DEEPEST} levels deep; flatten it, or leave out what nobody reads"
    )
}

/// The beginning of the way to what lies too deep in a value at this level.
fn in_value(value: &Value, level: usize) -> Option<String> {
    match value {
        Value::Array(_) | Value::Object(_) if level > DEEPEST => Some(String::new()),
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            in_value(item, level + 1).map(|rest| step(&format!("[{index}]"), &rest, level))
        }),
        Value::Object(fields) => in_fields(fields, level),
        _ => None,
    }
}

fn in_fields(fields: &Map<String, Value>, level: usize) -> Option<String> {
    fields.iter().find_map(|(key, value)| {
        let short: String = key.chars().take(LABEL).collect();
        in_value(value, level + 1).map(|rest| step(&format!(".{short}"), &rest, level))
    })
}

/// Characters of a key in a path.
const LABEL: usize = 64;
/// Levels of a path that are shown.
const SHOWN: usize = 8;

fn step(one: &str, rest: &str, level: usize) -> String {
    match level {
        ..SHOWN => format!("{one}{rest}"),
        SHOWN => "…".to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(fields: &Value) -> Result<(), Error> {
        let mut request = json!({"agentId": "a", "input": "x"});
        for (name, value) in fields.as_object().into_iter().flatten() {
            request[name] = value.clone();
        }
        ensure_readable(&serde_json::from_value(request).expect("a question"))
    }

    fn nested(levels: usize) -> Value {
        (0..levels).fold(json!("bottom"), |inner, _| json!([inner]))
    }

    #[test]
    fn a_question_is_as_deep_as_the_server_reads_or_is_refused() {
        let as_metadata = |levels| asked(&json!({"metadata": {"a": nested(levels)}}));
        let as_output = |levels| {
            asked(&json!({"toolOutputs": [{"name": "t", "output": {"k": nested(levels)}}]}))
        };
        assert!(as_metadata(DEEPEST - 2).is_ok() && as_output(DEEPEST - 4).is_ok());
        let refused = as_metadata(DEEPEST - 1).expect_err("too deep").to_string();
        assert!(refused.contains("`metadata.a[0][0][0][0][0]…`"), "{refused}");
        let refused = as_output(DEEPEST - 3).expect_err("too deep").to_string();
        assert!(refused.contains("`toolOutputs[0].output.k[0][0][0]…`"), "{refused}");
        let input = json!({"toolOutputs": [{"name": "t", "input": nested(200), "output": 1}]});
        assert!(asked(&input).is_err());
    }
}
