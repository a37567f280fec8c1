//! Numbers about approvals that ended in a span of time.

use std::collections::BTreeMap;

use execlave_core::ids::OrgId;
use execlave_core::time::Timestamp;

use crate::approvals::{Approval, ApprovalStatus};
use crate::db::query::{Query, params};
use crate::{Store, StoreError};

/// More approvals are not looked at; the newest count.
const LOOKED_AT: i64 = 10_000;

/// What a span of time looked like.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApprovalStats {
    /// How many ended, by how.
    pub ended: BTreeMap<&'static str, i64>,
    /// From the question to the answer of a person, half of them within this time; `None` if nobody answered any.
    pub median_ms: Option<i64>,
    /// Ninety in a hundred of them within this time.
    pub p90_ms: Option<i64>,
    /// How often an approval was passed on.
    pub escalations: i64,
    /// What each person answered, most answers first.
    pub approvers: Vec<Approver>,
}

/// What one person answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Approver {
    /// Who, such as `user:<id>` or `key:<id>`.
    pub actor: String,
    /// Who, for people.
    pub label: String,
    /// How often yes.
    pub approved: i64,
    /// How often no.
    pub denied: i64,
    /// From the question to the answer, half of the answers within this time.
    pub median_ms: i64,
}

impl Store {
    /// Numbers about the approvals that ended from `since` on and before `until`.
    pub async fn approval_stats(
        &self,
        org: OrgId,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<ApprovalStats, StoreError> {
        const SQL: &str = "
            SELECT * FROM approvals WHERE org_id = $1 AND status <> 'pending' AND decided_at >= $2 AND decided_at < $3
            ORDER BY created_at DESC, id DESC LIMIT $4";
        let query = Query::new(SQL, params![org, since, until, LOOKED_AT]);
        Ok(count(&self.db().all::<Approval>(query).await?))
    }
}

fn count(approvals: &[Approval]) -> ApprovalStats {
    let mut stats = ApprovalStats::default();
    let mut answered = Vec::new();
    let mut approvers: BTreeMap<&str, (Approver, Vec<i64>)> = BTreeMap::new();
    for approval in approvals {
        *stats.ended.entry(approval.status.as_str()).or_default() += 1;
        stats.escalations += approval.escalation_level;
        if let (ApprovalStatus::Approved | ApprovalStatus::Denied, Some(decided_at)) =
            (approval.status, approval.decided_at)
        {
            answered.push(decided_at.millis_since(approval.created_at));
        }
        for vote in &approval.decisions {
            let (approver, times) = approvers.entry(&vote.actor).or_default();
            approver.actor.clone_from(&vote.actor);
            approver.label.clone_from(&vote.label);
            let count = if vote.approve { &mut approver.approved } else { &mut approver.denied };
            *count += 1;
            times.push(vote.at.millis_since(approval.created_at));
        }
    }
    stats.median_ms = share(&mut answered, 50);
    stats.p90_ms = share(&mut answered, 90);
    let with_median = |(mut approver, mut times): (Approver, Vec<i64>)| {
        approver.median_ms = share(&mut times, 50).unwrap_or_default();
        approver
    };
    stats.approvers = approvers.into_values().map(with_median).collect();
    stats.approvers.sort_by_key(|one| std::cmp::Reverse(one.approved + one.denied));
    stats
}

/// The time within which so many in a hundred lie.
fn share(times: &mut [i64], percent: usize) -> Option<i64> {
    times.sort_unstable();
    let last = times.len().checked_sub(1)?;
    times.get(last * percent / 100).copied()
}
