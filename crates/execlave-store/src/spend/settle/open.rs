//! An agent's open reservations, as far as a batch of traces may settle them.

use std::collections::BTreeMap;

use execlave_core::ids::{AgentId, DecisionId, OrgId};
use execlave_core::time::Timestamp;

use crate::StoreError;
use crate::db::column::{Param, ToParam};
use crate::db::query::{Query, params};
use crate::db::{Tx, statement_rows};
use crate::spend::Reservation;
use crate::traces::NewTrace;

/// Reservations by age, and those already used up.
pub(super) struct Open {
    waiting: BTreeMap<(Timestamp, DecisionId), Reservation>,
    taken: Vec<DecisionId>,
}

impl Open {
    /// Reads what the traces name, and as many nameless ones as there are traces; locked on PostgreSQL.
    pub(super) async fn read(
        tx: &mut Tx<'_>,
        org: OrgId,
        agent: AgentId,
        traces: &[&NewTrace],
    ) -> Result<Self, StoreError> {
        const OLDEST: &str =
            "SELECT * FROM reservations WHERE org_id = $1 AND agent_id = $2 AND trace_id IS NULL
            ORDER BY created_at, decision_id LIMIT $3";
        let lock = if tx.has_concurrent_writers() { " FOR UPDATE" } else { "" };
        let mut open = Self { waiting: BTreeMap::new(), taken: Vec::new() };
        let count = i64::try_from(traces.len()).unwrap_or(i64::MAX);
        let mut oldest = Query::new(OLDEST, params![org, agent, count]);
        oldest.push(lock);
        open.add(tx.all(oldest).await?);
        let mut names: Vec<&str> = traces.iter().map(|new| new.trace.trace_id.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let names: Vec<Param> = names.into_iter().map(ToParam::param).collect();
        let decisions: Vec<Param> =
            traces.iter().filter_map(|new| new.decision_id).map(|id| id.param()).collect();
        for (column, values) in [("trace_id", names), ("decision_id", decisions)] {
            let mut rest = values;
            while !rest.is_empty() {
                let after = rest.split_off(statement_rows(rest.len()));
                let sql = "SELECT * FROM reservations WHERE org_id = $1 AND agent_id = $2 AND ";
                let mut query = Query::new(sql, params![org, agent]);
                query.push(column).push(" IN (").bind_params(rest);
                query.push(") ORDER BY decision_id").push(lock);
                open.add(tx.all(query).await?);
                rest = after;
            }
        }
        Ok(open)
    }

    fn add(&mut self, found: Vec<Reservation>) {
        let keyed = found.into_iter().map(|row| ((row.created_at, row.decision_id), row));
        self.waiting.extend(keyed);
    }

    /// The reservation a trace settles.
    pub(super) fn take(&mut self, new: &NewTrace) -> Option<Reservation> {
        let by_decision = |row: &Reservation| new.decision_id == Some(row.decision_id);
        let by_trace = |row: &Reservation| row.trace_id.as_ref() == Some(&new.trace.trace_id);
        let key = self
            .find(by_decision)
            .or_else(|| self.find(by_trace))
            .or_else(|| self.find(|row| row.trace_id.is_none()))?;
        self.taken.push(key.1);
        self.waiting.remove(&key)
    }

    fn find(&self, wanted: impl Fn(&Reservation) -> bool) -> Option<(Timestamp, DecisionId)> {
        self.waiting.iter().find(|(_, row)| wanted(row)).map(|(key, _)| *key)
    }

    /// Removes what was taken.
    pub(super) async fn delete_taken(self, tx: &mut Tx<'_>, org: OrgId) -> Result<(), StoreError> {
        let mut rest: Vec<Param> = self.taken.into_iter().map(|id| id.param()).collect();
        while !rest.is_empty() {
            let after = rest.split_off(statement_rows(rest.len()));
            let sql = "DELETE FROM reservations WHERE org_id = $1 AND decision_id IN (";
            let mut query = Query::new(sql, params![org]);
            query.bind_params(rest).push(")");
            tx.execute(query).await?;
            rest = after;
        }
        Ok(())
    }
}
