//! Taking an approval back before anybody answered it for good.

use execlave_core::ids::{ApprovalId, OrgId};
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde_json::json;

use crate::approvals::{Approval, ApprovalStatus, Decided, FIND, tell};
use crate::audit::{self, Event};
use crate::changes::{Change, Noun};
use crate::db::query::{Query, params};
use crate::{Store, StoreError};

impl Store {
    /// Cancels an approval that still waits, whoever may have said yes to it already.
    pub async fn cancel_approval(
        &self,
        org: OrgId,
        id: ApprovalId,
        (actor, label): (&str, &str),
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<Decided, StoreError> {
        const CANCEL: &str = "
            UPDATE approvals SET status = 'cancelled', decision_reason = $3, decided_at = $4
            WHERE org_id = $1 AND id = $2 AND status = 'pending' AND expires_at > $4";
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let Some(mut approval) = tx.one::<Approval>(Query::new(FIND, params![org, id])).await?
        else {
            return Ok(Decided::NotFound);
        };
        if tx.execute(Query::new(CANCEL, params![org, id, reason, now])).await? == 0 {
            return Ok(Decided::Already(approval));
        }
        approval.status = ApprovalStatus::Cancelled;
        approval.decision_reason = reason.map(str::to_owned);
        approval.decided_at = Some(now);
        let event = Event {
            at: now,
            actor,
            name: "approval.cancelled",
            subject: format!("approval:{id}"),
            body: json!({ "label": label, "reason": reason }).into(),
        };
        audit::append(&mut tx, org, event).await?;
        tell(&mut tx, &approval, EventType::ApprovalCancelled, actor, now).await?;
        tx.announce(Change::Row { org_id: org, noun: Noun::Approval, id: id.as_uuid() }).await?;
        tx.commit().await?;
        Ok(Decided::Recorded(approval))
    }
}
