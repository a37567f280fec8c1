//! The rows behind a [`Ledger`]. On PostgreSQL a row is made before it is locked, since what does not exist cannot be, and all rows are
//! taken in one order, so that two nodes never wait for each other. On SQLite the transaction excludes every other writer anyway.

use std::collections::BTreeSet;

use execlave_core::ids::OrgId;
use execlave_core::policy::BudgetWindow;
use execlave_core::time::Timestamp;

use super::ledger::{Ledger, RateKey};
use super::{Mark, SlidingWindow, StateClaim};
use crate::StoreError;
use crate::db::column::{Param, Table, table};
use crate::db::query::{Query, params};
use crate::db::{Db, Tx};
use crate::error::WithNoun as _;
use crate::spend::Charged;

/// What was spent plus what is reserved of one budget.
#[derive(Clone, Debug)]
pub(crate) struct SpendRow {
    org_id: OrgId,
    scope_key: String,
    period: BudgetWindow,
    starts_at: Timestamp,
    nanos: i64,
}

impl SpendRow {
    pub(crate) fn new(org_id: OrgId, row: Charged, nanos: i64) -> Self {
        let Charged { scope_key, period, starts_at } = row;
        Self { org_id, scope_key, period, starts_at, nanos }
    }
}

table!("spend" => SpendRow { org_id, scope_key, period, starts_at, nanos });

#[derive(Clone, Debug)]
struct RateRow {
    org_id: OrgId,
    scope_key: String,
    window_ms: i64,
    slices: SlidingWindow,
    latest_at: Timestamp,
}

table!("rate_windows" => RateRow { org_id, scope_key, window_ms, slices, latest_at });

#[derive(Clone, Debug)]
struct MarkRow {
    org_id: OrgId,
    sequence: String,
    matcher: String,
    at: Timestamp,
}

table!("sequence_marks" => MarkRow { org_id, sequence, matcher, at });

/// How rows are read.
pub(crate) enum Reader<'a, 'c> {
    /// To be changed: locked until the transaction ends.
    Locking(&'a mut Tx<'c>),
    /// To be looked at.
    Looking(&'a Db),
}

impl Ledger {
    /// Reads what the claims are about.
    pub(crate) async fn load(
        &mut self,
        mut reader: Reader<'_, '_>,
        claims: &[&StateClaim],
    ) -> Result<(), StoreError> {
        let mut spend: BTreeSet<(OrgId, Charged)> = BTreeSet::new();
        let mut rates: BTreeSet<RateKey> = BTreeSet::new();
        let mut marks: BTreeSet<(OrgId, Mark)> = BTreeSet::new();
        for claim in claims {
            spend.extend(claim.budgets.iter().map(|charge| (claim.org, charge.row())));
            let windows =
                claim.rates.iter().map(|rate| (claim.org, rate.scope_key.clone(), rate.window_ms));
            rates.extend(windows);
            let asked = claim.sequences.iter().map(|question| question.mark.clone());
            marks.extend(asked.map(|mark| (claim.org, mark)));
        }
        let blank: Vec<SpendRow> =
            spend.iter().map(|(org, row)| SpendRow::new(*org, row.clone(), 0)).collect();
        for row in reader.read("org_id, scope_key, period, starts_at", 4, &blank).await? {
            let SpendRow { org_id, scope_key, period, starts_at, nanos } = row;
            self.spend.insert((org_id, Charged { scope_key, period, starts_at }), nanos);
        }
        let blank: Vec<RateRow> = rates
            .into_iter()
            .map(|key| rate_row(key, SlidingWindow::default(), Timestamp::from_millis(0)))
            .collect();
        for row in reader.read("org_id, scope_key, window_ms", 3, &blank).await? {
            self.rates.insert((row.org_id, row.scope_key, row.window_ms), row.slices);
        }
        // Marks are never made before they are left, and nobody waits for one.
        let asked: Vec<MarkRow> = marks
            .into_iter()
            .map(|(org, mark)| mark_row(org, mark, Timestamp::from_millis(0)))
            .collect();
        for row in reader.look("org_id, sequence, matcher", 3, &asked).await? {
            let mark = Mark { sequence: row.sequence, matcher: row.matcher };
            self.marks.insert((row.org_id, mark), row.at);
        }
        Ok(())
    }

    /// Writes what was changed.
    pub(crate) async fn write(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let spend: Vec<SpendRow> = self
            .changed_spend
            .iter()
            .map(|key| {
                let nanos = self.spend.get(key).copied().unwrap_or_default();
                SpendRow::new(key.0, key.1.clone(), nanos)
            })
            .collect();
        let replace = "ON CONFLICT (org_id, scope_key, period, starts_at) DO UPDATE SET nanos = excluded.nanos";
        tx.upsert_all(&spend.iter().collect::<Vec<_>>(), replace).await.noun("spend")?;
        let rates: Vec<RateRow> = self
            .changed_rates
            .iter()
            .map(|(key, at)| {
                rate_row(key.clone(), self.rates.get(key).cloned().unwrap_or_default(), *at)
            })
            .collect();
        let replace = "ON CONFLICT (org_id, scope_key, window_ms) DO UPDATE SET
            slices = excluded.slices, latest_at = CASE WHEN excluded.latest_at > rate_windows.latest_at
            THEN excluded.latest_at ELSE rate_windows.latest_at END";
        tx.upsert_all(&rates.iter().collect::<Vec<_>>(), replace).await.noun("rate")?;
        let marks: Vec<MarkRow> = self
            .changed_marks
            .iter()
            .filter_map(|key| Some(mark_row(key.0, key.1.clone(), *self.marks.get(key)?)))
            .collect();
        let replace = "ON CONFLICT (org_id, sequence, matcher) DO UPDATE SET
            at = CASE WHEN excluded.at > sequence_marks.at THEN excluded.at ELSE sequence_marks.at END";
        tx.upsert_all(&marks.iter().collect::<Vec<_>>(), replace).await.noun("mark")
    }
}

fn rate_row(
    (org_id, scope_key, window_ms): RateKey,
    slices: SlidingWindow,
    latest_at: Timestamp,
) -> RateRow {
    RateRow { org_id, scope_key, window_ms, slices, latest_at }
}

fn mark_row(org_id: OrgId, mark: Mark, at: Timestamp) -> MarkRow {
    MarkRow { org_id, sequence: mark.sequence, matcher: mark.matcher, at }
}

impl Reader<'_, '_> {
    /// The rows whose keys, the first `width` columns named in `keys`, are those of `blank`; locked where that is asked for, and made
    /// first where a lock needs them to be there.
    async fn read<T: Table>(
        &mut self,
        keys: &'static str,
        width: usize,
        blank: &[T],
    ) -> Result<Vec<T>, StoreError> {
        let locks = match self {
            Self::Locking(tx) => tx.has_concurrent_writers(),
            Self::Looking(_) => false,
        };
        if let Self::Locking(tx) = self
            && locks
        {
            let rows: Vec<&T> = blank.iter().collect();
            tx.upsert_all(&rows, "ON CONFLICT DO NOTHING").await.noun("state")?;
        }
        self.select(keys, width, blank, if locks { " FOR UPDATE" } else { "" }).await
    }

    /// The same without locks.
    async fn look<T: Table>(
        &mut self,
        keys: &'static str,
        width: usize,
        wanted: &[T],
    ) -> Result<Vec<T>, StoreError> {
        self.select(keys, width, wanted, "").await
    }

    async fn select<T: Table>(
        &mut self,
        keys: &'static str,
        width: usize,
        wanted: &[T],
        lock: &str,
    ) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        let mut rest = wanted;
        while !rest.is_empty() {
            let size = crate::db::statement_rows(rest.len());
            let (chunk, after) = rest.split_at(size);
            let mut query = Query::new("SELECT * FROM ", params![]);
            query.push(T::TABLE).push(" WHERE (").push(keys).push(") IN (VALUES ");
            for (index, row) in chunk.iter().enumerate() {
                let key: Vec<Param> = row.params().into_iter().take(width).collect();
                query.push(if index == 0 { "(" } else { ", (" }).bind_params(key).push(")");
            }
            query.push(") ORDER BY ").push(keys).push(lock);
            found.extend(match self {
                Self::Locking(tx) => tx.all::<T>(query).await?,
                Self::Looking(db) => db.all::<T>(query).await?,
            });
            rest = after;
        }
        Ok(found)
    }
}
