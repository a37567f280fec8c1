//! A batch: traces that travel together, under one id, until somebody has taken all of them.

use serde_json::value::RawValue;
use uuid::Uuid;

use super::history::History;
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
    pub(super) history: History,
}

impl Batch {
    /// Puts traces together.
    pub(super) fn of(traces: Vec<Ready>) -> Self {
        let json = traces.iter().map(|trace| trace.json.as_str()).collect::<Vec<_>>().join(",");
        let trace_ids = traces.into_iter().map(|trace| trace.trace_id).collect();
        let history = History::default();
        Self { id: clock::new_id(), was_sent: false, trace_ids, json, history }
    }

    /// How many traces it holds.
    pub(super) fn len(&self) -> usize {
        self.trace_ids.len()
    }

    /// Two batches instead of one, each with its own id: for one that the server says it has failed on, so that it holds nothing of it.
    /// `None` if there is nothing to split.
    pub(super) fn halves(&self) -> Option<[Self; 2]> {
        let list = format!("[{}]", self.json);
        let traces: Vec<&RawValue> = serde_json::from_str(&list).ok()?;
        if traces.len() < 2 || traces.len() != self.len() {
            return None;
        }
        let (middle, history) = (traces.len() / 2, self.history.of_half());
        let half = |ids: &[String], traces: &[&RawValue]| Self {
            id: clock::new_id(),
            was_sent: false,
            trace_ids: ids.to_vec(),
            json: traces.iter().map(|trace| trace.get()).collect::<Vec<_>>().join(","),
            history,
        };
        let (json, ids) = (traces.split_at(middle), self.trace_ids.split_at(middle));
        Some([half(ids.0, json.0), half(ids.1, json.1)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_hold_everything_once() {
        let ready =
            |id: &str| Ready { trace_id: id.to_owned(), json: format!(r#"{{"i":"{id}"}}"#) };
        let whole = Batch::of(["1", "2", "3"].map(ready).to_vec());
        let [first, second] = whole.halves().expect("two");
        assert_eq!((first.json.as_str(), first.trace_ids), (r#"{"i":"1"}"#, vec!["1".to_owned()]));
        assert_eq!(second.json, r#"{"i":"2"},{"i":"3"}"#);
        assert!(whole.id != first.id && first.id != second.id);
        assert!(Batch::of(vec![ready("1")]).halves().is_none());
    }
}
