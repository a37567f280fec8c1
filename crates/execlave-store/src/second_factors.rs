//! Second factors: the sealed secret of an authenticator app, the steps it has been used for, and recovery codes as hashes. What
//! unseals the secret is not in the database, so whoever reads that computes no code.

mod recovery_codes;

use execlave_core::ids::{OrgId, SessionId, UserId};
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde_json::json;
use std::fmt;

use self::recovery_codes::RecoveryCode;
use crate::audit::{self, Event};
use crate::db::Tx;
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::users::{self, User};
use crate::{Store, StoreError};

/// Somebody's second factor.
#[derive(Clone)]
pub struct SecondFactor {
    /// Whose user.
    pub org_id: OrgId,
    /// Whose factor.
    pub user_id: UserId,
    /// The secret that the app has as well, sealed.
    pub secret: String,
    /// Since when there is one.
    pub created_at: Timestamp,
    /// Since when it is asked for; none until the first code came.
    pub confirmed_at: Option<Timestamp>,
    /// The step of the last code that was accepted.
    pub last_step: i64,
}

table!("second_factors" => SecondFactor { org_id, user_id, secret, created_at, confirmed_at, last_step });

/// Without the secret.
impl fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecondFactor").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// What became of a wish to remove a second factor.
#[derive(Clone, Debug)]
pub enum FactorRemoved {
    /// There is none any more, whether or not there was one before.
    Done(User),
    /// There is no such user.
    NotFound,
    /// Whoever wants it may not.
    Refused,
}

/// The first code of a new secret.
#[derive(Clone, Copy, Debug)]
pub struct FirstCode<'a> {
    /// The sealed secret that it belongs to: another enrolment may have begun meanwhile.
    pub secret: &'a str,
    /// Its step.
    pub step: i64,
    /// SHA-256 of the new recovery codes, in hexadecimal.
    pub recovery_hashes: &'a [String],
    /// The session that goes on.
    pub keep: SessionId,
}

impl Store {
    /// Keeps a secret that is not asked for yet, over one that was never confirmed; audited. Whether it could: not over one in force.
    pub async fn begin_second_factor(
        &self,
        org: OrgId,
        user: UserId,
        secret: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const OLD: &str = "DELETE FROM second_factors WHERE org_id = $1 AND user_id = $2 AND confirmed_at IS NULL";
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        tx.execute(Query::new(OLD, params![org, user])).await?;
        let factor = SecondFactor {
            org_id: org,
            user_id: user,
            secret: secret.to_owned(),
            created_at: now,
            confirmed_at: None,
            last_step: 0,
        };
        match tx.insert(&factor).await.noun("second factor") {
            Ok(()) => {}
            Err(StoreError::Conflict(_)) => return Ok(false),
            Err(error) => return Err(error),
        }
        record(&mut tx, org, user, ("user.second_factor_begun", &actor(user)), now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Puts a secret into force with its first code, and keeps the recovery codes; audited. Every other session ends: none of them was
    /// begun with a code. Whether that secret still waited.
    pub async fn confirm_second_factor(
        &self,
        org: OrgId,
        user: UserId,
        first: FirstCode<'_>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE second_factors SET confirmed_at = $4, last_step = $5 WHERE org_id = $1 AND user_id = $2 AND secret = $3 AND confirmed_at IS NULL";
        const OTHERS: &str = "DELETE FROM sessions WHERE org_id = $1 AND user_id = $2 AND id <> $3";
        let FirstCode { secret, step, recovery_hashes, keep } = first;
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let Some(person) = users::find(&mut tx, org, user).await? else { return Ok(false) };
        let update = Query::new(SQL, params![org, user, secret, now, step]);
        if tx.execute(update).await? == 0 {
            return Ok(false);
        }
        for hash in recovery_hashes {
            let code = RecoveryCode { org_id: org, user_id: user, code_hash: hash.clone() };
            tx.insert(&code).await.noun("recovery code")?;
        }
        tx.execute(Query::new(OTHERS, params![org, user, keep])).await?;
        tx.execute(forget_pending(org, user)).await?;
        let actor = actor(user);
        record(&mut tx, org, user, ("user.second_factor_enabled", &actor), now).await?;
        tell(&mut tx, &person, "secondFactor", &actor, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Somebody's second factor, in force or not.
    pub async fn find_second_factor(
        &self,
        org: OrgId,
        user: UserId,
    ) -> Result<Option<SecondFactor>, StoreError> {
        const SQL: &str = "SELECT * FROM second_factors WHERE org_id = $1 AND user_id = $2";
        self.db().one(Query::new(SQL, params![org, user])).await
    }

    /// Uses a step up. Of several callers with the same code exactly one is told that it is good. Not audited, because what the code
    /// was for is.
    pub async fn take_second_factor_step(
        &self,
        org: OrgId,
        user: UserId,
        secret: &str,
        step: i64,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE second_factors SET last_step = $4 WHERE org_id = $1 AND user_id = $2 AND secret = $3 AND confirmed_at IS NOT NULL AND last_step < $4";
        let mut tx = self.begin().await?;
        let taken = tx.execute(Query::new(SQL, params![org, user, secret, step])).await?;
        tx.commit().await?;
        Ok(taken == 1)
    }

    /// Removes somebody's second factor with its recovery codes; audited if there was one in force. `allow` judges the user as they
    /// are inside the transaction.
    pub async fn delete_second_factor(
        &self,
        org: OrgId,
        user: UserId,
        (actor, now): (&str, Timestamp),
        allow: impl FnOnce(&User) -> bool + Send,
    ) -> Result<FactorRemoved, StoreError> {
        const CODES: &str = "DELETE FROM recovery_codes WHERE org_id = $1 AND user_id = $2";
        const FACTOR: &str =
            "DELETE FROM second_factors WHERE org_id = $1 AND user_id = $2 RETURNING *";
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let Some(person) = users::find(&mut tx, org, user).await? else {
            return Ok(FactorRemoved::NotFound);
        };
        if !allow(&person) {
            return Ok(FactorRemoved::Refused);
        }
        tx.execute(Query::new(CODES, params![org, user])).await?;
        let gone = tx.one::<SecondFactor>(Query::new(FACTOR, params![org, user])).await?;
        if gone.is_some_and(|factor| factor.confirmed_at.is_some()) {
            tx.execute(forget_pending(org, user)).await?;
            record(&mut tx, org, user, ("user.second_factor_removed", actor), now).await?;
            tell(&mut tx, &person, "secondFactor", actor, now).await?;
        }
        tx.commit().await?;
        Ok(FactorRemoved::Done(person))
    }
}

/// Voids what somebody has begun at the sign-in page: what they proved there is out of date.
pub(crate) fn forget_pending(org: OrgId, user: UserId) -> Query {
    const SQL: &str = "DELETE FROM pending_sign_ins WHERE org_id = $1 AND user_id = $2";
    Query::new(SQL, params![org, user])
}

fn actor(user: UserId) -> String {
    format!("user:{user}")
}

async fn record(
    tx: &mut Tx<'_>,
    org: OrgId,
    user: UserId,
    (name, by): (&'static str, &str),
    at: Timestamp,
) -> Result<(), StoreError> {
    let event = Event { at, actor: by, name, subject: actor(user), body: json!({}).into() };
    audit::append(tx, org, event).await.map(drop)
}

async fn tell(
    tx: &mut Tx<'_>,
    person: &User,
    changed: &str,
    actor: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    users::tell(tx, person, EventType::UserUpdated, Some(&[changed]), actor, at).await
}
