//! Triggers that refuse to change or delete what the audit log holds. They keep mistakes out, and whoever may write but not change the
//! schema; against an administrator there are hashes and signatures.
//!
//! A marked exception to one SQL for both databases: they have no common words for triggers. So they are no migration either, but are
//! put up after the migrations, and again if somebody took them away.

use sqlx::postgres::PgPool;

use crate::StoreError;
use crate::db::Db;
use crate::db::query::{Query, params};

const IN_SQLITE: &str = "SELECT count(*) AS n FROM sqlite_master WHERE type = 'trigger' AND name IN ('audit_entries_no_update', 'audit_entries_no_delete', 'audit_entries_no_replace', 'audit_tree_heads_no_update', 'audit_tree_heads_no_delete', 'audit_tree_heads_no_replace')";

const IN_POSTGRES: &str = "SELECT count(*) AS n FROM pg_trigger WHERE tgenabled IN ('O', 'A') AND (tgrelid, tgname) IN ((to_regclass('audit_entries'), 'audit_entries_append_only'), (to_regclass('audit_tree_heads'), 'audit_tree_heads_append_only'))";

/// Whether every trigger is up.
pub(super) async fn are_up(db: &Db) -> Result<bool, StoreError> {
    let (sql, wanted) = match db {
        Db::Sqlite { .. } => (IN_SQLITE, 6),
        Db::Postgres(_) => (IN_POSTGRES, 2),
    };
    Ok(db.number(Query::new(sql, params![])).await? == wanted)
}

/// Puts up those that are missing. Several processes may do so at once.
pub(crate) async fn put_up(db: &Db) -> Result<(), StoreError> {
    if are_up(db).await? {
        return Ok(());
    }
    match db {
        Db::Sqlite { write, .. } => {
            let mut connection = write.take().await?;
            sqlx::raw_sql(include_str!("guards/sqlite.sql")).execute(&mut *connection).await?;
        }
        Db::Postgres(pool) => put_up_in_postgres(pool).await?,
    }
    Ok(())
}

async fn put_up_in_postgres(pool: &PgPool) -> Result<(), StoreError> {
    const LOCK: &str = "LOCK TABLE audit_entries IN SHARE ROW EXCLUSIVE MODE";
    const TAKE_DOWN: &str = "DROP TRIGGER IF EXISTS audit_entries_append_only ON audit_entries; DROP TRIGGER IF EXISTS audit_tree_heads_append_only ON audit_tree_heads";
    let mut transaction = pool.begin().await?;
    sqlx::query(LOCK).execute(&mut *transaction).await?;
    let (up,): (i64,) = sqlx::query_as(IN_POSTGRES).fetch_one(&mut *transaction).await?;
    if up != 2 {
        sqlx::raw_sql(TAKE_DOWN).execute(&mut *transaction).await?;
        sqlx::raw_sql(include_str!("guards/postgres.sql")).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(())
}
