//! Removes personal data before anything leaves the process: from traces, and from questions as well.

use std::collections::BTreeMap;

use execlave_api::enforce::EnforceRequest;
use execlave_api::traces::TraceBody;
use execlave_core::redact::{self, ScrubReport, Scrubbing};
use serde_json::{Map, Value, json};

use crate::config::Privacy;
use crate::enforce::DEEPEST;
use crate::error::Error;

/// Scrubs every text of a question. The server, its policies and the approver see the scrubbed text; so does the action digest. What
/// cannot be scrubbed is refused: a marker in its place would hide it from those who are asked.
pub(crate) fn scrub_request(request: &mut EnforceRequest, privacy: &Privacy) -> Result<(), Error> {
    if !privacy.enabled {
        return Ok(());
    }
    ask_text(&mut request.input, privacy, || "input".to_owned())?;
    if let Some(metadata) = &mut request.metadata {
        let mut value = Value::Object(std::mem::take(metadata));
        ask_value(&mut value, privacy, || "metadata".to_owned())?;
        if let Value::Object(scrubbed) = value {
            *metadata = scrubbed;
        }
    }
    for (index, turn) in request.conversation_history.iter_mut().enumerate() {
        ask_text(&mut turn.content, privacy, || format!("conversationHistory[{index}].content"))?;
    }
    for (index, output) in request.tool_outputs.iter_mut().enumerate() {
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

/// Scrubs the chosen parts of a trace, and notes in its metadata what was found. The error message is always scrubbed: it quotes
/// whatever the failing code was working on.
pub(crate) fn scrub_trace(trace: &mut TraceBody, privacy: &Privacy) {
    if !privacy.enabled {
        return;
    }
    if let Some(message) = &mut trace.error_message {
        scrub_text(message, privacy);
    }
    let mut reports = Vec::new();
    let chosen = [(privacy.input, &mut trace.input), (privacy.output, &mut trace.output)];
    for (_, value) in chosen.into_iter().filter(|(scrub, _)| *scrub) {
        reports.extend(value.as_mut().map(|value| scrub_value(value, privacy)));
    }
    if privacy.metadata {
        reports.extend(trace.metadata.as_mut().map(|metadata| scrub_map(metadata, privacy)));
    }
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for report in &reports {
        for (kind, hashes) in &report.found {
            found.entry(kind).or_default().extend(hashes.iter().cloned());
        }
    }
    let replaced: usize = reports.iter().map(|report| report.replaced).sum();
    if found.is_empty() && replaced == 0 {
        return;
    }
    let detected: Map<String, Value> = found
        .into_iter()
        .map(|(kind, hashes)| {
            let count = hashes.len();
            let hashes = if privacy.hash { hashes } else { Vec::new() };
            (kind.to_owned(), json!({"count": count, "hashes": hashes}))
        })
        .collect();
    let metadata = trace.metadata.get_or_insert_default();
    metadata.insert("pii_detected".to_owned(), Value::Object(detected));
    if replaced > 0 {
        metadata.insert("pii_replaced".to_owned(), json!(replaced));
    }
    let clean = reports.iter().all(|report| report.clean);
    metadata.insert("pii_scrubbed".to_owned(), Value::Bool(clean));
}

fn scrub_text(text: &mut String, privacy: &Privacy) {
    if let std::borrow::Cow::Owned(scrubbed) = redact::redact_text_with(text, &scrubbing(privacy)) {
        *text = scrubbed;
    }
}

fn scrub_value(value: &mut Value, privacy: &Privacy) -> ScrubReport {
    redact::scrub_value_with(value, &scrubbing(privacy))
}

fn scrub_map(map: &mut Map<String, Value>, privacy: &Privacy) -> ScrubReport {
    let mut value = Value::Object(std::mem::take(map));
    let report = scrub_value(&mut value, privacy);
    if let Value::Object(scrubbed) = value {
        *map = scrubbed;
    }
    report
}

fn scrubbing(privacy: &Privacy) -> Scrubbing {
    Scrubbing { keys: privacy.keys, names: privacy.names, hash: privacy.hashing.clone() }
}
