//! Approvals as they go out on the wire.

use execlave_api::approvals::{Approval, ApprovalDecision, ApprovalStats, ApproverStats};
use execlave_core::time::Timestamp;
use execlave_store::Json;
use execlave_store::approvals::{self, ApprovalStatus};

use super::{stored, time};

/// An approval; one whose time is over reads as expired also before the job has written it down.
pub(crate) fn approval(approval: approvals::Approval, now: Timestamp) -> Approval {
    let late = approval.status == ApprovalStatus::Pending && approval.expires_at <= now;
    let status = if late { ApprovalStatus::Expired } else { approval.status };
    Approval {
        id: approval.id.to_string(),
        status: status.as_str().to_owned(),
        agent_id: approval.agent_id.to_string(),
        environment: approval.environment,
        action_summary: approval.action_summary,
        action: approval.action.as_ref().map(Json::to_value),
        action_digest: approval.action_digest,
        violations: stored(&approval.violations),
        risk_score: approval.risk_score,
        risk_level: approval.risk_level,
        risk_parts: stored(&approval.risk_parts),
        routed_to: approval.routed_to.join(", "),
        required_approvers: approval.required_approvers,
        decisions: approval.decisions.into_iter().map(vote).collect(),
        expires_at: time(approval.expires_at),
        escalation_level: approval.escalation_level,
        escalated_at: approval.escalated_at.map(time),
        decision_reason: approval.decision_reason,
        certificate: approval.certificate.as_ref().map(Json::to_value),
        created_at: time(approval.created_at),
        decided_at: approval.decided_at.map(time),
    }
}

fn vote(vote: approvals::ApprovalVote) -> ApprovalDecision {
    let decision = if vote.approve { "approved" } else { "denied" };
    ApprovalDecision {
        by: vote.actor,
        label: vote.label,
        decision: decision.to_owned(),
        reason: vote.reason,
        at: time(vote.at),
    }
}

/// Numbers about approvals.
pub(crate) fn approval_stats(
    counted: approvals::ApprovalStats,
    since: Timestamp,
    until: Timestamp,
) -> ApprovalStats {
    let approver = |one: approvals::Approver| ApproverStats {
        actor: one.actor,
        label: one.label,
        approved: one.approved,
        denied: one.denied,
        median_ms: one.median_ms,
    };
    ApprovalStats {
        since: since.to_string(),
        until: until.to_string(),
        ended: counted.ended.into_iter().map(|(how, count)| (how.to_owned(), count)).collect(),
        median_ms: counted.median_ms,
        p90_ms: counted.p90_ms,
        escalations: counted.escalations,
        approvers: counted.approvers.into_iter().map(approver).collect(),
    }
}
