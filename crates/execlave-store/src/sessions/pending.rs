//! Signing in, half done: a password or a link was good, and a code is still owed.

use execlave_core::ids::{OrgId, UserId};
use execlave_core::time::Timestamp;
use std::fmt;

use super::SignInMethod;
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::users::{User, UserState};
use crate::{Store, StoreError};

/// What somebody has shown so far.
#[derive(Clone)]
pub struct PendingSignIn {
    /// SHA-256 of the browser's token, in hexadecimal.
    pub token_hash: String,
    /// Whose user.
    pub org_id: OrgId,
    /// Who signs in.
    pub user_id: UserId,
    /// What they have shown.
    pub method: SignInMethod,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when the code may come.
    pub expires_at: Timestamp,
}

table!("pending_sign_ins" => PendingSignIn { token_hash, org_id, user_id, method, created_at, expires_at });

/// Without the hash.
impl fmt::Debug for PendingSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingSignIn").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

impl Store {
    /// Remembers that a code is owed. Not audited: nobody is signed in by it.
    pub async fn insert_pending_sign_in(&self, pending: &PendingSignIn) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.insert(pending).await.noun("pending sign-in")?;
        tx.commit().await
    }

    /// What a token stands for and its user, unless it is too late or the user cannot sign in.
    pub async fn find_pending_sign_in(
        &self,
        token_hash: &str,
        now: Timestamp,
    ) -> Result<Option<(PendingSignIn, User)>, StoreError> {
        const SQL: &str =
            "SELECT * FROM pending_sign_ins WHERE token_hash = $1 AND expires_at > $2";
        let found =
            self.db().one::<PendingSignIn>(Query::new(SQL, params![token_hash, now])).await?;
        let Some(pending) = found else { return Ok(None) };
        let user = self.find_user(pending.org_id, pending.user_id).await?;
        let user = user.filter(|user| user.state == UserState::Active);
        Ok(user.map(|user| (pending, user)))
    }

    /// Uses it up. Of several callers exactly one is told that it was there.
    pub async fn take_pending_sign_in(
        &self,
        token_hash: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "DELETE FROM pending_sign_ins WHERE token_hash = $1 AND expires_at > $2";
        let mut tx = self.begin().await?;
        let taken = tx.execute(Query::new(SQL, params![token_hash, now])).await?;
        tx.commit().await?;
        Ok(taken == 1)
    }
}
