//! Settling: the cost a trace reports takes the place of the estimate that was reserved for it.

mod open;

use std::collections::{BTreeMap, BTreeSet};

use execlave_core::ids::{AgentId, OrgId};
use execlave_core::policy::BudgetWindow;
use open::Open;

use crate::StoreError;
use crate::db::Tx;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::spend::{CEILING, Charged, Reservation, period_start};
use crate::state::rows::SpendRow;
use crate::traces::NewTrace;

const PERIODS: &[BudgetWindow] =
    &[BudgetWindow::Minute, BudgetWindow::Hour, BudgetWindow::Day, BudgetWindow::Month];

/// What can be asked about a session.
const SESSION_PERIODS: &[BudgetWindow] = &[BudgetWindow::Hour, BudgetWindow::Day];

/// Sums to be added to rows of `spend`.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    nanos: BTreeMap<(OrgId, Charged), i64>,
}

impl Changes {
    /// What these traces change. Each trace with a cost uses up one open reservation of its agent: of the decision it names, else of its
    /// own trace id, else the oldest that named no trace, because a client need not say which decision a trace belongs to.
    pub(crate) async fn of_traces(
        tx: &mut Tx<'_>,
        traces: &[&NewTrace],
    ) -> Result<Self, StoreError> {
        let mut changes = Self::default();
        let mut by_agent: BTreeMap<(OrgId, AgentId), Vec<&NewTrace>> = BTreeMap::new();
        for new in traces.iter().copied().filter(|new| new.trace.cost_nanos.is_some()) {
            match new.trace.agent_row_id {
                Some(agent) => by_agent.entry((new.trace.org_id, agent)).or_default().push(new),
                None => changes.settle(new, None),
            }
        }
        for ((org, agent), costs) in by_agent {
            let mut open = Open::read(tx, org, agent, &costs).await?;
            for new in &costs {
                changes.settle(new, open.take(new).as_ref());
            }
            open.delete_taken(tx, org).await?;
        }
        Ok(changes)
    }

    /// Rows that were reserved get the cost instead of the estimate, in the period of the reservation, so that a period's total stays
    /// what was admitted in it. The trace's other scopes and periods just get the cost.
    fn settle(&mut self, new: &NewTrace, reservation: Option<&Reservation>) {
        let NewTrace { trace, workspace_id, .. } = new;
        let cost = trace.cost_nanos.unwrap_or_default().clamp(0, CEILING);
        let mut covered = BTreeSet::new();
        if let Some(reservation) = reservation {
            for row in &reservation.charged {
                covered.insert((row.scope_key.clone(), row.period));
                self.add(trace.org_id, row.clone(), cost - reservation.nanos);
            }
        }
        let key = |kind: &str, id: Option<&str>| id.map(|id| format!("{kind}:{id}"));
        let scopes = [
            (trace.agent_row_id.map(|id| format!("agent:{id}")), PERIODS),
            (key("user", trace.user_id.as_deref()), PERIODS),
            (key("workspace", workspace_id.as_deref()), PERIODS),
            (Some("org".to_owned()), PERIODS),
            (key("session", trace.session_id.as_deref()), SESSION_PERIODS),
        ];
        for (scope_key, periods) in scopes {
            let Some(scope_key) = scope_key else { continue };
            for period in periods {
                if !covered.contains(&(scope_key.clone(), *period)) {
                    let starts_at = period_start(*period, trace.received_at);
                    let row = Charged { scope_key: scope_key.clone(), period: *period, starts_at };
                    self.add(trace.org_id, row, cost);
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
    pub(crate) async fn write(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        const ADD: &str = "ON CONFLICT (org_id, scope_key, period, starts_at) DO UPDATE
            SET nanos = CASE WHEN spend.nanos > 4000000000000000000 - excluded.nanos THEN 4000000000000000000
            ELSE spend.nanos + excluded.nanos END";
        let mut added = Vec::new();
        for ((org, row), nanos) in &self.nanos {
            if *nanos < 0 {
                subtract(tx, *org, row, -nanos).await?;
            } else {
                added.push(SpendRow::new(*org, row.clone(), *nanos));
            }
        }
        tx.upsert_all(&added.iter().collect::<Vec<_>>(), ADD).await.noun("spend")
    }
}

/// Takes from a row, down to zero. A row that has been forgotten stays forgotten.
pub(crate) async fn subtract(
    tx: &mut Tx<'_>,
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

/// On PostgreSQL, takes the locks of all rows a transaction is going to change, in one order for all nodes, so that two of them never
/// wait for each other. On SQLite there is one writer.
pub(crate) async fn lock_rows(
    tx: &mut Tx<'_>,
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
