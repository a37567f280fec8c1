//! A batch: traces that travel together, under one id, until somebody has taken all of them.

use uuid::Uuid;

use super::prepare::Ready;
use crate::clock;

/// Traces on their way, put together once. The id lets the server recognise a batch that it has stored already, so that sending it again
/// is safe; for that it must stay as it was put together.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) id: Uuid,
    /// Whether it may have arrived before: it was sent, and nobody knows what became of it.
    pub(super) was_sent: bool,
    pub(super) trace_ids: Vec<String>,
    /// The traces as JSON, separated by commas.
    pub(super) json: String,
}

impl Batch {
    /// Puts traces together.
    pub(super) fn of(traces: Vec<Ready>) -> Self {
        let json = traces.iter().map(|trace| trace.json.as_str()).collect::<Vec<_>>().join(",");
        let trace_ids = traces.into_iter().map(|trace| trace.trace_id).collect();
        Self { id: clock::new_id(), was_sent: false, trace_ids, json }
    }

    /// How many traces it holds.
    pub(super) fn len(&self) -> usize {
        self.trace_ids.len()
    }
}
