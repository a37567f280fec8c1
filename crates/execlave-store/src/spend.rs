//! Budgets. An estimate is reserved before the action and settled by the trace that reports the cost, so that concurrent actions
//! cannot together spend more than a cap.
//!
//! One row per organisation, scope, period and beginning of the period holds what was spent plus what is reserved. Periods are
//! calendar minutes, hours, days and months in UTC, by the server's clock: a client cannot move its spend into another period. Rows are
//! charged by [`crate::state`], in the transaction that records the decision.

pub(crate) mod settle;

use execlave_core::ids::{AgentId, DecisionId, OrgId};
use execlave_core::policy::BudgetWindow;
use execlave_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::state::StateClaim;
use crate::{Store, StoreError};

/// How long an estimate stays reserved if no trace settles it.
const RESERVED_FOR_MS: i64 = 15 * 60 * 1000;

/// How long a row is kept. Nothing can change one that began before the oldest open reservation, and nothing reads it either.
const KEPT_FOR_MS: i64 = 2 * 24 * 60 * 60 * 1000;

/// The same for months: the one before is kept whole.
const MONTHS_KEPT_FOR_MS: i64 = 62 * 24 * 60 * 60 * 1000;

/// No amount is ever larger, so that the sum of two always fits.
pub(crate) const CEILING: i64 = 4_000_000_000_000_000_000;

/// The beginning of the period a moment is in, and so [`Charge::starts_at`] of now.
pub fn period_start(window: BudgetWindow, at: Timestamp) -> Timestamp {
    let length = match window {
        BudgetWindow::Minute => 60_000,
        BudgetWindow::Hour => 3_600_000,
        BudgetWindow::Day => 86_400_000,
        BudgetWindow::Month => return month_start(at),
    };
    Timestamp::from_millis(at.as_millis().div_euclid(length) * length)
}

/// Midnight UTC of the month's first day.
fn month_start(at: Timestamp) -> Timestamp {
    let text = at.to_string();
    let month = text.rfind('T').and_then(|time| text.get(..time.saturating_sub(2)));
    month.and_then(|month| format!("{month}01T00:00:00Z").parse().ok()).unwrap_or(at)
}

/// One budget an action counts against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// What the budget counts together, as the core names it: `agent:<uuid>`, `user:<id>`, `session:<id>` or `org`.
    pub scope_key: String,
    /// The length of its period.
    pub window: BudgetWindow,
    /// The beginning of the period, see [`period_start`].
    pub starts_at: Timestamp,
    /// What may be spent in it.
    pub cap_nanos: i64,
}

/// The row a charge is about, as a reservation remembers it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Charged {
    pub(crate) scope_key: String,
    pub(crate) period: BudgetWindow,
    pub(crate) starts_at: Timestamp,
}

impl Charge {
    pub(crate) fn row(&self) -> Charged {
        Charged {
            scope_key: self.scope_key.clone(),
            period: self.window,
            starts_at: self.starts_at,
        }
    }
}

/// An open reservation.
#[derive(Clone, Debug)]
pub(crate) struct Reservation {
    pub(crate) org_id: OrgId,
    pub(crate) decision_id: DecisionId,
    pub(crate) agent_id: AgentId,
    pub(crate) trace_id: Option<String>,
    pub(crate) nanos: i64,
    pub(crate) charged: Vec<Charged>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

table!("reservations" => Reservation { org_id, decision_id, agent_id, trace_id, nanos, charged, created_at, expires_at });

impl Store {
    /// Gives back what was reserved and never settled, and forgets old periods; how many reservations ended.
    pub async fn expire_reservations_across_orgs(
        &self,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        const EXPIRED: &str = "DELETE FROM reservations WHERE expires_at <= $1 RETURNING *";
        const OLD: &str = "DELETE FROM spend WHERE period <> 'month' AND starts_at < $1";
        const OLD_MONTHS: &str = "DELETE FROM spend WHERE period = 'month' AND starts_at < $1";
        let mut tx = self.begin().await?;
        let reservations = tx.all::<Reservation>(Query::new(EXPIRED, params![now])).await?;
        let mut changes = settle::Changes::default();
        for reservation in &reservations {
            changes.release(reservation);
        }
        changes.write(&mut tx).await?;
        for (sql, kept) in [(OLD, KEPT_FOR_MS), (OLD_MONTHS, MONTHS_KEPT_FOR_MS)] {
            tx.execute(Query::new(sql, params![now.minus_millis(kept)])).await?;
        }
        tx.commit().await?;
        Ok(reservations.len())
    }
}

/// What an allowed decision has reserved, until a trace settles it or its time is over.
pub(crate) fn reservation(claim: &StateClaim, charged: Vec<Charged>) -> Reservation {
    Reservation {
        org_id: claim.org,
        decision_id: claim.decision,
        agent_id: claim.agent,
        trace_id: claim.trace_id.clone(),
        nanos: claim.amount_nanos.clamp(0, CEILING),
        charged,
        created_at: claim.now,
        expires_at: claim.now.plus_millis(RESERVED_FOR_MS),
    }
}
