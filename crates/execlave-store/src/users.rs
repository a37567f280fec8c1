//! People who may sign in.

mod change;
mod invite;

use execlave_core::ids::{OrgId, UserId};
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use self::change::{UserChange, UserChanged};
pub use self::invite::LinkMade;
use crate::audit::{self, Event};
use crate::db::Tx;
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::page::{Page, PageRequest, Position};
use crate::{Store, StoreError, webhooks};

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Owner,
    /// Everything but ownership.
    Admin,
    /// Agents, policies, traces.
    Developer,
    /// Reading.
    Viewer,
}

impl Role {
    /// The word for it, as stored and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Developer => "developer",
            Self::Viewer => "viewer",
        }
    }
}

/// Whether a user can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserState {
    /// Has a link, and has not used it yet.
    Invited,
    /// Can sign in.
    Active,
    /// Cannot; kept because the audit log names them.
    Disabled,
}

impl UserState {
    /// The word for it, as stored and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// Whose user.
    pub org_id: OrgId,
    /// The id.
    pub id: UserId,
    /// Unique in the organisation, whatever the case of its letters.
    pub email: String,
    /// What to call them.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they decide approvals, whatever their role.
    pub approver: bool,
    /// Whether they can sign in.
    pub state: UserState,
    /// Since when.
    pub created_at: Timestamp,
}

table!("users" => User { org_id, id, email, name, role, approver, state, created_at });

impl Store {
    /// Adds a user; audited. A second one with the same address is a conflict.
    pub async fn create_user(
        &self,
        org: OrgId,
        user: &User,
        actor: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        tx.insert(&User { org_id: org, ..user.clone() }).await.noun("user")?;
        let body = json!({ "email": user.email, "name": user.name, "role": user.role }).into();
        let subject = format!("user:{}", user.id);
        let event = Event { at: user.created_at, actor, name: "user.created", subject, body };
        audit::append(&mut tx, org, event).await?;
        tx.commit().await
    }

    /// Users, newest first.
    pub async fn list_users(
        &self,
        org: OrgId,
        page: &PageRequest,
    ) -> Result<Page<User>, StoreError> {
        const COUNT: &str = "SELECT count(*) AS n FROM users WHERE org_id = $1";
        let mut query = Query::new("SELECT * FROM users WHERE org_id = $1", params![org]);
        query.newest_first("created_at", page)?;
        let total = self.db().number(Query::new(COUNT, params![org])).await?;
        let rows = self.db().all::<User>(query).await?;
        Ok(Page::cut(rows, page.size(), Some(total), |user| {
            Position::new(user.created_at, user.id.as_uuid())
        }))
    }

    /// Every user, by address.
    pub async fn all_users(&self, org: OrgId) -> Result<Vec<User>, StoreError> {
        const SQL: &str = "SELECT * FROM users WHERE org_id = $1 ORDER BY lower(email)";
        self.db().all(Query::new(SQL, params![org])).await
    }

    /// A user by id.
    pub async fn find_user(&self, org: OrgId, id: UserId) -> Result<Option<User>, StoreError> {
        const SQL: &str = "SELECT * FROM users WHERE org_id = $1 AND id = $2";
        self.db().one(Query::new(SQL, params![org, id])).await
    }

    /// A user by address, whatever the case of its letters.
    pub async fn find_user_by_email(
        &self,
        org: OrgId,
        email: &str,
    ) -> Result<Option<User>, StoreError> {
        const SQL: &str = "SELECT * FROM users WHERE org_id = $1 AND lower(email) = lower($2)";
        self.db().one(Query::new(SQL, params![org, email])).await
    }
}

/// A user as they are inside a transaction.
pub(crate) async fn find(
    tx: &mut Tx<'_>,
    org: OrgId,
    id: UserId,
) -> Result<Option<User>, StoreError> {
    const SQL: &str = "SELECT * FROM users WHERE org_id = $1 AND id = $2";
    tx.one(Query::new(SQL, params![org, id])).await
}

/// Tells webhooks what became of a user.
pub(crate) async fn tell(
    tx: &mut Tx<'_>,
    user: &User,
    kind: EventType,
    changed: Option<&[&str]>,
    actor: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut data = json!({
        "userId": user.id, "email": user.email, "name": user.name, "role": user.role, "approver": user.approver,
        "state": user.state, "actor": actor,
    });
    if let Some(changed) = changed {
        data["changed"] = json!(changed);
    }
    webhooks::emit(tx, user.org_id, kind, at, &format!("user:{}", user.id), data).await
}
