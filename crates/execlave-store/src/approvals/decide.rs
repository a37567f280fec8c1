//! Answering an approval: the vote, the audit entry and the certificate, in one transaction.

use execlave_core::ids::{ApprovalId, OrgId};
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde_json::json;

use crate::approvals::{Approval, ApprovalStatus, ApprovalVote, FIND, expire, tell};
use crate::audit::{self, Event};
use crate::changes::{Change, Noun};
use crate::db::query::{Query, params};
use crate::{Json, Store, StoreError};

/// One person's answer.
#[derive(Clone, Copy, Debug)]
pub struct DecisionBy<'a> {
    /// Who, such as `user:<id>` or `key:<id>`.
    pub actor: &'a str,
    /// Who, for people.
    pub actor_label: &'a str,
    /// Yes or no.
    pub approve: bool,
    /// Why.
    pub reason: Option<&'a str>,
}

/// What became of an answer.
#[derive(Clone, Debug)]
pub enum Decided {
    /// It counts; the approval as it is after it. It still waits if more people must say yes.
    Recorded(Approval),
    /// It came too late, or this person has answered before; the approval as it is.
    Already(Approval),
    /// There is no such approval.
    NotFound,
}

impl Store {
    /// Answers an approval. A no ends it at once, a yes when enough people have said so; of concurrent answers that would end it
    /// exactly one does. `certificate` is called when it becomes approved, with the approval as it will be and the index of the audit
    /// entry that records it, and returns the signed certificate.
    pub async fn decide_approval<C>(
        &self,
        org: OrgId,
        id: ApprovalId,
        by: &DecisionBy<'_>,
        now: Timestamp,
        certificate: C,
    ) -> Result<Decided, StoreError>
    where
        C: FnOnce(&Approval, i64) -> Json + Send,
    {
        const UPDATE: &str = "
            UPDATE approvals SET status = $3, decisions = $4, decision_reason = $5, decided_at = $6, certificate = $7
            WHERE org_id = $1 AND id = $2 AND status = 'pending'";
        let mut tx = self.begin().await?;
        // Holding the chain also excludes every other answer in this organisation until commit.
        audit::lock_chain(&mut tx, org).await?;
        let Some(mut approval) = tx.one::<Approval>(Query::new(FIND, params![org, id])).await?
        else {
            return Ok(Decided::NotFound);
        };
        if approval.status == ApprovalStatus::Pending && approval.expires_at <= now {
            expire(&mut tx, org, id, now).await?;
            tx.commit().await?;
            approval.status = ApprovalStatus::Expired;
            approval.decided_at = Some(now);
            return Ok(Decided::Already(approval));
        }
        if approval.status != ApprovalStatus::Pending
            || approval.decisions.iter().any(|vote| vote.actor == by.actor)
        {
            return Ok(Decided::Already(approval));
        }
        let (actor, reason) = (by.actor.to_owned(), by.reason.map(str::to_owned));
        approval.decisions.push(ApprovalVote {
            actor,
            label: by.actor_label.to_owned(),
            approve: by.approve,
            reason,
            at: now,
        });
        let event = settle(&mut approval, by, now);
        let body = json!({ "label": by.actor_label, "reason": by.reason, "actionDigest": approval.action_digest }).into();
        let idx = audit::append(
            &mut tx,
            org,
            Event {
                at: now,
                actor: by.actor,
                name: event,
                subject: format!("approval:{id}"),
                body,
            },
        )
        .await?;
        if approval.status == ApprovalStatus::Approved {
            approval.certificate = Some(certificate(&approval, idx));
        }
        let update = params![
            org,
            id,
            approval.status,
            approval.decisions,
            approval.decision_reason,
            approval.decided_at,
            approval.certificate,
        ];
        if tx.execute(Query::new(UPDATE, update)).await? == 0 {
            return Err(StoreError::Unavailable("approval is being decided elsewhere".to_owned()));
        }
        match approval.status {
            ApprovalStatus::Approved => {
                tell(&mut tx, &approval, EventType::ApprovalApproved, by.actor, now).await?;
            }
            ApprovalStatus::Denied => {
                tell(&mut tx, &approval, EventType::ApprovalDenied, by.actor, now).await?;
            }
            // More people must say yes.
            _ => {}
        }
        tx.announce(Change::Row { org_id: org, noun: Noun::Approval, id: id.as_uuid() }).await?;
        tx.commit().await?;
        Ok(Decided::Recorded(approval))
    }
}

/// Draws the consequence of the latest vote and names it.
fn settle(approval: &mut Approval, by: &DecisionBy<'_>, now: Timestamp) -> &'static str {
    let yes = approval.decisions.iter().filter(|vote| vote.approve).count();
    let enough = i64::try_from(yes).is_ok_and(|yes| yes >= approval.required_approvers);
    let (status, event) = match (by.approve, enough) {
        (false, _) => (ApprovalStatus::Denied, "approval.denied"),
        (true, true) => (ApprovalStatus::Approved, "approval.approved"),
        (true, false) => return "approval.endorsed",
    };
    approval.status = status;
    approval.decision_reason = by.reason.map(str::to_owned);
    approval.decided_at = Some(now);
    event
}
