//! The audit log as it goes out on the wire.

use execlave_api::audit::{AuditEntry, AuditFinding, AuditReport};
use execlave_store::audit;

use super::time;

/// One entry, with its details as JSON.
pub(crate) fn audit_entry(entry: audit::AuditEntry) -> AuditEntry {
    AuditEntry {
        index: entry.idx,
        at: time(entry.at),
        actor: entry.actor,
        event: entry.event,
        subject: entry.subject,
        body: serde_json::from_str(&entry.body).unwrap_or_default(),
        prev_hash: entry.prev_hash.to_string(),
        hash: entry.hash.to_string(),
    }
}

/// What was found in the database.
pub(crate) fn audit_report(report: audit::AuditReport) -> AuditReport {
    let finding = report
        .finding
        .map(|finding| AuditFinding { index: finding.idx, problem: finding.problem.to_string() });
    let (entries, tree_heads) = (report.entries, report.tree_heads);
    AuditReport { valid: finding.is_none(), entries, tree_heads, finding }
}
