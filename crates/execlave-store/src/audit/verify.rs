//! Verifies a log where it is: every entry, every tree head that was signed, and what the database says of itself.

use ed25519_dalek::VerifyingKey;
use execlave_core::audit::{Chain, Problem, TreeHead};
use execlave_core::ids::OrgId;

use super::heads::HeadRecord;
use super::tree::AuditTree;
use super::{AuditEntry, guards};
use crate::db::Db;
use crate::db::column::{Record, Row};
use crate::db::query::{Query, params};
use crate::{Store, StoreError};

/// How many rows are in memory at once.
const ROWS: i64 = 1_000;

/// What is wrong with a log in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFinding {
    /// The place in the chain of the entry it is about, if it is about one.
    pub idx: Option<i64>,
    /// What is wrong there.
    pub problem: AuditProblem,
}

impl std::fmt::Display for AuditFinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.idx {
            Some(idx) => write!(f, "entry {idx}: {}", self.problem),
            None => write!(f, "{}", self.problem),
        }
    }
}

/// What can be wrong with a log in the database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditProblem {
    /// With what it says.
    #[error(transparent)]
    Log(#[from] Problem),
    /// Rows that no place in the chain is for.
    #[error("{0} rows of the log are outside the chain")]
    Stray(i64),
    /// The tree that is kept beside the log is not the tree over it.
    #[error("the row of `audit_trees` is not the tree over the entries")]
    OtherTree,
    /// The database file is damaged.
    #[error("the database file is damaged: {0}")]
    Damaged(String),
    /// A trigger that refuses changes was taken away.
    #[error("the triggers that refuse changes are not up: `execlave migrate` puts them up again")]
    Unguarded,
}

/// What a log in the database holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditReport {
    /// How many entries were looked at.
    pub entries: u64,
    /// How many signed tree heads.
    pub tree_heads: u64,
    /// The first thing that is wrong.
    pub finding: Option<AuditFinding>,
}

/// Either the database cannot be asked, or it answered and something is wrong.
enum Stop {
    Failed(StoreError),
    Found(AuditFinding),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        match damage(&error) {
            Some(detail) => Self::Found(found(None, AuditProblem::Damaged(detail))),
            None => Self::Failed(error),
        }
    }
}

fn found(idx: Option<i64>, problem: impl Into<AuditProblem>) -> AuditFinding {
    AuditFinding { idx, problem: problem.into() }
}

impl Store {
    /// Follows a whole log and names the first thing that is wrong. `keys` are those that tree heads may be signed with, `earlier` heads
    /// that were kept elsewhere. Reads every entry, a thousand at a time.
    pub async fn verify_audit(
        &self,
        org: OrgId,
        keys: &[VerifyingKey],
        earlier: Vec<TreeHead>,
    ) -> Result<AuditReport, StoreError> {
        let mut walk =
            Walk { db: self.db(), org, keys, chain: Chain::new(org, Vec::new()), tree_heads: 0 };
        let finding = match walk.run(earlier).await {
            Ok(()) => None,
            Err(Stop::Found(finding)) => Some(finding),
            Err(Stop::Failed(error)) => return Err(error),
        };
        let (entries, tree_heads) = (walk.chain.tree().size(), walk.tree_heads);
        Ok(AuditReport { entries, tree_heads, finding })
    }
}

struct Walk<'a> {
    db: &'a Db,
    org: OrgId,
    keys: &'a [VerifyingKey],
    chain: Chain,
    tree_heads: u64,
}

impl Walk<'_> {
    async fn run(&mut self, earlier: Vec<TreeHead>) -> Result<(), Stop> {
        for head in &earlier {
            head.check(self.keys).map_err(|problem| Stop::Found(found(None, problem)))?;
        }
        self.chain.expect(earlier);
        // Entries that are added meanwhile are left for the next time.
        let (size, tree) = match AuditTree::read(self.db, self.org).await {
            Ok(tree) => (tree.size(), Some(tree)),
            Err(error) if is_unreadable(&error) => (self.last_idx().await?, None),
            Err(error) => return Err(error.into()),
        };
        let heads = self.heads(size).await?;
        self.expect(heads)?;
        while self.chain.next_idx() <= size {
            if !self.page(size).await? {
                let expected = size.cast_unsigned();
                let problem = Problem::Truncated { expected, found: self.chain.tree().size() };
                return Err(Stop::Found(found(None, problem)));
            }
            let heads = self.heads(size).await?;
            self.expect(heads)?;
        }
        let beyond = self.heads_beyond(size).await?;
        self.expect(beyond)?;
        self.chain.end().map_err(|problem| Stop::Found(found(None, problem)))?;
        self.look_beside(size).await?;
        let kept = tree.as_ref().and_then(|tree| tree.frontier().ok());
        if kept.as_ref() != Some(self.chain.tree()) {
            return Err(Stop::Found(found(None, AuditProblem::OtherTree)));
        }
        if let Some(detail) = integrity(self.db).await? {
            return Err(Stop::Found(found(None, AuditProblem::Damaged(detail))));
        }
        if !guards::are_up(self.db).await? {
            return Err(Stop::Found(found(None, AuditProblem::Unguarded)));
        }
        Ok(())
    }

    /// Follows the next entries; `false` if there are none.
    async fn page(&mut self, size: i64) -> Result<bool, Stop> {
        let rows = match self.rows(size, ROWS).await {
            // One of them cannot be read: one after the other, so that it can be named.
            Err(error) if is_unreadable(&error) => self.rows(size, 1).await,
            other => other,
        };
        let idx = Some(self.chain.next_idx());
        let rows = rows.map_err(|error| match &error {
            StoreError::Inconsistent { column, detail, .. } => {
                let problem = Problem::Unreadable(format!("column `{column}`: {detail}"));
                Stop::Found(found(idx, problem))
            }
            _ => match damage(&error) {
                Some(detail) => Stop::Found(found(idx, AuditProblem::Damaged(detail))),
                None => Stop::Failed(error),
            },
        })?;
        for row in &rows {
            let idx = Some(self.chain.next_idx());
            let entry = row.to_entry().map_err(|problem| Stop::Found(found(idx, problem)))?;
            self.chain.push(&entry).map_err(|problem| Stop::Found(found(idx, problem)))?;
        }
        Ok(!rows.is_empty())
    }

    async fn rows(&self, size: i64, limit: i64) -> Result<Vec<AuditEntry>, StoreError> {
        let after = self.chain.next_idx() - 1;
        super::entries(self.db, self.org, after, size, limit).await
    }

    /// The heads that the next page has to agree with.
    async fn heads(&self, size: i64) -> Result<Vec<HeadRecord>, StoreError> {
        const SQL: &str = "SELECT * FROM audit_tree_heads WHERE org_id = $1 AND size > $2 AND size <= $3 AND size <= $4 ORDER BY size";
        let followed = self.chain.next_idx() - 1;
        let after = if followed == 0 { -1 } else { followed };
        let query = Query::new(SQL, params![self.org, after, followed + ROWS, size]);
        self.db.all(query).await
    }

    /// A head of more entries than there are.
    async fn heads_beyond(&self, size: i64) -> Result<Vec<HeadRecord>, StoreError> {
        const SQL: &str = "SELECT * FROM audit_tree_heads WHERE org_id = $1 AND size > COALESCE((SELECT size FROM audit_trees WHERE org_id = $1), $2) ORDER BY size LIMIT 1";
        self.db.all(Query::new(SQL, params![self.org, size])).await
    }

    fn expect(&mut self, heads: Vec<HeadRecord>) -> Result<(), Stop> {
        let heads: Vec<TreeHead> = heads.into_iter().map(HeadRecord::head).collect();
        for head in &heads {
            head.check(self.keys).map_err(|problem| Stop::Found(found(None, problem)))?;
            self.tree_heads += 1;
        }
        self.chain.expect(heads);
        Ok(())
    }

    /// Rows that nobody reads because their place is not one.
    async fn look_beside(&self, size: i64) -> Result<(), Stop> {
        const BELOW: &str =
            "SELECT count(*) AS n FROM audit_entries WHERE org_id = $1 AND idx <= $2";
        const ABOVE: &str = "SELECT count(*) AS n FROM audit_entries WHERE org_id = $1 AND idx > COALESCE((SELECT size FROM audit_trees WHERE org_id = $1), $2)";
        let below = self.db.number(Query::new(BELOW, params![self.org, size])).await? - size;
        let above = self.db.number(Query::new(ABOVE, params![self.org, size])).await?;
        match below + above {
            0 => Ok(()),
            stray => Err(Stop::Found(found(None, AuditProblem::Stray(stray)))),
        }
    }

    async fn last_idx(&self) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT COALESCE(max(idx), 0) AS n FROM audit_entries WHERE org_id = $1";
        self.db.number(Query::new(SQL, params![self.org])).await
    }
}

fn is_unreadable(error: &StoreError) -> bool {
    matches!(error, StoreError::Inconsistent { .. }) || damage(error).is_some()
}

/// What SQLite says of a damaged file: the codes `SQLITE_CORRUPT` and `SQLITE_NOTADB`.
fn damage(error: &StoreError) -> Option<String> {
    let StoreError::Other(sqlx::Error::Database(error)) = error else { return None };
    let code: u32 = error.code()?.parse().ok()?;
    (error.code()?.len() < 5 && matches!(code & 0xff, 11 | 26)).then(|| error.to_string())
}

/// The first fault that SQLite finds in the tables of the log and their indexes: a byte that only an index or only a table has. A marked
/// exception: PostgreSQL answers for its own files.
async fn integrity(db: &Db) -> Result<Option<String>, StoreError> {
    struct Line(String);
    impl Record for Line {
        fn read(row: Row<'_>) -> Result<Self, StoreError> {
            row.get("pragma", "integrity_check").map(Self)
        }
    }
    let Db::Sqlite { .. } = db else { return Ok(None) };
    for check in
        ["PRAGMA integrity_check(audit_entries)", "PRAGMA integrity_check(audit_tree_heads)"]
    {
        if let Some(Line(line)) = db.one(Query::new(check, params![])).await?
            && line != "ok"
        {
            return Ok(Some(line));
        }
    }
    Ok(None)
}
