//! Approvals: a human's answer to one action. Asking again for the same action while it waits finds the same approval, and each is
//! decided exactly once.

mod cancel;
mod decide;
mod escalate;
mod stats;

use execlave_core::ids::{AgentId, ApprovalId, KeyId, OrgId};
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::audit::{self, Event};
use crate::changes::{Change, Noun};
use crate::db::Tx;
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::decisions::DecisionRecord;
use crate::error::WithNoun as _;
use crate::page::{Page, PageRequest, Position};
use crate::webhooks;
use crate::{Json, Store, StoreError};

pub use decide::{Decided, DecisionBy};
pub use stats::{ApprovalStats, Approver};

/// Where an approval stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum ApprovalStatus {
    Pending,
    Approved,
    Denied,
    Expired,
    Cancelled,
}

impl ApprovalStatus {
    /// The word for it, as stored and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What one person answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalVote {
    /// Who, such as `user:<id>` or `key:<id>`.
    pub actor: String,
    /// Who, for people.
    pub label: String,
    /// Yes or no.
    pub approve: bool,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// An approval.
#[derive(Clone, Debug)]
pub struct Approval {
    /// Whose agent.
    pub org_id: OrgId,
    /// The id.
    pub id: ApprovalId,
    /// Which agent wants to act.
    pub agent_id: AgentId,
    /// Where it stands.
    pub status: ApprovalStatus,
    /// Where the agent runs.
    pub environment: String,
    /// The action, for people.
    pub action_summary: String,
    /// The action with personal data masked, as a JSON object; what a person sees before answering.
    pub action: Option<Json>,
    /// SHA-256 of the action, 64 hexadecimal digits.
    pub action_digest: String,
    /// Why it was asked for, as a JSON list.
    pub violations: Json,
    /// The set of policies it was asked for under.
    pub bundle_version: Option<String>,
    /// 0 to 100.
    pub risk_score: i64,
    /// The score in a word.
    pub risk_level: String,
    /// How the score comes about, as a JSON list.
    pub risk_parts: Json,
    /// Who should answer.
    pub routed_to: Vec<String>,
    /// How many must say yes.
    pub required_approvers: i64,
    /// Who answered so far.
    pub decisions: Vec<ApprovalVote>,
    /// The key it was asked with.
    pub requested_by: Option<KeyId>,
    /// Since when it waits.
    pub created_at: Timestamp,
    /// Until when it may be answered.
    pub expires_at: Timestamp,
    /// How often it was passed on.
    pub escalation_level: i64,
    /// When it was last passed on.
    pub escalated_at: Option<Timestamp>,
    /// The reason given with the answer that ended it.
    pub decision_reason: Option<String>,
    /// When it ended.
    pub decided_at: Option<Timestamp>,
    /// The signed certificate of an approved action, as JSON.
    pub certificate: Option<Json>,
    /// When the certificate was used up.
    pub certificate_used_at: Option<Timestamp>,
}

table!("approvals" => Approval {
    org_id, id, agent_id, status, environment, action_summary, action, action_digest, violations, bundle_version, risk_score, risk_level, risk_parts, routed_to,
    required_approvers, decisions, requested_by, created_at, expires_at, escalation_level, escalated_at, decision_reason, decided_at,
    certificate, certificate_used_at,
});

/// An approval to be asked for. Agent, environment, action, violations, policies, key and time are those of the decision that asks; the other
/// fields are those of [`Approval`].
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "documented at `Approval`")]
pub struct NewApproval {
    pub id: ApprovalId,
    pub action_summary: String,
    pub action: Json,
    pub risk_score: i64,
    pub risk_level: String,
    pub risk_parts: Json,
    pub routed_to: Vec<String>,
    pub required_approvers: i64,
    pub expires_at: Timestamp,
}

impl Store {
    /// Records a decision together with the approval it waits for: the pending one for the same agent and action if there is one,
    /// else `new`. The decision's `approval_id` is set to it. Returns once both are durable.
    pub async fn request_approval(
        &self,
        new: NewApproval,
        decision: DecisionRecord,
    ) -> Result<Approval, StoreError> {
        self.inner.writer.approval(new, decision).await
    }

    /// An approval.
    pub async fn find_approval(
        &self,
        org: OrgId,
        id: ApprovalId,
    ) -> Result<Option<Approval>, StoreError> {
        self.db().one(Query::new(FIND, params![org, id])).await
    }

    /// Approvals, newest first.
    pub async fn list_approvals(
        &self,
        org: OrgId,
        status: Option<ApprovalStatus>,
        page: &PageRequest,
    ) -> Result<Page<Approval>, StoreError> {
        let mut count =
            Query::new("SELECT count(*) AS n FROM approvals WHERE org_id = $1", params![org]);
        count.filter(" AND status = ", status.as_ref());
        let mut query = Query::new("SELECT * FROM approvals WHERE org_id = $1", params![org]);
        query.filter(" AND status = ", status.as_ref()).newest_first("created_at", page)?;
        let total = self.db().number(count).await?;
        let rows = self.db().all::<Approval>(query).await?;
        Ok(Page::cut(rows, page.size(), Some(total), |approval| {
            Position::new(approval.created_at, approval.id.as_uuid())
        }))
    }

    /// Ends every approval whose time is over; which ones.
    pub async fn expire_approvals_across_orgs(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(OrgId, ApprovalId)>, StoreError> {
        const OVERDUE: &str = "SELECT * FROM approvals WHERE status = 'pending' AND expires_at <= $1 ORDER BY expires_at LIMIT 1000";
        let mut expired = Vec::new();
        for approval in self.db().all::<Approval>(Query::new(OVERDUE, params![now])).await? {
            let mut tx = self.begin().await?;
            if expire(&mut tx, approval.org_id, approval.id, now).await? {
                tx.commit().await?;
                expired.push((approval.org_id, approval.id));
            }
        }
        Ok(expired)
    }

    /// Uses a certificate up. Of several callers exactly one gets `true`.
    pub async fn use_certificate(
        &self,
        org: OrgId,
        id: ApprovalId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const USE: &str = "
            UPDATE approvals SET certificate_used_at = $3
            WHERE org_id = $1 AND id = $2 AND status = 'approved' AND certificate IS NOT NULL AND certificate_used_at IS NULL";
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        if tx.execute(Query::new(USE, params![org, id, now])).await? == 0 {
            return Ok(false);
        }
        let event = Event {
            at: now,
            actor: "system",
            name: "approval.certificate_used",
            subject: format!("approval:{id}"),
            body: json!({}).into(),
        };
        audit::append(&mut tx, org, event).await?;
        tx.commit().await?;
        Ok(true)
    }
}

const FIND: &str = "SELECT * FROM approvals WHERE org_id = $1 AND id = $2";

/// Ends one approval if it waits and its time is over; whether it did.
async fn expire(
    tx: &mut Tx<'_>,
    org: OrgId,
    id: ApprovalId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const EXPIRE: &str = "
        UPDATE approvals SET status = 'expired', decided_at = $3
        WHERE org_id = $1 AND id = $2 AND status = 'pending' AND expires_at <= $3 RETURNING *";
    audit::lock_chain(tx, org).await?;
    let Some(expired) = tx.one::<Approval>(Query::new(EXPIRE, params![org, id, now])).await? else {
        return Ok(false);
    };
    tell(tx, &expired, EventType::ApprovalExpired, "system", now).await?;
    let event = Event {
        at: now,
        actor: "system",
        name: "approval.expired",
        subject: format!("approval:{id}"),
        body: json!({}).into(),
    };
    audit::append(tx, org, event).await?;
    tx.announce(Change::Row { org_id: org, noun: Noun::Approval, id: id.as_uuid() }).await?;
    Ok(true)
}

/// Tells webhooks how an approval ended.
async fn tell(
    tx: &mut Tx<'_>,
    approval: &Approval,
    kind: EventType,
    actor: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let data = json!({
        "approvalId": approval.id, "agentId": approval.agent_id, "environment": approval.environment, "status": approval.status,
        "actionSummary": approval.action_summary, "actionDigest": approval.action_digest, "reason": approval.decision_reason,
        "escalationLevel": approval.escalation_level, "routedTo": approval.routed_to, "actor": actor,
    });
    webhooks::emit(tx, approval.org_id, kind, at, &format!("approval:{}", approval.id), data).await
}

/// Finds or creates the approval a decision waits for.
pub(crate) async fn find_or_insert(
    tx: &mut Tx<'_>,
    new: &NewApproval,
    decision: &DecisionRecord,
) -> Result<Approval, StoreError> {
    const PENDING: &str = "SELECT * FROM approvals WHERE org_id = $1 AND agent_id = $2 AND action_digest = $3 AND status = 'pending'";
    let org = decision.org_id;
    let fresh = approval_of(new, decision);
    // A second round is needed only where another node decides, or asks for, the same approval between two statements.
    for _ in 0..3 {
        let pending = Query::new(PENDING, params![org, decision.agent_id, decision.action_digest]);
        if let Some(approval) = tx.one::<Approval>(pending).await? {
            if approval.expires_at > decision.evaluated_at {
                return Ok(approval);
            }
            expire(tx, org, approval.id, decision.evaluated_at).await?;
        }
        let conflict =
            "ON CONFLICT (org_id, agent_id, action_digest) WHERE status = 'pending' DO NOTHING";
        if tx.insert_unless(&fresh, conflict).await.noun("approval")? {
            tx.announce(Change::Row { org_id: org, noun: Noun::Approval, id: fresh.id.as_uuid() })
                .await?;
            return Ok(fresh);
        }
    }
    Err(StoreError::Unavailable("approval for this action keeps changing".to_owned()))
}

fn approval_of(new: &NewApproval, decision: &DecisionRecord) -> Approval {
    let NewApproval {
        id,
        action_summary,
        action,
        risk_score,
        risk_level,
        risk_parts,
        routed_to,
        required_approvers,
        expires_at,
    } = new.clone();
    Approval {
        org_id: decision.org_id,
        id,
        agent_id: decision.agent_id,
        status: ApprovalStatus::Pending,
        environment: decision.environment.clone(),
        action_summary,
        action: Some(action),
        action_digest: decision.action_digest.clone(),
        violations: decision.violations.clone(),
        bundle_version: decision.bundle_version.clone(),
        risk_score,
        risk_level,
        risk_parts,
        routed_to,
        required_approvers: required_approvers.max(1),
        decisions: Vec::new(),
        requested_by: decision.key_id,
        created_at: decision.evaluated_at,
        expires_at,
        escalation_level: 0,
        escalated_at: None,
        decision_reason: None,
        decided_at: None,
        certificate: None,
        certificate_used_at: None,
    }
}
