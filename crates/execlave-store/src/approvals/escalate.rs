//! Passing an approval on that nobody has answered in time.

use execlave_core::ids::{ApprovalId, OrgId};
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde_json::json;

use crate::approvals::{Approval, tell};
use crate::audit::{self, Event};
use crate::changes::{Change, Noun};
use crate::db::query::{Query, params};
use crate::{Store, StoreError};

/// Who is asked, from the least to the most.
const TIERS: [&str; 3] = ["standard", "group", "named_approver"];

/// How often an approval is passed on at most.
const LEVELS: i64 = 3;

impl Store {
    /// Passes on what has waited since `since` or longer for anybody of its last tier: one level up, and to the next tier as well.
    /// What was passed on, and to which level.
    pub async fn escalate_approvals_across_orgs(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<(OrgId, ApprovalId, i64)>, StoreError> {
        const OVERDUE: &str = "
            SELECT * FROM approvals WHERE status = 'pending' AND expires_at > $1 AND escalation_level < $2
            AND coalesce(escalated_at, created_at) <= $3 ORDER BY expires_at LIMIT 1000";
        const ESCALATE: &str = "
            UPDATE approvals SET escalation_level = $3, escalated_at = $4, routed_to = $5
            WHERE org_id = $1 AND id = $2 AND status = 'pending' AND escalation_level = $6";
        let mut escalated = Vec::new();
        let overdue = Query::new(OVERDUE, params![now, LEVELS, since]);
        for mut approval in self.db().all::<Approval>(overdue).await? {
            let Approval { org_id, id, escalation_level, .. } = approval;
            let level = escalation_level + 1;
            let routed_to = with_next_tier(std::mem::take(&mut approval.routed_to));
            let mut tx = self.begin().await?;
            audit::lock_chain(&mut tx, org_id).await?;
            let update = params![org_id, id, level, now, routed_to, escalation_level];
            if tx.execute(Query::new(ESCALATE, update)).await? == 0 {
                // Answered meanwhile, or passed on by another server.
                continue;
            }
            let event = Event {
                at: now,
                actor: "system",
                name: "approval.escalated",
                subject: format!("approval:{id}"),
                body: json!({ "level": level, "routedTo": routed_to }).into(),
            };
            audit::append(&mut tx, org_id, event).await?;
            approval.escalation_level = level;
            approval.routed_to = routed_to;
            tell(&mut tx, &approval, EventType::ApprovalEscalated, "system", now).await?;
            tx.announce(Change::Row { org_id, noun: Noun::Approval, id: id.as_uuid() }).await?;
            tx.commit().await?;
            escalated.push((org_id, id, level));
        }
        Ok(escalated)
    }
}

/// The tier after the highest that was asked, beside those that were.
fn with_next_tier(mut routed_to: Vec<String>) -> Vec<String> {
    let place = |tier: &String| TIERS.iter().position(|known| known == tier);
    let highest = routed_to.iter().filter_map(place).max();
    let next = TIERS.get(highest.map_or(0, |highest| highest + 1));
    routed_to.extend(next.map(|tier| (*tier).to_owned()));
    routed_to
}
