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
        let mut open = Self { waiting: BTreeMap::new(), taken: Vec::new() };
        let is_locking = tx.has_concurrent_writers();
        let mut queries = vec![oldest(org, agent, traces.len())];
        let mut names: Vec<&str> = traces.iter().map(|new| new.trace.trace_id.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let names: Vec<Param> = names.into_iter().map(ToParam::param).collect();
        queries.extend(in_pieces(names).map(|names| of_traces(org, agent, names, is_locking)));
        let decisions: Vec<Param> =
            traces.iter().filter_map(|new| new.decision_id).map(|id| id.param()).collect();
        queries.extend(in_pieces(decisions).map(|decisions| of_decisions(org, decisions)));
        for mut query in queries {
            query.push(if is_locking { " FOR UPDATE" } else { "" });
            let mut found: Vec<Reservation> = tx.all(query).await?;
            found.retain(|row| row.agent_id == agent);
            open.add(found);
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
        for decisions in in_pieces(self.taken.into_iter().map(|id| id.param()).collect()) {
            let sql = "DELETE FROM reservations WHERE org_id = $1 AND decision_id IN (";
            let mut query = Query::new(sql, params![org]);
            query.bind_params(decisions).push(")");
            tx.execute(query).await?;
        }
        Ok(())
    }
}

/// As many of an agent's nameless reservations as there are traces.
fn oldest(org: OrgId, agent: AgentId, traces: usize) -> Query {
    const SQL: &str =
        "SELECT * FROM reservations WHERE org_id = $1 AND agent_id = $2 AND trace_id IS NULL
        ORDER BY created_at, decision_id LIMIT $3";
    Query::new(SQL, params![org, agent, i64::try_from(traces).unwrap_or(i64::MAX)])
}

/// Those of an agent that name one of some traces.
fn of_traces(org: OrgId, agent: AgentId, names: Vec<Param>, is_locking: bool) -> Query {
    const SQL: &str =
        "SELECT * FROM reservations WHERE org_id = $1 AND agent_id = $2 AND trace_id IN (";
    let mut query = Query::new(SQL, params![org, agent]);
    // Locks are taken in one order. Asked for an order, SQLite would rather walk through all reservations than use the index.
    query.bind_params(names).push(if is_locking { ") ORDER BY decision_id" } else { ")" });
    query
}

/// Those of some decisions, of whichever agent: asked for one agent's, SQLite would read all that it has.
fn of_decisions(org: OrgId, decisions: Vec<Param>) -> Query {
    const SQL: &str = "SELECT * FROM reservations WHERE org_id = $1 AND decision_id IN (";
    let mut query = Query::new(SQL, params![org]);
    query.bind_params(decisions).push(") ORDER BY decision_id");
    query
}

/// As many values as one statement takes, again and again.
fn in_pieces(mut rest: Vec<Param>) -> impl Iterator<Item = Vec<Param>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let after = rest.split_off(statement_rows(rest.len()));
        Some(std::mem::replace(&mut rest, after))
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::Store;
    use crate::db::column::{Record, Row};

    /// What SQLite answers to `EXPLAIN QUERY PLAN`.
    #[derive(Debug)]
    struct Step(String);

    impl Record for Step {
        fn read(row: Row<'_>) -> Result<Self, StoreError> {
            row.get("step", "detail").map(Self)
        }
    }

    #[tokio::test]
    async fn no_reservation_is_read_in_vain() {
        let directory = tempfile::tempdir().expect("a directory is made");
        let store = Store::open_sqlite(directory.path()).await.expect("it opens");
        store.migrate().await.expect("it migrates");
        let (org, agent) = (OrgId::from(Uuid::nil()), AgentId::from(Uuid::nil()));
        let values = |count| vec!["value".param(); count];
        for count in [1, 15, 64] {
            for (mut query, index) in [
                (oldest(org, agent, count), "reservations_agent (org_id=? AND agent_id=?)"),
                (
                    of_traces(org, agent, values(count), false),
                    "reservations_trace (org_id=? AND agent_id=? AND trace_id=?)",
                ),
                (of_decisions(org, values(count)), "(org_id=? AND decision_id=?)"),
            ] {
                query.sql = format!("EXPLAIN QUERY PLAN {}", query.sql).into();
                let steps: Vec<Step> = store.db().all(query).await.expect("it is explained");
                assert!(steps.iter().any(|step| step.0.contains(index)), "{count} {steps:?}");
            }
        }
    }
}
