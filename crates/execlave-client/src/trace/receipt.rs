//! What a receipt says about each trace of a batch. None of them may be missing from the account, whatever the receipt says.

use super::deliver::Outcome;
use super::flush::RejectedTrace;

/// The code for traces that the server neither accepted nor gave a reason for.
const UNACCOUNTED: &str = "UNACCOUNTED";

/// Reads how many were accepted, and which were refused.
pub(super) fn read(
    trace_ids: &[String],
    accepted: usize,
    mut rejected: Vec<RejectedTrace>,
) -> Outcome {
    rejected.truncate(trace_ids.len());
    let sent = accepted.min(trace_ids.len() - rejected.len());
    let message = format!(
        "the server accepted {accepted} of {} traces and gave no reason for this one",
        trace_ids.len()
    );
    Outcome::Taken { sent, rejected: complete(trace_ids, sent, rejected, UNACCOUNTED, &message) }
}

/// Adds what is neither among the accepted nor among the refused. Which ones these are is known only if none was accepted.
pub(super) fn complete(
    trace_ids: &[String],
    accepted: usize,
    mut rejected: Vec<RejectedTrace>,
    code: &str,
    message: &str,
) -> Vec<RejectedTrace> {
    rejected.truncate(trace_ids.len());
    let missing = trace_ids.len().saturating_sub(accepted + rejected.len());
    let mut named: Vec<&str> = rejected.iter().map(|one| one.trace_id.as_str()).collect();
    // Several spans may share an id: each refusal takes one of them out.
    let unnamed = trace_ids.iter().filter(|id| match named.iter().position(|one| one == id) {
        Some(place) => {
            named.swap_remove(place);
            false
        }
        None => true,
    });
    let ids: Vec<String> = match accepted {
        0 => unnamed.take(missing).cloned().collect(),
        _ => vec![String::new(); missing],
    };
    rejected.extend(ids.into_iter().map(|trace_id| RejectedTrace {
        trace_id,
        code: code.to_owned(),
        message: message.to_owned(),
    }));
    rejected
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(id: &str) -> RejectedTrace {
        let (trace_id, code, message) = (id.to_owned(), "C".to_owned(), "m".to_owned());
        RejectedTrace { trace_id, code, message }
    }

    /// How many were sent, and the ids and codes of the others.
    fn account(accepted: usize, refused: &[&str]) -> (usize, Vec<String>) {
        let ids = ["1", "2", "3"].map(str::to_owned);
        match read(&ids, accepted, refused.iter().copied().map(refusal).collect()) {
            Outcome::Taken { sent, rejected } => {
                (sent, rejected.iter().map(|one| format!("{}{}", one.code, one.trace_id)).collect())
            }
            _ => (0, Vec::new()),
        }
    }

    #[test]
    fn every_trace_is_accounted_for_whatever_the_receipt_says() {
        let list = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        assert_eq!(account(3, &[]), (3, vec![]));
        assert_eq!(account(usize::MAX, &[]), (3, vec![]));
        assert_eq!(account(2, &["2"]), (2, list(&["C2"])));
        assert_eq!(account(0, &[]), (0, list(&["UNACCOUNTED1", "UNACCOUNTED2", "UNACCOUNTED3"])));
        assert_eq!(account(0, &["2"]), (0, list(&["C2", "UNACCOUNTED1", "UNACCOUNTED3"])));
        assert_eq!(account(1, &[]), (1, list(&["UNACCOUNTED", "UNACCOUNTED"])));
        assert_eq!(account(3, &["2"]), (2, list(&["C2"])));
        assert_eq!(account(0, &["1", "2", "3", "4"]), (0, list(&["C1", "C2", "C3"])));
    }
}
