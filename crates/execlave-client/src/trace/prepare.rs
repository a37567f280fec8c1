//! Turns a finished trace into what goes out: scrubbed first, then scanned, then written. Done on the sending side, so that the
//! application's thread pays for none of it.

use execlave_api::traces::TraceBody;
use execlave_core::detect;
use serde_json::json;

use super::deliver::Destination;
use super::{otlp, weight};
use crate::buffer::Waits;
use crate::config::Config;
use crate::privacy;

/// A trace as the application finished it, and how many bytes it holds on to.
#[derive(Debug)]
pub(crate) struct Waiting(Box<TraceBody>, usize);

/// A trace as it goes out.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    pub(super) trace_id: String,
    pub(super) json: String,
}

impl Waiting {
    pub(super) fn new(trace: TraceBody) -> Self {
        let bytes = weight::of(&trace);
        Self(Box::new(trace), bytes)
    }

    pub(super) fn into_trace(self) -> TraceBody {
        *self.0
    }
}

impl Waits for Waiting {
    fn bytes(&self) -> usize {
        self.1
    }
}

/// Prepares one trace. Fails only if it cannot be written as JSON, which costs this trace and no other.
pub(super) fn prepare(
    mut trace: TraceBody,
    config: &Config,
    destination: &Destination,
) -> Result<Ready, String> {
    privacy::scrub_trace(&mut trace, &config.privacy);
    if config.scan_injections {
        tag_injection(&mut trace);
    }
    let json = match destination {
        Destination::Server => serde_json::to_string(&trace).ok(),
        Destination::Collector(_) => otlp::span(&trace).map(|span| span.to_string()),
    };
    match json {
        Some(json) => Ok(Ready { trace_id: trace.trace_id, json }),
        None => Err(trace.trace_id),
    }
}

/// Notes signs of prompt injection in the input. A tag for people who read traces, not a gate.
fn tag_injection(trace: &mut TraceBody) {
    let Some(input) = &trace.input else { return };
    let verdict = detect::injection::scan(&detect::text::extract(input));
    if !verdict.detected {
        return;
    }
    let mut rules: Vec<&str> = verdict.findings.iter().map(|finding| finding.rule_id).collect();
    rules.sort_unstable();
    rules.dedup();
    let tag = json!({
        "detected": true,
        "risk_level": verdict.risk_level.as_str(),
        "patterns_matched": rules,
    });
    trace.metadata.get_or_insert_default().insert("injection_scan".to_owned(), tag);
}
