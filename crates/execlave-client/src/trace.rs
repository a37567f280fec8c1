//! What an agent did, from the first line of a call to the server's receipt.
//!
//! A [`Trace`] is filled in by the application and recorded when it is finished. From there on nobody waits for it: it is scrubbed,
//! scanned, batched and sent by a background task, and what cannot be delivered is counted and reported, never silently gone.

use std::collections::HashSet;
use std::fmt::Write as _;

use execlave_api::traces::{EffectEvidence, TraceBody, TraceStatus};
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::client::Client;
use crate::clock;
use crate::error::Error;
use crate::outbox::Outbox as _;

mod batch;
mod deliver;
mod flush;
mod history;
mod otlp;
mod prepare;
mod receipt;
mod spool;
mod stamp;
mod stock;
mod weight;

pub(crate) use self::deliver::{Destination, is_failure, is_final, jittered};
pub(crate) use self::flush::Pipeline;
pub use self::flush::{FlushReport, RejectedTrace};
pub(crate) use self::history::History;

/// Bytes of an error message that are kept.
const MESSAGE_LIMIT: usize = 32 << 10;

/// One unit of work under way.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The trace as it will be sent; times and status are filled in when it is finished.
    pub body: TraceBody,
    started: Instant,
}

/// How a trace ended.
#[derive(Clone, Debug, Default)]
pub struct Ending {
    /// Success, unless said otherwise.
    pub status: TraceStatus,
    /// What went wrong.
    pub error_message: Option<String>,
    /// Its class.
    pub error_type: Option<String>,
    /// How the application knows that the effect happened.
    pub effect_evidence: Option<EffectEvidence>,
}

impl Trace {
    /// Starts the clock. Without an id, a random one is taken: `tr_` and 16 hex digits.
    pub fn start(trace_id: Option<String>) -> Self {
        let body = TraceBody {
            trace_id: trace_id.filter(|id| !id.is_empty()).unwrap_or_else(random_id),
            timestamp: Some(clock::now().to_string()),
            ..TraceBody::default()
        };
        Self { body, started: Instant::now() }
    }

    /// Tokens in and out; a side that is not given counts as zero.
    pub fn set_tokens(&mut self, prompt: Option<i64>, completion: Option<i64>) {
        let (prompt, completion) = (prompt.unwrap_or(0), completion.unwrap_or(0));
        self.body.prompt_tokens = Some(prompt);
        self.body.completion_tokens = Some(completion);
        self.body.total_tokens = Some(prompt.saturating_add(completion));
    }

    /// Merges more metadata; later values win.
    pub fn add_metadata(&mut self, more: Map<String, Value>) {
        self.body.metadata.get_or_insert_default().extend(more);
    }

    /// Appends labels that are not there yet.
    pub fn add_tags(&mut self, more: impl IntoIterator<Item = String>) {
        let mut known: HashSet<String> = self.body.tags.iter().cloned().collect();
        let news = more.into_iter().filter(|tag| !tag.is_empty() && known.insert(tag.clone()));
        self.body.tags.extend(news);
    }

    /// Stops the clock. The duration is the measured one unless it was set before.
    pub fn finish(mut self, ending: Ending) -> TraceBody {
        let elapsed = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.body.duration_ms.get_or_insert(elapsed);
        self.body.status = Some(ending.status);
        self.body.effect_evidence = ending.effect_evidence;
        let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        self.body.error_message = given(ending.error_message).map(shortened);
        self.body.error_type = given(ending.error_type);
        if ending.status == TraceStatus::Error {
            self.body.error_message.get_or_insert_with(|| "No error message provided".to_owned());
            self.body.error_type.get_or_insert_with(|| "UnspecifiedError".to_owned());
        }
        if self.body.metadata.as_ref().is_some_and(Map::is_empty) {
            self.body.metadata = None;
        }
        self.body
    }
}

/// Keeps the beginning of a message that is longer than the server takes: half a reason is better than a refused trace.
fn shortened(mut text: String) -> String {
    if text.len() > MESSAGE_LIMIT {
        text.truncate(text.floor_char_boundary(MESSAGE_LIMIT));
        text.push('…');
    }
    text
}

fn random_id() -> String {
    let mut id = String::with_capacity(19);
    // Infallible: writing to a string.
    let _ = write!(id, "tr_{:016x}", clock::random());
    id
}

impl Client {
    /// Starts a trace of an agent, by default of the one that was registered first. Refuses an agent that is known to be paused.
    pub fn start_trace(
        &self,
        agent_id: Option<&str>,
        environment: Option<&str>,
        trace_id: Option<String>,
    ) -> Result<Trace, Error> {
        self.ensure_open()?;
        let default = || self.default_agent().map(|agent| agent.agent_id);
        let agent_id = agent_id.map(str::to_owned).or_else(default);
        if let Some(agent_id) = &agent_id {
            self.ensure_not_paused(agent_id, environment)?;
        }
        let mut trace = Trace::start(trace_id);
        trace.body.agent_id = agent_id;
        let environment = environment.unwrap_or(&self.config().environment);
        trace.body.environment = Some(environment.to_owned());
        Ok(trace)
    }

    /// Hands a finished trace to the background task. Never waits and never fails: when 10,000 are waiting, or 64 MiB of them, the oldest
    /// are dropped and counted.
    pub fn record(&self, trace: TraceBody) {
        if self.is_closed() {
            self.pipeline().queue().lose(1, "it was finished after the client was shut down");
            return;
        }
        if let Some(exporter) = self.exporter() {
            exporter.push(trace.clone());
        }
        self.pipeline().push(trace);
    }

    /// Sends everything that is waiting, traces and reports of decisions made here, and says what became of it.
    pub async fn flush(&self) -> FlushReport {
        let export = async {
            match self.exporter() {
                Some(exporter) => exporter.flush().await,
                None => FlushReport::default(),
            }
        };
        let (traces, exported, decisions) =
            tokio::join!(self.pipeline().flush(), export, self.reports().flush());
        FlushReport {
            rejected: [traces.rejected, exported.rejected].concat(),
            undelivered: traces.undelivered + exported.undelivered,
            decisions_reported: decisions.delivered,
            decisions_unreported: decisions.left,
            ..traces
        }
    }

    /// Traces that will never be delivered, since this client was made.
    pub fn lost_traces(&self) -> u64 {
        self.pipelines().map(|pipeline| pipeline.queue().lost()).sum()
    }

    /// Traces that wait for delivery.
    pub fn waiting_traces(&self) -> usize {
        self.pipelines().map(Pipeline::waiting).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_tr_and_sixteen_hex_digits() {
        let id = Trace::start(None).body.trace_id;
        assert_eq!(id.len(), 19);
        assert!(id.starts_with("tr_") && id[3..].chars().all(|c| c.is_ascii_hexdigit()));
        assert_eq!(Trace::start(Some("mine".to_owned())).body.trace_id, "mine");
    }

    #[test]
    fn an_error_always_has_a_type_and_a_message() {
        let ending = Ending { status: TraceStatus::Error, ..Ending::default() };
        let body = Trace::start(None).finish(ending);
        assert_eq!(body.error_message.as_deref(), Some("No error message provided"));
        assert_eq!(body.error_type.as_deref(), Some("UnspecifiedError"));
        assert!(Trace::start(None).finish(Ending::default()).error_type.is_none());
    }

    #[test]
    fn tags_are_not_repeated_and_tokens_add_up() {
        let mut trace = Trace::start(None);
        trace.add_tags(["a".to_owned(), "b".to_owned(), "a".to_owned()]);
        trace.add_tags(["b".to_owned(), "c".to_owned()]);
        assert_eq!(trace.body.tags, ["a", "b", "c"]);
        trace.set_tokens(Some(3), None);
        assert_eq!((trace.body.completion_tokens, trace.body.total_tokens), (Some(0), Some(3)));
    }

    #[test]
    fn a_long_message_keeps_its_beginning() {
        let ending =
            Ending { error_message: Some("ü".repeat(MESSAGE_LIMIT)), ..Ending::default() };
        let message = Trace::start(None).finish(ending).error_message.expect("a message");
        assert!(message.starts_with('ü') && message.ends_with('…'));
        assert!(message.len() <= MESSAGE_LIMIT + '…'.len_utf8());
    }

    #[test]
    fn a_duration_that_was_set_is_kept() {
        let mut trace = Trace::start(None);
        trace.body.duration_ms = Some(1500);
        assert_eq!(trace.finish(Ending::default()).duration_ms, Some(1500));
    }
}
