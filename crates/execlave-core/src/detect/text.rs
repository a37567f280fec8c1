//! The text inside a JSON value, as detectors read it.

use serde_json::Value;

/// Every string and number inside `value`, in order, joined by one space.
///
/// Keys, booleans and null are left out. There is no depth limit, because what is nested deepest still
/// reaches the model; the walk keeps its own stack, so depth costs memory and not the thread.
pub fn extract(value: &Value) -> String {
    let mut text = String::new();
    leaves(value, |leaf| push(&mut text, leaf));
    text
}

/// Shows every string and number inside `value`, in order.
pub(crate) fn leaves(value: &Value, mut show: impl FnMut(&str)) {
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        match value {
            Value::String(leaf) => show(leaf),
            Value::Number(leaf) => show(&leaf.to_string()),
            Value::Array(items) => waiting.extend(items.iter().rev()),
            Value::Object(map) => {
                let from = waiting.len();
                waiting.extend(map.values());
                if let Some(added) = waiting.get_mut(from..) {
                    added.reverse();
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
}

/// Appends one leaf.
pub(crate) fn push(text: &mut String, leaf: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(leaf);
}

/// Byte offset → offset in Unicode scalar values.
pub fn scalar_offset(text: &str, byte: usize) -> usize {
    text.get(..byte).unwrap_or(text).chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn leaves_are_joined_in_order() {
        let value = json!({"a": ["x", 1.5, null, true, {"k": "y"}], "b": "z"});
        assert_eq!(extract(&value), "x 1.5 y z");
    }
}
