//! How much happened: the sums the dashboard's first page shows.

use execlave_core::ids::OrgId;
use execlave_core::time::Timestamp;

use crate::db::column::{Record, Row};
use crate::db::query::{Query, params};
use crate::decisions::OutcomeCounts;
use crate::{Store, StoreError};

/// The decisions of one hour.
struct HourCounts {
    hour: i64,
    counts: OutcomeCounts,
}

impl Record for HourCounts {
    fn read(row: Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { hour: row.get("decisions", "hour")?, counts: OutcomeCounts::read(row)? })
    }
}

impl Store {
    /// Decisions by hour, from a moment on. An hour is numbered from 1970; hours without decisions are left out.
    pub async fn count_decisions_by_hour(
        &self,
        org: OrgId,
        since: Timestamp,
    ) -> Result<Vec<(i64, OutcomeCounts)>, StoreError> {
        const SQL: &str = "
            SELECT evaluated_at / 3600000 AS hour, count(*) FILTER (WHERE outcome = 'allow') AS allowed,
                count(*) FILTER (WHERE outcome = 'require_approval') AS waiting, count(*) FILTER (WHERE outcome = 'block') AS blocked
            FROM decisions WHERE org_id = $1 AND evaluated_at >= $2 GROUP BY evaluated_at / 3600000 ORDER BY 1";
        let hours = self.db().all::<HourCounts>(Query::new(SQL, params![org, since])).await?;
        Ok(hours.into_iter().map(|row| (row.hour, row.counts)).collect())
    }

    /// What the traces begun since a moment cost, in billionths of a dollar.
    pub async fn sum_trace_cost_since(
        &self,
        org: OrgId,
        since: Timestamp,
    ) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT CAST(COALESCE(SUM(cost_nanos), 0) AS BIGINT) AS n FROM traces WHERE org_id = $1 AND started_at >= $2";
        self.db().number(Query::new(SQL, params![org, since])).await
    }
}
