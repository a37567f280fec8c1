//! The fingerprint of an action: an approval is bound to it, and a certificate is valid for it alone.
//!
//! SHA-256 over the RFC 8785 form of the action context, so that two clients in two languages which mean
//! the same action compute the same digest.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::json;

/// 64 lower-case hexadecimal characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ActionDigest(String);

/// Text that is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an action digest is 64 lower-case hexadecimal characters")]
pub struct InvalidDigest;

impl ActionDigest {
    /// The digest of an action context (see [`crate::request::Action::context`]), or of whatever a client
    /// claims to be one.
    pub fn of_context(context: &Value) -> Self {
        Self(hex(&Sha256::digest(json::canonical(context))))
    }

    /// The hexadecimal text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(digit.into(), 16).unwrap_or_default());
        }
    }
    text
}

/// The hashes a tool's descriptor has in the published SDKs, which write one descriptor differently: JavaScript
/// as RFC 8785 does, Python with escapes for everything outside ASCII and `1.0` for a float. Pin both, and the
/// tool is recognised whichever SDK asks.
pub fn descriptor_hashes(descriptor: &Value) -> [String; 2] {
    let mut python = String::new();
    write_python(descriptor, &mut python);
    [hex(&Sha256::digest(json::canonical(descriptor))), hex(&Sha256::digest(python))]
}

/// As Python's `json.dumps(value, sort_keys=True, separators=(",", ":"))`.
fn write_python(value: &Value, text: &mut String) {
    match value {
        Value::Number(number) if number.is_f64() => {
            text.push_str(&python_float(number.as_f64().unwrap_or_default()));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => text.push_str(&value.to_string()),
        Value::String(string) => write_ascii(string, text),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_python(item, text);
            }
            text.push(']');
        }
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_by(|one, other| one.chars().cmp(other.chars()));
            text.push('{');
            for (index, key) in keys.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_ascii(key, text);
                text.push(':');
                write_python(map.get(key).unwrap_or(&Value::Null), text);
            }
            text.push('}');
        }
    }
}

fn write_ascii(string: &str, text: &mut String) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            ' '..='~' => text.push(character),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    // Writing to a `String` cannot fail.
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
        }
    }
    text.push('"');
}

/// As Python's `repr`: the shortest digits, an exponent of two digits or more from 1e16 on and below 1e-4.
fn python_float(number: f64) -> String {
    let size = number.abs();
    if number == 0.0 || (1e-4..1e16).contains(&size) {
        return format!("{number:?}");
    }
    let text = format!("{number:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => match exponent.strip_prefix('-') {
            Some(exponent) => format!("{digits}e-{exponent:0>2}"),
            None => format!("{digits}e+{exponent:0>2}"),
        },
        None => text,
    }
}

impl fmt::Debug for ActionDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActionDigest({})", self.0)
    }
}

impl fmt::Display for ActionDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ActionDigest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let valid =
            text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if valid { Ok(Self(text.into())) } else { Err(InvalidDigest) }
    }
}

impl TryFrom<String> for ActionDigest {
    type Error = InvalidDigest;

    fn try_from(text: String) -> Result<Self, InvalidDigest> {
        text.parse()
    }
}

impl From<ActionDigest> for String {
    fn from(digest: ActionDigest) -> Self {
        digest.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn python_writes_descriptors_its_own_way() {
        let descriptor =
            json!({"z": [1, 1.0, 1e16, 1.5e-7, -2.5, true, null], "é": "a\"\\\n\u{7f}😀", "B": {}});
        let mut text = String::new();
        write_python(&descriptor, &mut text);
        assert_eq!(
            text,
            r#"{"B":{},"z":[1,1.0,1e+16,1.5e-07,-2.5,true,null],"\u00e9":"a\"\\\n\u007f\ud83d\ude00"}"#
        );
        let [one, other] = descriptor_hashes(&json!({"name": "read", "n": 1}));
        assert_eq!(one, other);
        let [one, other] = descriptor_hashes(&json!({"n": 1.0}));
        assert_ne!(one, other);
    }
}
