//! Budgets. An estimate is reserved before the action and settled by the trace that reports the cost, so that concurrent actions
//! cannot together spend more than a cap.
//!
//! One row per organisation, scope, period and beginning of the period holds what was spent plus what is reserved. Periods are
//! calendar hours and days in UTC, by the server's clock: a client cannot move its spend into another period.

pub(crate) mod settle;

use std::collections::BTreeMap;

use execlave_core::ids::{AgentId, DecisionId, OrgId};
use execlave_core::policy::BudgetWindow;
use execlave_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::db::Tx;
use crate::db::column::{Record, Row, table};
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::{Store, StoreError};

/// How long an estimate stays reserved if no trace settles it.
const RESERVED_FOR_MS: i64 = 15 * 60 * 1000;

/// How long a row is kept. Nothing can change one that began before the oldest open reservation, and nothing reads it either.
const KEPT_FOR_MS: i64 = 2 * 24 * 60 * 60 * 1000;

/// No amount is ever larger, so that the sum of two always fits.
const CEILING: i64 = 4_000_000_000_000_000_000;

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
    /// Whether exceeding it refuses the reservation. A policy that only warns is charged beyond its cap, because the action happens.
    pub enforced: bool,
}

/// The row a charge is about, as a reservation remembers it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Charged {
    pub(crate) scope_key: String,
    pub(crate) period: BudgetWindow,
    pub(crate) starts_at: Timestamp,
}

impl Charge {
    fn row(&self) -> Charged {
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
    pub(crate) nanos: i64,
    pub(crate) charged: Vec<Charged>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

table!("reservations" => Reservation { org_id, decision_id, agent_id, nanos, charged, created_at, expires_at });

/// A reservation to be made.
#[derive(Clone, Debug)]
pub(crate) struct Reserve {
    pub(crate) org: OrgId,
    pub(crate) charges: Vec<Charge>,
    pub(crate) nanos: i64,
    pub(crate) decision: DecisionId,
    pub(crate) agent: AgentId,
    pub(crate) now: Timestamp,
}

impl Reserve {
    /// The rows it is about, once each, in the order in which every node takes them, with the lowest cap that refuses.
    pub(crate) fn rows(&self) -> BTreeMap<Charged, Option<i64>> {
        let mut rows = BTreeMap::new();
        for charge in &self.charges {
            let lowest: &mut Option<i64> = rows.entry(charge.row()).or_default();
            if charge.enforced {
                let cap = charge.cap_nanos.clamp(0, CEILING);
                *lowest = Some(lowest.map_or(cap, |lowest| lowest.min(cap)));
            }
        }
        rows
    }
}

impl Store {
    /// Reserves an amount against every charge, or, if an enforced one would be exceeded, against none. The indexes of all the charges
    /// that are exceeded; it is reserved unless an enforced one is among them. Two charges on one row (two policies with the same
    /// budget) count once.
    pub async fn reserve_spend(
        &self,
        org: OrgId,
        charges: &[Charge],
        amount_nanos: i64,
        decision: DecisionId,
        agent: AgentId,
        now: Timestamp,
    ) -> Result<Vec<usize>, StoreError> {
        if charges.is_empty() {
            return Ok(Vec::new());
        }
        let nanos = amount_nanos.clamp(0, CEILING);
        self.inner
            .writer
            .reserve(Reserve { org, charges: charges.to_vec(), nanos, decision, agent, now })
            .await
    }

    /// The indexes of the charges an amount would exceed, without reserving it.
    pub async fn peek_spend(
        &self,
        org: OrgId,
        charges: &[Charge],
        amount_nanos: i64,
    ) -> Result<Vec<usize>, StoreError> {
        let mut exceeded = Vec::new();
        for (index, charge) in charges.iter().enumerate() {
            let row = charge.row();
            let spent = self
                .db()
                .one::<Spent>(Query::new(
                    SPENT,
                    params![org, row.scope_key, row.period, row.starts_at],
                ))
                .await?;
            if is_exceeded(spent, amount_nanos, charge) {
                exceeded.push(index);
            }
        }
        Ok(exceeded)
    }

    /// Gives back what was reserved and never settled, and forgets old periods; how many reservations ended.
    pub async fn expire_reservations_across_orgs(
        &self,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        const EXPIRED: &str = "DELETE FROM reservations WHERE expires_at <= $1 RETURNING *";
        const OLD: &str = "DELETE FROM spend WHERE starts_at < $1";
        let mut tx = self.begin().await?;
        let reservations = tx.all::<Reservation>(Query::new(EXPIRED, params![now])).await?;
        let mut changes = settle::Changes::default();
        for reservation in &reservations {
            changes.release(reservation);
        }
        changes.write(&mut tx).await?;
        tx.execute(Query::new(OLD, params![now.minus_millis(KEPT_FOR_MS)])).await?;
        tx.commit().await?;
        Ok(reservations.len())
    }
}

const SPENT: &str = "SELECT nanos FROM spend WHERE org_id = $1 AND scope_key = $2 AND period = $3 AND starts_at = $4";

struct Spent(i64);

impl Record for Spent {
    fn read(row: Row<'_>) -> Result<Self, StoreError> {
        row.get("spend", "nanos").map(Self)
    }
}

fn is_exceeded(spent: Option<Spent>, nanos: i64, charge: &Charge) -> bool {
    spent.map_or(0, |spent| spent.0).saturating_add(nanos.clamp(0, CEILING))
        > charge.cap_nanos.clamp(0, CEILING)
}

/// Reserves inside the writer's transaction. Each row is taken by one conditional upsert, which is atomic also against other nodes;
/// what was taken before one refuses is given back, so that the transaction can go on with other work.
pub(crate) async fn reserve(tx: &mut Tx, reserve: &Reserve) -> Result<Vec<usize>, StoreError> {
    const TAKE: &str = "
        INSERT INTO spend (org_id, scope_key, period, starts_at, nanos) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (org_id, scope_key, period, starts_at) DO UPDATE SET nanos = spend.nanos + excluded.nanos
        WHERE spend.nanos <= $6";
    let Reserve { org, nanos, .. } = *reserve;
    let mut taken = Vec::new();
    let mut refused = false;
    for (row, cap) in reserve.rows() {
        match cap {
            None => settle::add(tx, org, &row, nanos).await.noun("spend")?,
            Some(cap) => {
                // Room is what may have been spent before. A new row has none, so there the amount itself is compared.
                let room = cap - nanos;
                let take = params![org, row.scope_key, row.period, row.starts_at, nanos, room];
                refused = room < 0 || tx.execute(Query::new(TAKE, take)).await.noun("spend")? == 0;
                if refused {
                    break;
                }
            }
        }
        taken.push(row);
    }
    if refused {
        for row in &taken {
            settle::subtract(tx, org, row, nanos).await?;
        }
        return exceeded(tx, org, &reserve.charges, nanos).await;
    }
    let Reserve { decision, agent, now, .. } = *reserve;
    let expires_at = now.plus_millis(RESERVED_FOR_MS);
    let row = Reservation {
        org_id: org,
        decision_id: decision,
        agent_id: agent,
        nanos,
        charged: taken,
        created_at: now,
        expires_at,
    };
    tx.insert(&row).await.noun("reservation")?;
    // The enforced ones cannot be exceeded, and the amount is part of what the rows say already.
    if reserve.charges.iter().all(|charge| charge.enforced) {
        Ok(Vec::new())
    } else {
        exceeded(tx, org, &reserve.charges, 0).await
    }
}

async fn exceeded(
    tx: &mut Tx,
    org: OrgId,
    charges: &[Charge],
    nanos: i64,
) -> Result<Vec<usize>, StoreError> {
    let mut exceeded = Vec::new();
    for (index, charge) in charges.iter().enumerate() {
        let row = charge.row();
        let spent = tx
            .one::<Spent>(Query::new(SPENT, params![org, row.scope_key, row.period, row.starts_at]))
            .await?;
        if is_exceeded(spent, nanos, charge) {
            exceeded.push(index);
        }
    }
    Ok(exceeded)
}
