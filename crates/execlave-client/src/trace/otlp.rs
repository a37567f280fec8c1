//! Traces as OpenTelemetry spans, for a collector: OTLP over HTTP, in its JSON form.
//!
//! The attributes are those that the published client writes, so that dashboards built on them keep working. A span begins and ends
//! when the work did. Its ids are derived from the trace's own: the same trace is the same span, however often it is sent.

use execlave_api::traces::{TraceBody, TraceStatus};
use execlave_core::time::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::flush::RejectedTrace;
use crate::config::Config;

/// Characters of input and output that an attribute keeps.
const TEXT_LIMIT: usize = 4096;

/// One trace as a span, of an agent whose id on the server is known or not; `None` if its start cannot be read.
pub(super) fn span(trace: &TraceBody, agent_uuid: Option<&str>) -> Option<Value> {
    let start: Timestamp = trace.timestamp.as_ref()?.parse().ok()?;
    let end = start.plus_millis(trace.duration_ms.unwrap_or(0));
    let named = |name: &str| {
        let metadata = trace.metadata.as_ref()?;
        metadata.get(name).and_then(Value::as_str)
    };
    let failed = trace.status == Some(TraceStatus::Error);
    let status = match &trace.error_message {
        Some(message) if failed => json!({"code": 2, "message": message}),
        _ => json!({"code": 1}),
    };
    let own = named("spanId").unwrap_or(&trace.trace_id);
    // The spans of a tree have one trace id here. Traces that are nested have each their own, and the root's in their metadata; one that
    // names a parent and no root is taken for the child of a root.
    let parent_trace = trace.parent_trace_id.as_deref();
    let root = match (named("rootTraceId"), named("parentSpanId")) {
        (Some(root), _) => root,
        (None, Some(_)) => &trace.trace_id,
        (None, None) => parent_trace.unwrap_or(&trace.trace_id),
    };
    let mut span = json!({
        "traceId": id(root, 16),
        "spanId": id(own, 8),
        "name": named("spanName").or(trace.agent_id.as_deref()).unwrap_or("unknown"),
        "kind": 1,
        "startTimeUnixNano": nanos(start),
        "endTimeUnixNano": nanos(end),
        "attributes": attributes(trace, agent_uuid, &named),
        "status": status,
    });
    if let Some(parent) = named("parentSpanId").or(parent_trace) {
        span["parentSpanId"] = id(parent, 8).into();
    }
    Some(span)
}

/// The body of one export of spans that are already written, separated by commas.
pub(super) fn envelope(config: &Config, spans: &str) -> String {
    let prefix: String = config.api_key.expose().chars().take(10).collect();
    let resource = json!({"attributes": [
        text("service.name", &format!("Execlave-{}", config.environment)),
        text("service.version", env!("CARGO_PKG_VERSION")),
        text("Execlave.api_key_prefix", &format!("{prefix}...")),
    ]});
    format!(
        r#"{{"resourceSpans":[{{"resource":{resource},"scopeSpans":[{{"scope":{{"name":"Execlave","version":"1.0.0"}},"spans":[{spans}]}}]}}]}}"#
    )
}

/// What a collector refused. It says how many, not which.
pub(super) fn rejections(answer: Option<&Value>) -> Vec<RejectedTrace> {
    let partial = answer.and_then(|answer| answer.get("partialSuccess"));
    let count = partial.and_then(|partial| partial.get("rejectedSpans"));
    // A 64-bit number in this format may come as a string.
    let count = count.and_then(|count| count.as_u64().or_else(|| count.as_str()?.parse().ok()));
    let message = partial.and_then(|partial| partial.get("errorMessage")).and_then(Value::as_str);
    let rejected = RejectedTrace {
        trace_id: String::new(),
        code: "OTLP_REJECTED".to_owned(),
        message: message.unwrap_or("the collector gave no reason").to_owned(),
    };
    vec![rejected; usize::try_from(count.unwrap_or(0)).unwrap_or(0).min(1_000)]
}

/// The names of the published client, and those of OpenTelemetry's conventions for generative AI.
fn attributes<'a>(
    trace: &'a TraceBody,
    agent_uuid: Option<&str>,
    named: &impl Fn(&str) -> Option<&'a str>,
) -> Vec<Value> {
    let span_name = named("spanName");
    let operation = match named("spanKind").or(trace.span_type.as_deref()) {
        Some("llm") => Some("chat"),
        Some("tool") => Some("execute_tool"),
        Some("agent") => Some("invoke_agent"),
        _ => None,
    };
    let metadata = trace.metadata.as_ref().map(|metadata| {
        let text = serde_json::to_string(metadata).unwrap_or_default();
        text.chars().take(TEXT_LIMIT).collect::<String>()
    });
    let status = trace.status.unwrap_or_default().as_str();
    let prompt = trace.input.as_ref().map(stringified);
    let completion = trace.output.as_ref().map(stringified);
    let texts = [
        ("Execlave.trace_id", Some(trace.trace_id.as_str())),
        ("Execlave.agent_id", trace.agent_id.as_deref()),
        ("Execlave.agent_uuid", agent_uuid),
        ("Execlave.session_id", trace.session_id.as_deref()),
        ("Execlave.status", Some(status)),
        ("Execlave.span_type", trace.span_type.as_deref()),
        ("Execlave.span_name", span_name),
        ("Execlave.parent_trace_id", trace.parent_trace_id.as_deref()),
        ("Execlave.metadata", metadata.as_deref()),
        ("deployment.environment", trace.environment.as_deref()),
        ("enduser.id", trace.user_id.as_deref()),
        ("error.message", trace.error_message.as_deref()),
        ("error.type", trace.error_type.as_deref()),
        ("gen_ai.request.model", trace.model_name.as_deref()),
        ("gen_ai.operation.name", operation),
        ("gen_ai.agent.id", trace.agent_id.as_deref()),
        ("gen_ai.conversation.id", trace.session_id.as_deref()),
        ("gen_ai.tool.name", named("toolName")),
        ("gen_ai.prompt", prompt.as_deref()),
        ("gen_ai.completion", completion.as_deref()),
    ];
    let counts = [
        ("Execlave.duration_ms", trace.duration_ms),
        ("gen_ai.usage.prompt_tokens", trace.prompt_tokens.filter(|count| *count != 0)),
        ("gen_ai.usage.completion_tokens", trace.completion_tokens.filter(|count| *count != 0)),
        ("gen_ai.usage.input_tokens", trace.prompt_tokens.filter(|count| *count != 0)),
        ("gen_ai.usage.output_tokens", trace.completion_tokens.filter(|count| *count != 0)),
        ("gen_ai.usage.total_tokens", trace.total_tokens.filter(|count| *count != 0)),
    ];
    let cost = trace
        .cost_usd
        .map(|usd| json!({"key": "Execlave.cost_usd", "value": {"doubleValue": usd}}));
    texts
        .into_iter()
        .filter_map(|(key, value)| Some(text(key, value?)))
        .chain(counts.into_iter().filter_map(|(key, count)| {
            // The format writes 64-bit numbers as strings.
            Some(json!({"key": key, "value": {"intValue": count?.to_string()}}))
        }))
        .chain(cost)
        .chain((!trace.tags.is_empty()).then(|| {
            let tags: Vec<Value> =
                trace.tags.iter().map(|tag| json!({"stringValue": tag})).collect();
            json!({"key": "Execlave.tags", "value": {"arrayValue": {"values": tags}}})
        }))
        .collect()
}

fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

fn stringified(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.chars().take(TEXT_LIMIT).collect()
}

fn nanos(time: Timestamp) -> String {
    (i128::from(time.as_millis()) * 1_000_000).to_string()
}

/// An id of so many bytes, in hex.
fn id(name: &str, bytes: usize) -> String {
    use std::fmt::Write as _;
    Sha256::digest(name.as_bytes()).iter().take(bytes).fold(String::new(), |mut hex, byte| {
        // Infallible: writing to a string.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_lasts_as_long_as_the_work() {
        let trace = TraceBody {
            trace_id: "tr_1".to_owned(),
            timestamp: Some("2026-01-02T03:04:05.678Z".to_owned()),
            duration_ms: Some(1500),
            ..TraceBody::default()
        };
        let span = span(&trace, None).expect("a span");
        assert_eq!(span["startTimeUnixNano"], "1767323045678000000");
        assert_eq!(span["endTimeUnixNano"], "1767323047178000000");
        assert_eq!(span["traceId"].as_str().map(str::len), Some(32));
        assert_eq!(span["spanId"].as_str().map(str::len), Some(16));
        assert_eq!(span["name"], "unknown");
    }

    #[test]
    fn refused_spans_are_counted_however_the_number_is_written() {
        let answer = json!({"partialSuccess": {"rejectedSpans": "2", "errorMessage": "no"}});
        assert_eq!(rejections(Some(&answer)).len(), 2);
        assert!(rejections(Some(&json!({"partialSuccess": {}}))).is_empty());
        assert!(rejections(None).is_empty());
    }
}
