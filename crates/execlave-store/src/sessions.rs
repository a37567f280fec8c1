//! Signing in: one-time links and the sessions they turn into. Only hashes of tokens are kept, and a token's hash is what finds its
//! organisation, so these look-ups take none.

mod pending;

use execlave_core::ids::{OrgId, SessionId, UserId};
use execlave_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fmt;

pub use self::pending::PendingSignIn;
use crate::audit::{self, Event};
use crate::changes::{Change, Noun};
use crate::db::Tx;
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::keys::sorted;
use crate::page::{Page, PageRequest, Position};
use crate::users::{User, UserState};
use crate::{Store, StoreError};

/// What a link is good for, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    /// Signs somebody in.
    SignIn,
    /// Lets somebody who was invited choose a name and a password.
    Invitation,
}

/// How a session began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInMethod {
    /// With a one-time link.
    Link,
    /// By accepting an invitation.
    Invitation,
    /// With a password, and a code where there is a second factor.
    Password,
    /// With an account at the provider that the deployment trusts.
    Provider,
}

impl SignInMethod {
    /// The word for it, as stored and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Invitation => "invitation",
            Self::Password => "password",
            Self::Provider => "provider",
        }
    }
}

/// A link that is good once.
#[derive(Clone, Debug)]
pub struct SignInLink {
    /// SHA-256 of the link's token, in hexadecimal.
    pub token_hash: String,
    /// Whose user.
    pub org_id: OrgId,
    /// Whose link.
    pub user_id: UserId,
    /// What it is good for.
    pub purpose: LinkPurpose,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

table!("sign_in_links" => SignInLink { token_hash, org_id, user_id, purpose, created_at, expires_at });

/// Somebody who is signed in, at a browser or a terminal.
#[derive(Clone)]
pub struct Session {
    /// Whose user.
    pub org_id: OrgId,
    /// The id.
    pub id: SessionId,
    /// Who is signed in.
    pub user_id: UserId,
    /// SHA-256 of the token or cookie, in hexadecimal.
    pub token_hash: String,
    /// What forms must send back.
    pub csrf_token: String,
    /// How it began.
    pub method: SignInMethod,
    /// What the program that signed in says it is.
    pub user_agent: Option<String>,
    /// The address it signed in from.
    pub address: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was last used, within a minute or so.
    pub last_used_at: Option<Timestamp>,
}

table!("sessions" => Session { org_id, id, user_id, token_hash, csrf_token, method, user_agent, address, created_at, expires_at, last_used_at });

/// Without the tokens.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("org_id", &self.org_id)
            .field("id", &self.id)
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Makes a link usable; audited.
    pub async fn insert_sign_in_link(
        &self,
        org: OrgId,
        user: UserId,
        token_hash: &str,
        expires_at: Timestamp,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let link = SignInLink {
            token_hash: token_hash.to_owned(),
            org_id: org,
            user_id: user,
            purpose: LinkPurpose::SignIn,
            created_at: now,
            expires_at,
        };
        let mut tx = self.begin().await?;
        insert_link(&mut tx, &link, actor).await?;
        tx.commit().await
    }

    /// Uses a link up. Of several callers with the same token exactly one gets the user.
    pub async fn take_sign_in_link(
        &self,
        token_hash: &str,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        const TAKE: &str = "DELETE FROM sign_in_links WHERE token_hash = $1 AND expires_at > $2 AND purpose = 'sign_in' RETURNING *";
        const USER: &str = "SELECT * FROM users WHERE org_id = $1 AND id = $2 AND state = 'active'";
        let mut tx = self.begin().await?;
        let Some(link) = tx.one::<SignInLink>(Query::new(TAKE, params![token_hash, now])).await?
        else {
            return Ok(None);
        };
        let user = tx.one(Query::new(USER, params![link.org_id, link.user_id])).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Starts a session; audited.
    pub async fn insert_session(&self, session: &Session) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, session.org_id).await?;
        tx.insert(session).await.noun("session")?;
        let actor = format!("user:{}", session.user_id);
        record(&mut tx, session, "user.signed_in", &actor, session.created_at).await?;
        tx.commit().await
    }

    /// The session of a token and its user, unless it has expired or the user cannot sign in.
    pub async fn find_session(
        &self,
        token_hash: &str,
        now: Timestamp,
    ) -> Result<Option<(Session, User)>, StoreError> {
        const SESSION: &str = "SELECT * FROM sessions WHERE token_hash = $1 AND expires_at > $2";
        let Some(session) =
            self.db().one::<Session>(Query::new(SESSION, params![token_hash, now])).await?
        else {
            return Ok(None);
        };
        let user = self.find_user(session.org_id, session.user_id).await?;
        let user = user.filter(|user| user.state == UserState::Active);
        Ok(user.map(|user| (session, user)))
    }

    /// A session by id and its user, expired or not.
    pub async fn find_session_by_id(
        &self,
        org: OrgId,
        id: SessionId,
    ) -> Result<Option<(Session, User)>, StoreError> {
        const SQL: &str = "SELECT * FROM sessions WHERE org_id = $1 AND id = $2";
        let found = self.db().one::<Session>(Query::new(SQL, params![org, id])).await?;
        let Some(session) = found else { return Ok(None) };
        let user = self.find_user(org, session.user_id).await?;
        Ok(user.map(|user| (session, user)))
    }

    /// Somebody's sessions, newest first.
    pub async fn list_sessions(
        &self,
        org: OrgId,
        user: UserId,
        page: &PageRequest,
    ) -> Result<Page<Session>, StoreError> {
        const COUNT: &str = "SELECT count(*) AS n FROM sessions WHERE org_id = $1 AND user_id = $2";
        const LIST: &str = "SELECT * FROM sessions WHERE org_id = $1 AND user_id = $2";
        let mut query = Query::new(LIST, params![org, user]);
        query.newest_first("created_at", page)?;
        let total = self.db().number(Query::new(COUNT, params![org, user])).await?;
        let rows = self.db().all::<Session>(query).await?;
        Ok(Page::cut(rows, page.size(), Some(total), |session| {
            Position::new(session.created_at, session.id.as_uuid())
        }))
    }

    /// Ends a session; audited. Whether there was one.
    pub async fn delete_session(
        &self,
        org: OrgId,
        id: SessionId,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "DELETE FROM sessions WHERE org_id = $1 AND id = $2 RETURNING *";
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let deleted = tx.one::<Session>(Query::new(SQL, params![org, id])).await?;
        if let Some(session) = &deleted {
            record(&mut tx, session, "user.signed_out", actor, now).await?;
            tx.announce(Change::Row { org_id: org, noun: Noun::Session, id: id.as_uuid() }).await?;
        }
        tx.commit().await?;
        Ok(deleted.is_some())
    }

    /// Records when sessions were last used. An older time never replaces a newer one.
    pub async fn touch_sessions(
        &self,
        used: &[(OrgId, SessionId, Timestamp)],
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE sessions SET last_used_at = $3 WHERE org_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $3)";
        if used.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for (org, id, at) in sorted(used) {
            tx.execute(Query::new(SQL, params![org, id, at])).await?;
        }
        tx.commit().await
    }

    /// Removes links, sessions and half-done sign-ins that have expired; how many.
    pub async fn purge_sessions_across_orgs(&self, now: Timestamp) -> Result<u64, StoreError> {
        const LINKS: &str = "DELETE FROM sign_in_links WHERE expires_at <= $1";
        const SESSIONS: &str = "DELETE FROM sessions WHERE expires_at <= $1";
        const PENDING: &str = "DELETE FROM pending_sign_ins WHERE expires_at <= $1";
        let mut tx = self.begin().await?;
        let links = tx.execute(Query::new(LINKS, params![now])).await?;
        let sessions = tx.execute(Query::new(SESSIONS, params![now])).await?;
        let pending = tx.execute(Query::new(PENDING, params![now])).await?;
        tx.commit().await?;
        Ok(links + sessions + pending)
    }
}

/// Writes a link and its audit entry.
pub(crate) async fn insert_link(
    tx: &mut Tx<'_>,
    link: &SignInLink,
    actor: &str,
) -> Result<(), StoreError> {
    audit::lock_chain(tx, link.org_id).await?;
    tx.insert(link).await.noun("sign-in link")?;
    let body = json!({ "expiresAt": link.expires_at }).into();
    let subject = format!("user:{}", link.user_id);
    let event = Event { at: link.created_at, actor, name: "sign_in_link.created", subject, body };
    audit::append(tx, link.org_id, event).await.map(drop)
}

async fn record(
    tx: &mut Tx<'_>,
    session: &Session,
    name: &'static str,
    actor: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let subject = format!("session:{}", session.id);
    let event = Event { at, actor, name, subject, body: json!({}).into() };
    audit::append(tx, session.org_id, event).await.map(drop)
}
