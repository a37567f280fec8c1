//! Removes personal data before anything leaves the process: from traces, and from questions as well.

use std::collections::{BTreeMap, HashSet};

use execlave_api::traces::TraceBody;
use execlave_core::redact::{self, Scrubbing};
use execlave_core::request::Action;
use serde_json::{Map, Value, json};

use crate::config::Privacy;
use crate::enforce::DEEPEST;
use crate::error::Error;

/// Scrubs every text of a question. The server, its policies and the approver see the scrubbed text; so does the action digest. What
/// cannot be scrubbed is refused: a marker in its place would hide it from those who are asked.
pub(crate) fn scrub_action(action: &mut Action, privacy: &Privacy) -> Result<(), Error> {
    if !privacy.enabled {
        return Ok(());
    }
    ask_text(&mut action.input, privacy, || "input".to_owned())?;
    if let Some(metadata) = &mut action.metadata {
        let mut value = Value::Object(std::mem::take(metadata));
        ask_value(&mut value, privacy, || "metadata".to_owned())?;
        if let Value::Object(scrubbed) = value {
            *metadata = scrubbed;
        }
    }
    for (index, turn) in action.conversation_history.iter_mut().enumerate() {
        ask_text(&mut turn.content, privacy, || format!("conversationHistory[{index}].content"))?;
    }
    for (index, tool) in action.tool_descriptors.iter_mut().enumerate() {
        if let Some(description) = &mut tool.description {
            let path = || format!("toolDescriptors[{index}].description");
            ask_text(description, privacy, path)?;
        }
    }
    for (index, output) in action.tool_outputs.iter_mut().enumerate() {
        ask_value(&mut output.output, privacy, || format!("toolOutputs[{index}].output"))?;
        if let Some(input) = &mut output.input {
            ask_value(input, privacy, || format!("toolOutputs[{index}].input"))?;
        }
    }
    Ok(())
}

fn ask_text(
    text: &mut String,
    privacy: &Privacy,
    path: impl FnOnce() -> String,
) -> Result<(), Error> {
    let mut value = Value::String(std::mem::take(text));
    ask_value(&mut value, privacy, path)?;
    if let Value::String(scrubbed) = value {
        *text = scrubbed;
    }
    Ok(())
}

/// As deep as questions are.
fn ask_value(
    value: &mut Value,
    privacy: &Privacy,
    path: impl FnOnce() -> String,
) -> Result<(), Error> {
    let report = redact::scrub_value_within(value, &scrubbing(privacy), DEEPEST);
    if report.replaced == 0 {
        return Ok(());
    }
    let reason = "it holds a text that is too long to be scrubbed; shorten it".to_owned();
    Err(Error::Unaskable { path: path(), reason })
}

/// Scrubs an action context in the same way, so that what is verified is what was asked.
pub(crate) fn scrub_context(
    context: &mut Map<String, Value>,
    privacy: &Privacy,
) -> Result<(), Error> {
    if !privacy.enabled {
        return Ok(());
    }
    for field in ["input", "metadata"] {
        if let Some(value) = context.get_mut(field) {
            ask_value(value, privacy, || field.to_owned())?;
        }
    }
    Ok(())
}

/// Metadata that say where a trace belongs. Like the ids beside them they are no words of anybody's, and useless once they are changed.
const PLACES: [&str; 3] = ["spanId", "parentSpanId", "rootTraceId"];

/// Scrubs a trace, its input and output as far as that is wanted, and notes in its metadata what was found. Ids stay as they are: who
/// puts personal data into them is told by `pii_scrubbed`, which says whether everything that is sent was read again and nothing found.
pub(crate) fn scrub_trace(trace: &mut TraceBody, privacy: &Privacy) {
    if !privacy.enabled {
        return;
    }
    let mut findings = Findings { scrubbing: scrubbing(privacy), ..Findings::default() };
    for (scrub, value) in [(privacy.input, &mut trace.input), (privacy.output, &mut trace.output)] {
        if let Some(value) = value.as_mut().filter(|_| scrub) {
            findings.scrub(value);
        }
    }
    if let Some(metadata) = trace.metadata.as_mut().filter(|_| privacy.metadata) {
        let places: Vec<_> =
            PLACES.iter().filter_map(|place| metadata.remove_entry(*place)).collect();
        let mut value = Value::Object(std::mem::take(metadata));
        findings.scrub(&mut value);
        if let Value::Object(scrubbed) = value {
            *metadata = scrubbed;
        }
        metadata.extend(places);
    }
    let said = [&mut trace.error_message, &mut trace.error_type, &mut trace.model_name];
    said.into_iter().flatten().for_each(|text| findings.scrub_text(text));
    if let Some(evidence) = &mut trace.effect_evidence {
        findings.scrub_text(&mut evidence.basis);
        let more = [
            &mut evidence.acknowledgement_id,
            &mut evidence.effect_ref,
            &mut evidence.confirmed_at,
            &mut evidence.detail,
        ];
        more.into_iter().flatten().for_each(|text| findings.scrub_text(text));
    }
    for tag in &mut trace.tags {
        findings.scrub_text(tag);
    }
    if findings.found.is_empty() && findings.replaced == 0 {
        return;
    }
    let mut known = HashSet::new();
    trace.tags.retain(|tag| known.insert(tag.clone()));
    let clean = is_clean(trace, &findings.scrubbing);
    let detected: Map<String, Value> = findings
        .found
        .into_iter()
        .map(|(kind, hashes)| {
            let count = hashes.len();
            let hashes = if privacy.hash { hashes } else { Vec::new() };
            (kind.to_owned(), json!({"count": count, "hashes": hashes}))
        })
        .collect();
    let metadata = trace.metadata.get_or_insert_default();
    metadata.insert("pii_detected".to_owned(), Value::Object(detected));
    if findings.replaced > 0 {
        metadata.insert("pii_replaced".to_owned(), json!(findings.replaced));
    }
    metadata.insert("pii_scrubbed".to_owned(), Value::Bool(clean));
}

/// What was found in the parts of one trace.
#[derive(Default)]
struct Findings {
    scrubbing: Scrubbing,
    found: BTreeMap<&'static str, Vec<String>>,
    replaced: usize,
}

impl Findings {
    fn scrub(&mut self, value: &mut Value) {
        let report = redact::scrub_value_with(value, &self.scrubbing);
        self.replaced += report.replaced;
        for (kind, hashes) in report.found {
            self.found.entry(kind).or_default().extend(hashes);
        }
    }

    fn scrub_text(&mut self, text: &mut String) {
        let mut value = Value::String(std::mem::take(text));
        self.scrub(&mut value);
        if let Value::String(scrubbed) = value {
            *text = scrubbed;
        }
    }
}

/// Whether nothing is found in what is sent, keys and ids included, whatever was to be scrubbed. Each part is read by itself: numbers
/// that stand beside each other by chance are nobody's telephone number.
fn is_clean(trace: &TraceBody, scrubbing: &Scrubbing) -> bool {
    let evidence = trace.effect_evidence.as_ref();
    let texts = [
        Some(&trace.trace_id),
        trace.parent_trace_id.as_ref(),
        trace.agent_id.as_ref(),
        trace.session_id.as_ref(),
        trace.user_id.as_ref(),
        trace.environment.as_ref(),
        trace.span_type.as_ref(),
        trace.model_name.as_ref(),
        trace.error_message.as_ref(),
        trace.error_type.as_ref(),
        evidence.map(|evidence| &evidence.basis),
        evidence.and_then(|evidence| evidence.acknowledgement_id.as_ref()),
        evidence.and_then(|evidence| evidence.effect_ref.as_ref()),
        evidence.and_then(|evidence| evidence.confirmed_at.as_ref()),
        evidence.and_then(|evidence| evidence.detail.as_ref()),
    ];
    let texts = texts.into_iter().flatten().chain(&trace.tags).cloned().map(Value::String);
    let values = [&trace.input, &trace.output].into_iter().flatten().cloned();
    let metadata = trace.metadata.clone().map(Value::Object);
    let scrubbing = Scrubbing { keys: true, ..scrubbing.clone() };
    texts.chain(values).chain(metadata).all(|mut value| {
        let report = redact::scrub_value_with(&mut value, &scrubbing);
        report.found.is_empty() && report.replaced == 0
    })
}

fn scrubbing(privacy: &Privacy) -> Scrubbing {
    Scrubbing { keys: privacy.keys, names: privacy.names, hash: privacy.hashing.clone() }
}

#[cfg(test)]
mod tests {
    use execlave_core::redact::redact_text;

    use super::*;
    use crate::clock;

    #[test]
    fn no_id_of_ours_looks_like_personal_data() {
        for _ in 0..5_000 {
            let hex = format!("{:016x}", clock::random());
            for id in [format!("tr_{hex}"), format!("sp_{hex}"), clock::new_id().to_string()] {
                let mut value = Value::from(id.as_str());
                assert!(redact::scrub_value(&mut value).found.is_empty(), "{id}");
            }
        }
    }

    #[test]
    fn names_of_models_are_no_personal_data() {
        for name in [
            "gpt-4o-2024-08-06",
            "claude-3-5-sonnet-20241022",
            "ft:gpt-3.5-turbo-0125:acme::9AbCdEfG",
            "meta-llama/Llama-3.1-405B-Instruct",
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-text-express-v1",
            "gemini-2.5-pro-preview-05-06",
        ] {
            assert_eq!(redact_text(name), name);
        }
    }
}
