//! Numbers about decisions over a span of time.

use execlave_core::decision::Outcome;
use execlave_core::ids::{AgentId, OrgId};
use execlave_core::time::Timestamp;

use super::{DecisionFilter, DecisionSource};
use crate::db::column::{Record, Row};
use crate::db::query::Query;
use crate::{Store, StoreError};

/// How many agents the ranking has.
const AGENTS: i64 = 10;

/// How many decisions ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the outcomes by name")]
pub struct OutcomeCounts {
    pub allow: i64,
    pub require_approval: i64,
    pub block: i64,
}

impl OutcomeCounts {
    fn add(&mut self, outcome: Outcome, count: i64) {
        match outcome {
            Outcome::Allow => self.allow += count,
            Outcome::RequireApproval => self.require_approval += count,
            Outcome::Block => self.block += count,
        }
    }

    /// All of them.
    pub fn total(&self) -> i64 {
        self.allow + self.require_approval + self.block
    }
}

impl Record for OutcomeCounts {
    fn read(row: Row<'_>) -> Result<Self, StoreError> {
        let count = |column| row.get("decisions", column);
        Ok(Self {
            allow: count("allowed")?,
            require_approval: count("waiting")?,
            block: count("blocked")?,
        })
    }
}

/// What a span of time looked like.
#[derive(Clone, Debug, Default)]
pub struct DecisionStats {
    /// How the decisions ended.
    pub outcomes: OutcomeCounts,
    /// How many were made by the server.
    pub server: i64,
    /// How many were made in a client and reported.
    pub local: i64,
    /// How long deciding took on the server, on average.
    pub average_duration_us: i64,
    /// How long the slowest took on the server.
    pub longest_duration_us: i64,
    /// By beginning of the bucket, oldest first; empty buckets are left out.
    pub buckets: Vec<(Timestamp, OutcomeCounts)>,
    /// The agents that were stopped or held most often, most first.
    pub agents: Vec<(AgentId, OutcomeCounts)>,
}

struct Group {
    source: DecisionSource,
    outcome: Outcome,
    count: i64,
    duration: i64,
    longest: i64,
}

impl Record for Group {
    fn read(row: Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            source: row.get("decisions", "source")?,
            outcome: row.get("decisions", "outcome")?,
            count: row.get("decisions", "n")?,
            duration: row.get("decisions", "duration")?,
            longest: row.get("decisions", "longest")?,
        })
    }
}

struct Bucket {
    number: i64,
    outcome: Outcome,
    count: i64,
}

impl Record for Bucket {
    fn read(row: Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            number: row.get("decisions", "bucket")?,
            outcome: row.get("decisions", "outcome")?,
            count: row.get("decisions", "n")?,
        })
    }
}

struct Ranked(AgentId, OutcomeCounts);

impl Record for Ranked {
    fn read(row: Row<'_>) -> Result<Self, StoreError> {
        Ok(Self(row.get("decisions", "agent_id")?, OutcomeCounts::read(row)?))
    }
}

const BY_OUTCOME: &str = "count(*) FILTER (WHERE outcome = 'allow') AS allowed,
    count(*) FILTER (WHERE outcome = 'require_approval') AS waiting, count(*) FILTER (WHERE outcome = 'block') AS blocked";

impl Store {
    /// How many decisions ended how, from a moment on.
    pub async fn count_decisions_since(
        &self,
        org: OrgId,
        since: Timestamp,
    ) -> Result<OutcomeCounts, StoreError> {
        let filter = DecisionFilter { since: Some(since), ..DecisionFilter::default() };
        let query = selecting(org, BY_OUTCOME, &filter);
        Ok(self.db().one(query).await?.unwrap_or_default())
    }

    /// Numbers about the decisions a filter selects, with buckets of `bucket_ms` milliseconds.
    pub async fn decision_stats(
        &self,
        org: OrgId,
        filter: &DecisionFilter,
        bucket_ms: i64,
    ) -> Result<DecisionStats, StoreError> {
        const GROUPS: &str = "source, outcome, count(*) AS n, CAST(SUM(duration_us) AS BIGINT) AS duration, max(duration_us) AS longest";
        let mut stats = DecisionStats::default();
        let mut groups = selecting(org, GROUPS, filter);
        groups.push(" GROUP BY source, outcome");
        let mut duration = 0_i64;
        for group in self.db().all::<Group>(groups).await? {
            stats.outcomes.add(group.outcome, group.count);
            match group.source {
                DecisionSource::Server => {
                    stats.server += group.count;
                    duration = duration.saturating_add(group.duration);
                    stats.longest_duration_us = stats.longest_duration_us.max(group.longest);
                }
                DecisionSource::Local => stats.local += group.count,
            }
        }
        stats.average_duration_us = duration / stats.server.max(1);
        stats.buckets = self.buckets(org, filter, bucket_ms.max(1)).await?;
        let mut agents = selecting(org, &format!("agent_id, {BY_OUTCOME}"), filter);
        agents
            .push(
                " AND outcome <> 'allow' GROUP BY agent_id ORDER BY count(*) DESC, agent_id LIMIT ",
            )
            .bind(AGENTS);
        let ranked = self.db().all::<Ranked>(agents).await?;
        stats.agents = ranked.into_iter().map(|Ranked(agent, counts)| (agent, counts)).collect();
        Ok(stats)
    }

    async fn buckets(
        &self,
        org: OrgId,
        filter: &DecisionFilter,
        length: i64,
    ) -> Result<Vec<(Timestamp, OutcomeCounts)>, StoreError> {
        // The length is a number of ours and not a parameter: PostgreSQL would not see that two parameters group alike.
        let columns = format!("evaluated_at / {length} AS bucket, outcome, count(*) AS n");
        let mut query = selecting(org, &columns, filter);
        query.push(" GROUP BY bucket, outcome ORDER BY bucket");
        let mut buckets: Vec<(Timestamp, OutcomeCounts)> = Vec::new();
        for Bucket { number, outcome, count } in self.db().all::<Bucket>(query).await? {
            let at = Timestamp::from_millis(number.saturating_mul(length));
            if buckets.last().is_none_or(|(last, _)| *last != at) {
                buckets.push((at, OutcomeCounts::default()));
            }
            if let Some((_, counts)) = buckets.last_mut() {
                counts.add(outcome, count);
            }
        }
        Ok(buckets)
    }
}

fn selecting(org: OrgId, columns: &str, filter: &DecisionFilter) -> Query {
    let mut query = Query::new("SELECT ", Vec::new());
    query.push(columns).push(" FROM decisions WHERE org_id = ").bind(org);
    filter.apply(&mut query);
    query
}
