//! What an application may want to hear of that happens while nobody is waiting for an answer.

use crate::trace::RejectedTrace;

/// Told of things that happen in the background. Called from a task of the runtime: return quickly.
pub trait Observer: Send + Sync + 'static {
    /// The server refused these traces; they are not sent again.
    fn traces_rejected(&self, rejected: &[RejectedTrace]);
    /// So many traces will never be delivered.
    fn traces_lost(&self, count: usize, reason: &str);
    /// So many decisions that were made in this process will never be in the server's records.
    fn decisions_lost(&self, count: usize, reason: &str) {
        tracing::error!(count, "decisions lost: {reason}");
    }
    /// The server reports another status for an agent than before.
    fn agent_status_changed(&self, agent_id: &str, status: &str, reason: Option<&str>);
}

/// Writes everything to the log; what a client uses that is given no observer.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogObserver;

impl Observer for LogObserver {
    fn traces_rejected(&self, rejected: &[RejectedTrace]) {
        for trace in rejected {
            tracing::error!(
                trace_id = trace.trace_id,
                code = trace.code,
                "trace refused: {}",
                trace.message
            );
        }
    }

    fn traces_lost(&self, count: usize, reason: &str) {
        tracing::error!(count, "traces lost: {reason}");
    }

    fn agent_status_changed(&self, agent_id: &str, status: &str, reason: Option<&str>) {
        tracing::warn!(agent_id, status, reason, "agent status changed");
    }
}
