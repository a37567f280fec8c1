//! Passwords, as hashes. They have a table of their own, so that whoever reads users never holds one.

use execlave_core::ids::{OrgId, SessionId, UserId};
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde_json::json;
use std::fmt;

use crate::audit::{self, Event};
use crate::db::Tx;
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::second_factors::forget_pending;
use crate::users::{self, User};
use crate::{Store, StoreError};

/// Somebody's password.
#[derive(Clone)]
pub struct Password {
    /// Whose user.
    pub org_id: OrgId,
    /// Whose password.
    pub user_id: UserId,
    /// Its hash with the parameters it was made with, in the PHC form.
    pub hash: String,
    /// Since when.
    pub changed_at: Timestamp,
}

table!("passwords" => Password { org_id, user_id, hash, changed_at });

/// Without the hash.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

impl Store {
    /// Who may be meant by an address at the sign-in page, where nobody has said which organisation, with their passwords. Oldest
    /// first, and only few: an address in many organisations must not make signing in slow.
    pub async fn find_users_by_email_across_orgs(
        &self,
        email: &str,
    ) -> Result<Vec<(User, Option<Password>)>, StoreError> {
        const SQL: &str = "SELECT * FROM users WHERE lower(email) = lower($1) AND state = 'active' ORDER BY created_at, id LIMIT 4";
        let users = self.db().all::<User>(Query::new(SQL, params![email])).await?;
        let mut found = Vec::with_capacity(users.len());
        for user in users {
            let password = self.find_password(user.org_id, user.id).await?;
            found.push((user, password));
        }
        Ok(found)
    }

    /// Somebody's password, if they have one.
    pub async fn find_password(
        &self,
        org: OrgId,
        user: UserId,
    ) -> Result<Option<Password>, StoreError> {
        const SQL: &str = "SELECT * FROM passwords WHERE org_id = $1 AND user_id = $2";
        self.db().one(Query::new(SQL, params![org, user])).await
    }

    /// Changes a password; audited. Every session but `keep` and every link of the user ends: whoever had one may be why it is changed.
    /// Whether there is such a user.
    pub async fn set_password(
        &self,
        password: &Password,
        keep: Option<SessionId>,
        actor: &str,
    ) -> Result<bool, StoreError> {
        const OTHERS: &str = "DELETE FROM sessions WHERE org_id = $1 AND user_id = $2 AND id <> $3";
        const LINKS: &str = "DELETE FROM sign_in_links WHERE org_id = $1 AND user_id = $2";
        let Password { org_id, user_id, changed_at: at, .. } = *password;
        let kept = keep.map(|id| id.to_string()).unwrap_or_default();
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org_id).await?;
        let Some(user) = users::find(&mut tx, org_id, user_id).await? else { return Ok(false) };
        put(&mut tx, password).await?;
        tx.execute(Query::new(OTHERS, params![org_id, user_id, kept])).await?;
        tx.execute(Query::new(LINKS, params![org_id, user_id])).await?;
        tx.execute(forget_pending(org_id, user_id)).await?;
        let subject = format!("user:{user_id}");
        let event =
            Event { at, actor, name: "user.password_changed", subject, body: json!({}).into() };
        audit::append(&mut tx, org_id, event).await?;
        users::tell(&mut tx, &user, EventType::UserPasswordChanged, None, actor, at).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Writes a password over the one before.
pub(crate) async fn put(tx: &mut Tx<'_>, password: &Password) -> Result<(), StoreError> {
    const OLD: &str = "DELETE FROM passwords WHERE org_id = $1 AND user_id = $2";
    tx.execute(Query::new(OLD, params![password.org_id, password.user_id])).await?;
    tx.insert(password).await.noun("password").map(drop)
}
