//! How much an organisation has of what a plan may limit.

use execlave_core::ids::OrgId;
use execlave_core::time::Timestamp;

use crate::db::column::{Record, Row};
use crate::db::query::{Query, params};
use crate::{Store, StoreError};

/// Counts of limited things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageCounts {
    /// Agents that are not archived.
    pub agents: i64,
    /// Traces received in this calendar month (UTC).
    pub traces: i64,
    /// Users.
    pub users: i64,
    /// Policies.
    pub policies: i64,
}

impl Record for UsageCounts {
    fn read(row: Row<'_>) -> Result<Self, StoreError> {
        let count = |column| row.get("usage", column);
        Ok(Self {
            agents: count("agents")?,
            traces: count("traces")?,
            users: count("users")?,
            policies: count("policies")?,
        })
    }
}

/// The calendar month of a moment, as `2026-11`: the beginning of its RFC 3339 form.
pub(crate) fn month_of(at: Timestamp) -> String {
    at.to_string().chars().take(7).collect()
}

impl Store {
    /// What an organisation has at the moment.
    pub async fn usage(&self, org: OrgId, now: Timestamp) -> Result<UsageCounts, StoreError> {
        const SQL: &str = "
            SELECT (SELECT count(*) FROM agents WHERE org_id = $1 AND status <> 'archived') AS agents,
                COALESCE((SELECT traces FROM trace_months WHERE org_id = $1 AND month = $2), 0) AS traces,
                (SELECT count(*) FROM users WHERE org_id = $1) AS users,
                (SELECT count(*) FROM policies WHERE org_id = $1) AS policies";
        Ok(self.db().one(Query::new(SQL, params![org, month_of(now)])).await?.unwrap_or_default())
    }
}
