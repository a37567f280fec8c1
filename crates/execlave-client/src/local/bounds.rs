//! Actions the server might refuse to look at: it is asked about them, so that it can say so.

use execlave_api::enforce::{HISTORY_LENGTH, TOOLS_LENGTH, is_word};
use execlave_core::policy::usd_to_nanos;
use execlave_core::request::Action;
use serde_json::Value;

use crate::enforce::DEEPEST;

/// Larger actions are left to the server: reading them would keep the application's threads from other work, and it may find them too
/// large.
const LARGEST: usize = 1 << 20;
/// Smaller actions are read where they are asked about: on whatever thread that is, in less time than another one would take to wake up.
const SMALL: usize = 8 << 10;

/// How many bytes of text an action holds, or `None` for one that is not decided here.
pub(super) fn weigh(action: &Action) -> Option<usize> {
    let is_word = action.environment.as_deref().is_none_or(is_word);
    let is_amount = action.estimated_cost.is_none_or(|cost| usd_to_nanos(cost).is_some());
    let tools = action.tools.as_deref().unwrap_or_default();
    let is_short =
        tools.len() <= TOOLS_LENGTH && action.conversation_history.len() <= HISTORY_LENGTH;
    if action.input.is_empty() || !is_word || !is_amount || !is_short {
        return None;
    }
    let mut bytes = text(&action.input)?;
    for tool in tools {
        bytes += text(tool)?;
    }
    for (key, value) in action.metadata.iter().flatten() {
        bytes += text(key)? + tree(value, 1)?;
    }
    for turn in &action.conversation_history {
        bytes += text(&turn.content)?;
    }
    for output in &action.tool_outputs {
        bytes += text(&output.name)? + tree(&output.output, 1)?;
        bytes += output.input.as_ref().map_or(Some(0), |input| tree(input, 1))?;
    }
    for descriptor in &action.tool_descriptors {
        let texts = [&descriptor.server, &descriptor.tool, &descriptor.descriptor_hash];
        for one in texts.into_iter().chain(&descriptor.description) {
            bytes += text(one)?;
        }
    }
    (bytes <= LARGEST).then_some(bytes)
}

/// Whether an action is decided as fast as it could be handed to somebody else.
pub(crate) fn is_small(action: &Action) -> bool {
    weigh(action).is_some_and(|bytes| bytes <= SMALL)
}

/// NUL is refused by the server.
fn text(text: &str) -> Option<usize> {
    (!text.contains('\0')).then_some(text.len())
}

fn tree(value: &Value, depth: usize) -> Option<usize> {
    match value {
        _ if depth > DEEPEST => None,
        Value::String(string) => text(string),
        Value::Array(items) => items.iter().map(|item| tree(item, depth + 1)).sum(),
        Value::Object(fields) => {
            let sizes =
                fields.iter().map(|(key, value)| Some(text(key)? + tree(value, depth + 1)?));
            sizes.sum()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(8),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn weight(changed: &Value) -> Option<usize> {
        let mut action = json!({ "input": "four" });
        for (key, value) in changed.as_object().into_iter().flatten() {
            action[key] = value.clone();
        }
        weigh(&serde_json::from_value(action).expect("an action"))
    }

    #[test]
    fn every_text_counts() {
        assert_eq!(weight(&json!({})), Some(4));
        let everything = json!({
            "environment": "a.b-c_1", "estimatedCost": 0.5, "tools": ["12"], "metadata": { "k": ["12", { "a": true }] },
            "conversationHistory": [{ "role": "user", "content": "123" }],
            "toolOutputs": [{ "name": "n", "input": "12", "output": "123" }],
            "toolDescriptors": [{ "server": "s", "tool": "t", "descriptorHash": "h", "description": "12345" }],
        });
        assert_eq!(weight(&everything), Some(4 + 2 + 12 + 3 + 6 + 8));
    }

    #[test]
    fn what_the_server_might_refuse_is_left_to_it() {
        let nested = (0..=DEEPEST).fold(json!(1), |inner, _| json!([inner]));
        for odd in [
            json!({ "input": "" }),
            json!({ "input": "a\0b" }),
            json!({ "input": "x".repeat(LARGEST + 1) }),
            json!({ "environment": "" }),
            json!({ "environment": "a b" }),
            json!({ "environment": "x".repeat(65) }),
            json!({ "estimatedCost": -1 }),
            json!({ "tools": vec!["t"; TOOLS_LENGTH + 1] }),
            json!({ "tools": ["\0"] }),
            json!({ "metadata": { "\0": 1 } }),
            json!({ "metadata": { "a": { "b": "\0" } } }),
            json!({ "metadata": { "a": nested } }),
            json!({ "conversationHistory": vec![json!({ "role": "user", "content": "x" }); HISTORY_LENGTH + 1] }),
            json!({ "toolOutputs": [{ "name": "n", "output": "\0" }] }),
        ] {
            assert_eq!(weight(&odd), None, "{odd}");
        }
    }
}
