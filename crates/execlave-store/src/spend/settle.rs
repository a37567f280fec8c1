//! Settling: the cost a trace reports takes the place of the estimate that was reserved for it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use execlave_core::ids::{AgentId, OrgId};
use execlave_core::policy::BudgetWindow;

use crate::StoreError;
use crate::db::Tx;
use crate::db::query::{Query, params};
use crate::spend::{CEILING, Charged, Reservation, period_start};
use crate::traces::Trace;

/// Sums to be added to rows of `spend`.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    nanos: BTreeMap<(OrgId, Charged), i64>,
}

impl Changes {
    /// What these traces change. The oldest open reservations of their agents are used up, one per trace with a cost: clients do not
    /// say which decision a trace belongs to.
    pub(crate) async fn of_traces(tx: &mut Tx, traces: &[&Trace]) -> Result<Self, StoreError> {
        let mut wanted: BTreeMap<(OrgId, AgentId), i64> = BTreeMap::new();
        for trace in traces.iter().filter(|trace| trace.cost_nanos.is_some()) {
            if let Some(agent) = trace.agent_row_id {
                *wanted.entry((trace.org_id, agent)).or_default() += 1;
            }
        }
        let mut open = BTreeMap::new();
        for ((org, agent), count) in wanted {
            open.insert((org, agent), take_oldest(tx, org, agent, count).await?);
        }
        let mut changes = Self::default();
        for trace in traces {
            if let Some(cost) = trace.cost_nanos {
                let queue =
                    trace.agent_row_id.and_then(|agent| open.get_mut(&(trace.org_id, agent)));
                let reservation = queue.and_then(VecDeque::pop_front);
                changes.settle(trace, cost.clamp(0, CEILING), reservation.as_ref());
            }
        }
        Ok(changes)
    }

    /// Rows that were reserved get the cost instead of the estimate, in the period of the reservation, so that a period's total stays
    /// what was admitted in it. The trace's other scopes and periods just get the cost.
    fn settle(&mut self, trace: &Trace, cost: i64, reservation: Option<&Reservation>) {
        let mut covered = BTreeSet::new();
        if let Some(reservation) = reservation {
            for row in &reservation.charged {
                covered.insert((row.scope_key.clone(), row.period));
                self.add(trace.org_id, row.clone(), cost - reservation.nanos);
            }
        }
        let scopes = [
            trace.agent_row_id.map(|id| format!("agent:{id}")),
            trace.user_id.as_deref().map(|id| format!("user:{id}")),
            trace.session_id.as_deref().map(|id| format!("session:{id}")),
            Some("org".to_owned()),
        ];
        for scope_key in scopes.into_iter().flatten() {
            for period in [BudgetWindow::Hour, BudgetWindow::Day] {
                if !covered.contains(&(scope_key.clone(), period)) {
                    let starts_at = period_start(period, trace.received_at);
                    self.add(
                        trace.org_id,
                        Charged { scope_key: scope_key.clone(), period, starts_at },
                        cost,
                    );
                }
            }
        }
    }

    /// Gives a reservation back.
    pub(crate) fn release(&mut self, reservation: &Reservation) {
        for row in &reservation.charged {
            self.add(reservation.org_id, row.clone(), -reservation.nanos);
        }
    }

    fn add(&mut self, org: OrgId, row: Charged, nanos: i64) {
        if nanos != 0 {
            let sum = self.nanos.entry((org, row)).or_default();
            *sum = sum.saturating_add(nanos).clamp(-CEILING, CEILING);
        }
    }

    /// The rows that change.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (OrgId, Charged)> {
        self.nanos.keys().cloned()
    }

    /// Adds the sums.
    pub(crate) async fn write(&self, tx: &mut Tx) -> Result<(), StoreError> {
        for ((org, row), nanos) in &self.nanos {
            if *nanos < 0 {
                subtract(tx, *org, row, -nanos).await?;
            } else {
                add(tx, *org, row, *nanos).await?;
            }
        }
        Ok(())
    }
}

/// Adds to a row, up to the ceiling.
pub(crate) async fn add(
    tx: &mut Tx,
    org: OrgId,
    row: &Charged,
    nanos: i64,
) -> Result<(), StoreError> {
    const ADD: &str = "
        INSERT INTO spend (org_id, scope_key, period, starts_at, nanos) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (org_id, scope_key, period, starts_at) DO UPDATE
        SET nanos = CASE WHEN spend.nanos + excluded.nanos > $6 THEN $6 ELSE spend.nanos + excluded.nanos END";
    tx.execute(Query::new(
        ADD,
        params![org, row.scope_key, row.period, row.starts_at, nanos, CEILING],
    ))
    .await
    .map(drop)
}

/// Takes from a row, down to zero. A row that has been forgotten stays forgotten.
pub(crate) async fn subtract(
    tx: &mut Tx,
    org: OrgId,
    row: &Charged,
    nanos: i64,
) -> Result<(), StoreError> {
    const SUBTRACT: &str = "
        UPDATE spend SET nanos = CASE WHEN nanos < $5 THEN 0 ELSE nanos - $5 END
        WHERE org_id = $1 AND scope_key = $2 AND period = $3 AND starts_at = $4";
    tx.execute(Query::new(SUBTRACT, params![org, row.scope_key, row.period, row.starts_at, nanos]))
        .await
        .map(drop)
}

/// Removes an agent's oldest open reservations and returns them, oldest first.
async fn take_oldest(
    tx: &mut Tx,
    org: OrgId,
    agent: AgentId,
    count: i64,
) -> Result<VecDeque<Reservation>, StoreError> {
    const TAKE: &str = "
        DELETE FROM reservations WHERE org_id = $1 AND decision_id IN (
            SELECT decision_id FROM reservations WHERE org_id = $1 AND agent_id = $2 ORDER BY created_at, decision_id LIMIT $3
        ) RETURNING *";
    let mut taken = tx.all::<Reservation>(Query::new(TAKE, params![org, agent, count])).await?;
    taken.sort_by_key(|reservation| (reservation.created_at, reservation.decision_id));
    Ok(taken.into())
}

/// On PostgreSQL, takes the locks of all rows a transaction is going to change, in one order for all nodes, so that two of them never
/// wait for each other. On SQLite there is one writer.
pub(crate) async fn lock_rows(
    tx: &mut Tx,
    rows: &BTreeSet<(OrgId, Charged)>,
) -> Result<(), StoreError> {
    /// Four parameters each; a statement takes 65,535.
    const AT_ONCE: usize = 10_000;
    if rows.len() < 2 || !tx.has_concurrent_writers() {
        return Ok(());
    }
    let mut query = Query::new(
        "SELECT 1 FROM spend WHERE (org_id, scope_key, period, starts_at) IN (",
        Vec::new(),
    );
    for (index, (org, row)) in rows.iter().take(AT_ONCE).enumerate() {
        query.push(if index == 0 { "(" } else { ", (" });
        query.bind_params(params![org, row.scope_key, row.period, row.starts_at]).push(")");
    }
    query.push(") ORDER BY org_id, scope_key, period, starts_at FOR UPDATE");
    tx.execute(query).await.map(drop)
}
