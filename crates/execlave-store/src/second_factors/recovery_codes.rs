//! Recovery codes: each stands once for a code of the app that was lost.

use execlave_core::ids::{OrgId, UserId};
use execlave_core::time::Timestamp;
use serde_json::json;

use super::{actor, tell};
use crate::audit::{self, Event};
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::users;
use crate::{Store, StoreError};

const COUNT: &str = "SELECT count(*) AS n FROM recovery_codes WHERE org_id = $1 AND user_id = $2";

/// A code that was not used yet.
pub(super) struct RecoveryCode {
    pub(super) org_id: OrgId,
    pub(super) user_id: UserId,
    pub(super) code_hash: String,
}

table!("recovery_codes" => RecoveryCode { org_id, user_id, code_hash });

impl Store {
    /// Uses a recovery code up; audited, with how many are left. Of several callers with the same code exactly one is told that it is
    /// good.
    pub async fn take_recovery_code(
        &self,
        org: OrgId,
        user: UserId,
        code_hash: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        const TAKE: &str =
            "DELETE FROM recovery_codes WHERE org_id = $1 AND user_id = $2 AND code_hash = $3";
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let Some(person) = users::find(&mut tx, org, user).await? else { return Ok(false) };
        if tx.execute(Query::new(TAKE, params![org, user, code_hash])).await? == 0 {
            return Ok(false);
        }
        let left = tx.number(Query::new(COUNT, params![org, user])).await?;
        let (by, subject, body) = (actor(user), actor(user), json!({ "left": left }).into());
        let name = "user.recovery_code_used";
        audit::append(&mut tx, org, Event { at, actor: &by, name, subject, body }).await?;
        tell(&mut tx, &person, "recoveryCodes", &by, at).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// How many recovery codes somebody has left.
    pub async fn count_recovery_codes(&self, org: OrgId, user: UserId) -> Result<i64, StoreError> {
        self.db().number(Query::new(COUNT, params![org, user])).await
    }
}
