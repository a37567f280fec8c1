//! A decision as it is kept, and what a person is asked.

use std::sync::Arc;
use std::time::Instant;

use execlave_core::decision::{Decision, Outcome};
use execlave_core::ids::{ApprovalId, DecisionId, KeyId, OrgId};
use execlave_core::request::Action;
use execlave_core::risk::{self, RiskLevel};
use execlave_core::time::Timestamp;
use execlave_store::Json;
use execlave_store::approvals::NewApproval;
use execlave_store::decisions::{DecisionRecord, DecisionSource};
use execlave_store::state::Settled;

use super::shown;
use crate::directory::{AgentEntry, OrgPolicies};

/// Everything about a case that its decision does not change. The writer may have to settle a case more than once, so the ids are made
/// beforehand.
pub(super) struct Recorder {
    pub(super) org: OrgId,
    pub(super) id: DecisionId,
    pub(super) approval: ApprovalId,
    pub(super) agent: Arc<AgentEntry>,
    pub(super) policies: Arc<OrgPolicies>,
    pub(super) action: Arc<Action>,
    pub(super) key: Option<KeyId>,
    pub(super) keep_input: bool,
    /// How many must say yes: at any risk, and at a high one.
    pub(super) approvers: (u32, u32),
    pub(super) expires_at: Timestamp,
    pub(super) now: Timestamp,
    pub(super) started: Instant,
}

impl Recorder {
    /// The record of a decision, with the approval it waits for.
    pub(super) fn record(&self, decision: &Decision) -> Settled {
        let waits = decision.outcome == Outcome::RequireApproval;
        let record = DecisionRecord {
            org_id: self.org,
            id: self.id,
            agent_id: self.agent.profile.id,
            environment: self.environment().to_owned(),
            action_digest: self.action.digest().to_string(),
            outcome: decision.outcome,
            violations: Json::of(&decision.violations),
            warnings: Json::of(&decision.warnings),
            policy_versions: Json::of::<[(); 0]>(&[]),
            problems: Json::of(&decision.problems),
            tier_overrides: Json::of(&decision.tier_overrides),
            source: DecisionSource::Server,
            bundle_version: self.policies.version.clone(),
            input: self.keep_input.then(|| self.action.input.clone()),
            approval_id: None,
            key_id: self.key,
            duration_us: i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX),
            evaluated_at: self.now,
        };
        Settled { decision: record, approval: waits.then(|| self.approval(decision)) }
    }

    fn approval(&self, decision: &Decision) -> NewApproval {
        let risk = risk::assess(&decision.violations, &self.action, &self.agent.profile);
        let routed_to = match risk.level {
            RiskLevel::Low => "standard",
            RiskLevel::Medium => "group",
            RiskLevel::High | RiskLevel::Critical => "named_approver",
        };
        NewApproval {
            id: self.approval,
            action_summary: shown::summary(&self.action),
            action: shown::shown(&self.action),
            risk_score: i64::from(risk.score),
            risk_level: risk.level.as_str().to_owned(),
            risk_parts: Json::of(&risk.parts),
            routed_to: vec![routed_to.to_owned()],
            required_approvers: i64::from(self.approvers(risk.level)),
            expires_at: self.expires_at,
        }
    }

    fn approvers(&self, risk: RiskLevel) -> u32 {
        let (always, at_high_risk) = self.approvers;
        match risk {
            RiskLevel::Low | RiskLevel::Medium => always,
            RiskLevel::High | RiskLevel::Critical => always.max(at_high_risk),
        }
    }

    fn environment(&self) -> &str {
        self.action.environment.as_deref().unwrap_or(&self.agent.profile.environment)
    }
}
