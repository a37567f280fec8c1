//! JSON in: strict, with the path of the fault. JSON out: the canonical form that is hashed and signed.

mod canonical;

use std::fmt::Write as _;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

pub use self::canonical::canonical;

/// Why a body was refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", prefix(path))]
pub struct JsonFault {
    /// The place in the document, such as `tools[0]`; empty for the whole body.
    pub path: String,
    /// What is wrong there, for the person who wrote it.
    pub message: String,
}

fn prefix(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("`{path}`: ") }
}

/// Reads a body. Unknown and missing fields, wrong types, lone surrogates, nesting beyond 128 and
/// anything after the value are faults.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, JsonFault> {
    // Keeping track of the path costs as much again as reading, and most bodies are right.
    serde_json::from_slice(body).or_else(|_| parse_for_fault(body))
}

fn parse_for_fault<T: DeserializeOwned>(body: &[u8]) -> Result<T, JsonFault> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| fault(error.path(), error.inner()))?;
    deserializer.end().map_err(|error| syntax_fault(String::new(), &error))?;
    Ok(value)
}

/// As [`parse`], from a value that is already in memory.
pub fn parse_value<T: DeserializeOwned>(value: Value) -> Result<T, JsonFault> {
    serde_path_to_error::deserialize(value).map_err(|error| fault(error.path(), error.inner()))
}

/// For optional fields whose absence means something: `null` is a fault, not an absence.
///
/// Use with `#[serde(default, deserialize_with = "execlave_core::json::present")]`.
pub fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// The path of the first string or key that contains NUL, which `PostgreSQL` cannot store.
pub fn find_nul(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            find_nul(item).map(|rest| join(&format!("[{index}]"), &rest))
        }),
        Value::Object(map) => map.iter().find_map(|(key, item)| {
            if key.contains('\0') {
                return Some(key.replace('\0', "\\u0000"));
            }
            find_nul(item).map(|rest| join(key, &rest))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn join(head: &str, rest: &str) -> String {
    if rest.is_empty() || rest.starts_with('[') {
        format!("{head}{rest}")
    } else {
        format!("{head}.{rest}")
    }
}

fn fault(path: &Path, error: &serde_json::Error) -> JsonFault {
    let path = render(path);
    if error.is_data() { data_fault(path, error) } else { syntax_fault(path, error) }
}

fn syntax_fault(path: String, error: &serde_json::Error) -> JsonFault {
    JsonFault { path, message: format!("is not valid JSON: {error}") }
}

/// Says what a person can act on; a line and column add nothing once the path is known.
fn data_fault(path: String, error: &serde_json::Error) -> JsonFault {
    let full = error.to_string();
    let message = match full.rfind(" at line ") {
        Some(end) if error.line() > 0 => full.get(..end).unwrap_or(&full),
        _ => &full,
    };
    if let Some(field) = quoted_after(message, "missing field ") {
        return JsonFault { path: append(&path, field), message: "is required".into() };
    }
    if let Some(field) = quoted_after(message, "duplicate field ") {
        return JsonFault { path: append(&path, field), message: "is given twice".into() };
    }
    if let Some(field) = quoted_after(message, "unknown field ") {
        let path = if names(&path, field) { path } else { append(&path, field) };
        let expected =
            message.split_once(", ").map_or(String::new(), |(_, rest)| format!("; {rest}"));
        return JsonFault { path, message: format!("unknown field{expected}") };
    }
    JsonFault { path, message: message.into() }
}

fn quoted_after<'a>(message: &'a str, start: &str) -> Option<&'a str> {
    let (field, _) = message.strip_prefix(start)?.strip_prefix('`')?.split_once('`')?;
    Some(field)
}

fn names(path: &str, field: &str) -> bool {
    path == field || path.strip_suffix(field).is_some_and(|head| head.ends_with('.'))
}

fn append(path: &str, field: &str) -> String {
    if path.is_empty() { field.into() } else { format!("{path}.{field}") }
}

fn render(path: &Path) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => {
                // Writing to a `String` cannot fail.
                let _ = write!(text, "[{index}]");
            }
            Segment::Map { key } => text = append(&text, key),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[expect(dead_code, reason = "only the faults are looked at")]
    struct Body {
        name: String,
        #[serde(default)]
        items: Vec<Item>,
        #[serde(default, deserialize_with = "present")]
        note: Option<String>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the faults are looked at")]
    struct Item {
        size: u8,
    }

    fn path_of(body: &str) -> String {
        let from_bytes = parse::<Body>(body.as_bytes()).unwrap_err();
        if let Ok(value) = serde_json::from_str::<Value>(body)
            && !body.contains("twice")
        {
            assert_eq!(parse_value::<Body>(value).unwrap_err().path, from_bytes.path, "{body}");
        }
        from_bytes.path
    }

    #[test]
    fn faults_name_their_place() {
        assert_eq!(path_of(r#"{"name":1}"#), "name");
        assert_eq!(path_of("{}"), "name");
        assert_eq!(path_of("[]"), "");
        assert_eq!(path_of(r#"{"name":"a","extra":1}"#), "extra");
        assert_eq!(path_of(r#"{"name":"twice","name":"b"}"#), "name");
        assert_eq!(path_of(r#"{"name":"a","note":null}"#), "note");
        assert_eq!(path_of(r#"{"name":"a","items":[{"size":1},{"size":300}]}"#), "items[1].size");
        assert_eq!(path_of(r#"{"name":"a","items":[{"size":1,"colour":2}]}"#), "items[0].colour");
        assert_eq!(path_of(r#"{"name":"a","items":[{}]}"#), "items[0].size");
        assert_eq!(path_of(r#"{"name":"\ud800"}"#), "name");
        assert_eq!(path_of(r#"{"name":"a"} trailing"#), "");
        assert_eq!(path_of("nope"), "");
    }

    #[test]
    fn deep_nesting_is_a_fault_and_not_a_crash() {
        let deep = "[".repeat(100_000);
        assert!(parse::<Value>(deep.as_bytes()).is_err());
    }

    #[test]
    fn nul_is_found_in_values_and_keys() {
        assert_eq!(find_nul(&json!({"a": [{"b": "x"}, {"b": "x\0"}]})), Some("a[1].b".into()));
        assert_eq!(find_nul(&json!({"a": {"k\0": 1}})), Some("a.k\\u0000".into()));
        assert_eq!(find_nul(&json!({"a": "fine"})), None);
    }

    #[test]
    fn canonical_form_follows_rfc_8785() {
        let value: Value = serde_json::from_str(
            r#"{"b":1.0,"a":"\u20ac\u000f","n":[1e3,-0.0,333333333.33333329]}"#,
        )
        .unwrap();
        assert_eq!(
            String::from_utf8(canonical(&value)).unwrap(),
            "{\"a\":\"€\\u000f\",\"b\":1,\"n\":[1000,0,333333333.3333333]}"
        );
    }
}
