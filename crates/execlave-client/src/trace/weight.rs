//! How much memory a trace holds on to while it waits: its texts, and the places of its values. About, and never far too little.

use std::mem::size_of;

use execlave_api::traces::{EffectEvidence, TraceBody};
use serde_json::{Map, Value};

/// What a map holds besides the keys and values themselves: its tree is never full.
const ENTRY: usize = size_of::<String>() + 2 * size_of::<Value>();

/// Of one trace.
pub(super) fn of(trace: &TraceBody) -> usize {
    let texts = [
        Some(&trace.trace_id),
        trace.agent_id.as_ref(),
        trace.session_id.as_ref(),
        trace.user_id.as_ref(),
        trace.timestamp.as_ref(),
        trace.model_name.as_ref(),
        trace.error_message.as_ref(),
        trace.error_type.as_ref(),
        trace.environment.as_ref(),
        trace.parent_trace_id.as_ref(),
        trace.span_type.as_ref(),
        trace.agent_credential.as_ref(),
    ];
    let texts: usize = texts.into_iter().flatten().map(String::len).sum();
    let tags: usize = trace.tags.iter().map(|tag| size_of::<String>() + tag.len()).sum();
    let values: usize = [&trace.input, &trace.output].into_iter().flatten().map(held).sum();
    let metadata = trace.metadata.as_ref().map_or(0, entries);
    let evidence = trace.effect_evidence.as_ref().map_or(0, evidence);
    size_of::<TraceBody>() + texts + tags + values + metadata + evidence
}

/// What a value holds outside of its own place.
fn held(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => {
            items.iter().map(|item| size_of::<Value>() + held(item)).sum::<usize>()
        }
        Value::Object(map) => entries(map),
    }
}

fn entries(map: &Map<String, Value>) -> usize {
    map.iter().map(|(key, value)| ENTRY + key.len() + held(value)).sum()
}

fn evidence(evidence: &EffectEvidence) -> usize {
    let others = [
        &evidence.acknowledgement_id,
        &evidence.effect_ref,
        &evidence.confirmed_at,
        &evidence.detail,
    ];
    evidence.basis.len() + others.into_iter().flatten().map(String::len).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_text_of_a_trace_counts_wherever_it_is() {
        let empty = of(&TraceBody::default());
        let text = "x".repeat(1_000);
        let anywhere = [
            json!({ "traceId": text }),
            json!({ "traceId": "", "agentId": text }),
            json!({ "traceId": "", "sessionId": text }),
            json!({ "traceId": "", "userId": text }),
            json!({ "traceId": "", "timestamp": text }),
            json!({ "traceId": "", "input": text }),
            json!({ "traceId": "", "input": [[text]] }),
            json!({ "traceId": "", "output": { "a": { "b": text } } }),
            json!({ "traceId": "", "output": { text.clone(): 1 } }),
            json!({ "traceId": "", "modelName": text }),
            json!({ "traceId": "", "errorMessage": text }),
            json!({ "traceId": "", "errorType": text }),
            json!({ "traceId": "", "environment": text }),
            json!({ "traceId": "", "tags": [text] }),
            json!({ "traceId": "", "metadata": { "a": text } }),
            json!({ "traceId": "", "parentTraceId": text }),
            json!({ "traceId": "", "spanType": text }),
            json!({ "traceId": "", "effectEvidence": { "basis": text } }),
            json!({ "traceId": "", "effectEvidence": { "basis": "", "detail": text } }),
            json!({ "traceId": "", "agentCredential": text }),
        ];
        for trace in anywhere {
            let body: TraceBody = serde_json::from_value(trace.clone()).expect("a trace");
            assert!(of(&body) >= empty + 1_000, "{trace}");
        }
    }

    #[test]
    fn values_count_even_if_they_are_empty() {
        let body = |input| TraceBody { input: Some(input), ..TraceBody::default() };
        let empty = of(&body(Value::Null));
        assert!(of(&body(json!(vec![0; 1_000]))) >= empty + 1_000 * size_of::<Value>());
    }
}
