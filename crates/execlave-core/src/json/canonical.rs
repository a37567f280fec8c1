//! The canonical form of JSON, RFC 8785: sorted keys, shortest numbers, minimal escapes.
//!
//! Every action is hashed in this form, so it is written straight into one buffer. What is hard about it, the shortest form of a
//! fraction, is left to `serde_json_canonicalizer`; the property tests hold this writer against that library.

use serde_json::{Map, Number, Value};

/// RFC 8785 knows doubles only; an integer beyond this is rounded to one.
const LARGEST_EXACT: u64 = 1 << 53;

/// The RFC 8785 form of a value.
pub fn canonical(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    write(value, &mut bytes);
    bytes
}

fn write(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Null => bytes.extend_from_slice(b"null"),
        Value::Bool(true) => bytes.extend_from_slice(b"true"),
        Value::Bool(false) => bytes.extend_from_slice(b"false"),
        Value::Number(number) => write_number(number, bytes),
        Value::String(text) => write_text(text, bytes),
        Value::Array(items) => {
            bytes.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    bytes.push(b',');
                }
                write(item, bytes);
            }
            bytes.push(b']');
        }
        Value::Object(map) => write_object(map, bytes),
    }
}

fn write_object(map: &Map<String, Value>, bytes: &mut Vec<u8>) {
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    // The order is by UTF-16 units, which differs from the order of bytes only outside ASCII.
    if entries.iter().all(|(key, _)| key.is_ascii()) {
        entries.sort_unstable_by_key(|(key, _)| *key);
    } else {
        entries
            .sort_unstable_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
    }
    bytes.push(b'{');
    for (index, (key, item)) in entries.into_iter().enumerate() {
        if index > 0 {
            bytes.push(b',');
        }
        write_text(key, bytes);
        bytes.push(b':');
        write(item, bytes);
    }
    bytes.push(b'}');
}

/// `serde_json` escapes exactly what RFC 8785 escapes, in the same way.
fn write_text(text: &str, bytes: &mut Vec<u8>) {
    // INVARIANT: writing text to memory does not fail.
    let _written = serde_json::to_writer(bytes, text);
}

fn write_number(number: &Number, bytes: &mut Vec<u8>) {
    let is_exact = number.as_u64().is_some_and(|number| number <= LARGEST_EXACT)
        || number.as_i64().is_some_and(|number| number.unsigned_abs() <= LARGEST_EXACT);
    // INVARIANT: only NaN and infinities are refused, and a `Number` is neither.
    if is_exact {
        let _written = serde_json::to_writer(bytes, number);
    } else if let Ok(shortest) = serde_json_canonicalizer::to_vec(number) {
        bytes.extend_from_slice(&shortest);
    }
}
