//! What a person sees of an action before answering for it. Personal data is masked: the queue is read by more people than the
//! conversation.

use execlave_core::redact::{redact_text, scrub_value};
use execlave_core::request::Action;
use execlave_store::Json;
use serde_json::{Map, Value, json};

/// A line in a list, in characters.
const SUMMARY_LENGTH: usize = 280;

/// What is shown of the input, and of the metadata as JSON, in characters.
const PART_LENGTH: usize = 8_000;

/// One line: the tools and the beginning of the input.
pub(super) fn summary(action: &Action) -> String {
    let tools = action.tools.as_deref().unwrap_or_default();
    let head = if tools.is_empty() { String::new() } else { format!("{}: ", tools.join(", ")) };
    let text = format!("{head}{}", action.input);
    let line = masked(&text, SUMMARY_LENGTH * 4);
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SUMMARY_LENGTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The whole action, as far as a page can hold it; what is left out is said.
pub(super) fn shown(action: &Action) -> Json {
    let mut shown = json!({ "input": masked(&action.input, PART_LENGTH) });
    if let Some(tools) = &action.tools {
        shown["tools"] = masked_value(json!(tools));
    }
    if let Some(cost) = action.estimated_cost {
        shown["estimatedCost"] = json!(cost);
    }
    if let Some(metadata) = &action.metadata {
        shown["metadata"] = masked_object(metadata);
    }
    Json::of(&shown)
}

/// Masked after it is cut, so that reading a book costs no more than reading a page; at a whole word, since half an address is not
/// recognised as one.
fn masked(text: &str, length: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(length) else {
        return redact_text(text).into_owned();
    };
    let read = text[..end].rsplit_once(char::is_whitespace).map_or("", |(whole, _)| whole);
    let left = text.chars().count() - read.chars().count();
    format!("{}… ({left} more characters)", redact_text(read))
}

fn masked_object(object: &Map<String, Value>) -> Value {
    let whole = Value::Object(object.clone());
    let text = whole.to_string();
    if text.chars().nth(PART_LENGTH).is_none() {
        return masked_value(whole);
    }
    Value::String(masked(&text, PART_LENGTH))
}

fn masked_value(mut value: Value) -> Value {
    scrub_value(&mut value);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(input: &str) -> Action {
        Action { input: input.to_owned(), ..Action::default() }
    }

    #[test]
    fn personal_data_is_masked_wherever_it_stands() {
        let mut action = action("write to jane@example.com");
        action.tools = Some(vec!["mail:jane@example.com".to_owned()]);
        action.metadata = json!({ "cc": { "to": ["joe@example.com"] } }).as_object().cloned();
        action.estimated_cost = Some(0.5);
        let shown = shown(&action);
        assert!(!shown.as_str().contains("@example.com"), "{}", shown.as_str());
        assert!(shown.as_str().contains("\"estimatedCost\":0.5"));
        assert!(!summary(&action).contains("@example.com"));
    }

    #[test]
    fn what_is_too_long_is_cut_at_a_word_and_the_rest_is_counted() {
        let text = format!("{} jane@example.com {}", "a".repeat(PART_LENGTH - 8), "b".repeat(90));
        let cut = masked(&text, PART_LENGTH);
        // The address straddles the end, so it is left out whole: one space, itself, another space and the letters after it.
        assert!(cut.ends_with("a… (108 more characters)"), "{}", &cut[cut.len() - 60..]);
        assert_eq!(masked(&"x".repeat(9_000), PART_LENGTH), "… (9000 more characters)");
        assert_eq!(summary(&action(&"word ".repeat(100))).chars().count(), SUMMARY_LENGTH + 1);
    }
}
