//! Changing a user: their name, how far they reach, whether they can sign in.

use execlave_core::ids::{OrgId, UserId};
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde_json::json;

use super::{Role, User, UserState, tell};
use crate::audit::{self, Event};
use crate::db::Tx;
use crate::db::query::{Query, params};
use crate::second_factors::forget_pending;
use crate::{Store, StoreError};

/// What is to be different; only what is given.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// What to call them.
    pub name: Option<String>,
    /// What they may do.
    pub role: Option<Role>,
    /// Whether they decide approvals, whatever their role.
    pub approver: Option<bool>,
    /// Whether they can sign in.
    pub state: Option<UserState>,
}

/// What became of a change.
#[derive(Clone, Debug)]
pub enum UserChanged {
    /// It is made; the user as they are from here on.
    Done(User),
    /// There is no such user.
    NotFound,
    /// Whoever wants it may not.
    Refused,
    /// Nobody would be left who could make an owner.
    LastOwner,
}

impl UserChange {
    fn applied_to(&self, user: &User) -> User {
        User {
            name: self.name.clone().unwrap_or_else(|| user.name.clone()),
            role: self.role.unwrap_or(user.role),
            approver: self.approver.unwrap_or(user.approver),
            state: self.state.unwrap_or(user.state),
            ..user.clone()
        }
    }
}

impl Store {
    /// Changes a user; audited. `allow` judges the user before and after, as they are inside the transaction. Who cannot sign in any
    /// more has no session and no link left.
    pub async fn update_user(
        &self,
        org: OrgId,
        id: UserId,
        change: &UserChange,
        actor: &str,
        now: Timestamp,
        allow: impl FnOnce(&User, &User) -> bool + Send,
    ) -> Result<UserChanged, StoreError> {
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let Some(before) = super::find(&mut tx, org, id).await? else {
            return Ok(UserChanged::NotFound);
        };
        let after = change.applied_to(&before);
        if !allow(&before, &after) {
            return Ok(UserChanged::Refused);
        }
        if is_active_owner(&before)
            && !is_active_owner(&after)
            && other_owners(&mut tx, org, id).await? == 0
        {
            return Ok(UserChanged::LastOwner);
        }
        let changed = differences(&before, &after);
        if !changed.is_empty() {
            write(&mut tx, &after, &changed, actor, now).await?;
            tx.commit().await?;
        }
        Ok(UserChanged::Done(after))
    }
}

fn is_active_owner(user: &User) -> bool {
    user.role == Role::Owner && user.state == UserState::Active
}

/// INVARIANT: the organisation's lock is held, so two owners cannot remove each other at once.
async fn other_owners(tx: &mut Tx<'_>, org: OrgId, id: UserId) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT count(*) AS n FROM users WHERE org_id = $1 AND id <> $2 AND role = 'owner' AND state = 'active'";
    tx.number(Query::new(SQL, params![org, id])).await
}

fn differences(before: &User, after: &User) -> Vec<&'static str> {
    [
        ("name", before.name != after.name),
        ("role", before.role != after.role),
        ("approver", before.approver != after.approver),
        ("state", before.state != after.state),
    ]
    .into_iter()
    .filter_map(|(field, differs)| differs.then_some(field))
    .collect()
}

async fn write(
    tx: &mut Tx<'_>,
    user: &User,
    changed: &[&str],
    actor: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE users SET name = $3, role = $4, approver = $5, state = $6 WHERE org_id = $1 AND id = $2";
    const SESSIONS: &str = "DELETE FROM sessions WHERE org_id = $1 AND user_id = $2";
    const LINKS: &str = "DELETE FROM sign_in_links WHERE org_id = $1 AND user_id = $2";
    let User { org_id, id, name, role, approver, state, .. } = user;
    tx.execute(Query::new(SQL, params![org_id, id, name, role, approver, state])).await?;
    let is_disabled = *state == UserState::Disabled && changed.contains(&"state");
    if is_disabled {
        tx.execute(Query::new(SESSIONS, params![org_id, id])).await?;
        tx.execute(Query::new(LINKS, params![org_id, id])).await?;
        tx.execute(forget_pending(*org_id, *id)).await?;
    }
    let (event, kind) = if is_disabled {
        ("user.disabled", EventType::UserDisabled)
    } else {
        ("user.updated", EventType::UserUpdated)
    };
    let body = json!({
        "name": name, "role": role, "approver": approver, "state": state, "changed": changed,
    });
    let subject = format!("user:{id}");
    audit::append(tx, *org_id, Event { at, actor, name: event, subject, body: body.into() })
        .await?;
    tell(tx, user, kind, Some(changed), actor, at).await
}
