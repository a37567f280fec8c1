//! Inviting somebody: a user who cannot sign in yet, and a link that lets them begin.

use execlave_core::ids::{OrgId, UserId};
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde_json::json;

use super::{User, UserState, tell};
use crate::audit::{self, Event};
use crate::db::Tx;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::passwords::{self, Password};
use crate::sessions::{LinkPurpose, SignInLink, insert_link};
use crate::{Store, StoreError};

/// What became of a new link for somebody.
#[derive(Clone, Debug)]
pub enum LinkMade {
    /// It works, and no earlier one of theirs does.
    Done(User),
    /// There is no such user.
    NotFound,
    /// Whoever wants it may not.
    Refused,
    /// The user is disabled: a link would not let them in.
    Disabled,
}

impl Store {
    /// Adds a user who is invited, with a link that lets them begin; audited. A second user with the same address is a conflict.
    pub async fn invite_user(
        &self,
        user: &User,
        token_hash: &str,
        expires_at: Timestamp,
        actor: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, user.org_id).await?;
        tx.insert(user).await.noun("user")?;
        let body = json!({
            "email": user.email, "name": user.name, "role": user.role, "approver": user.approver,
        });
        let subject = format!("user:{}", user.id);
        let at = user.created_at;
        let event = Event { at, actor, name: "user.invited", subject, body: body.into() };
        audit::append(&mut tx, user.org_id, event).await?;
        insert_link(&mut tx, &link(user, token_hash, at, expires_at), actor).await?;
        tell(&mut tx, user, EventType::UserInvited, None, actor, at).await?;
        tx.commit().await
    }

    /// Makes a link for somebody, an invitation if they have not begun, and voids those they had; audited. `allow` judges the user as
    /// they are inside the transaction, and `expires_at` says when a link for a user in that state ends.
    pub async fn renew_link(
        &self,
        org: OrgId,
        id: UserId,
        token_hash: &str,
        expires_at: impl FnOnce(UserState) -> Timestamp + Send,
        (actor, now): (&str, Timestamp),
        allow: impl FnOnce(&User) -> bool + Send,
    ) -> Result<LinkMade, StoreError> {
        const VOID: &str = "DELETE FROM sign_in_links WHERE org_id = $1 AND user_id = $2";
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let Some(user) = super::find(&mut tx, org, id).await? else {
            return Ok(LinkMade::NotFound);
        };
        if !allow(&user) {
            return Ok(LinkMade::Refused);
        }
        if user.state == UserState::Disabled {
            return Ok(LinkMade::Disabled);
        }
        tx.execute(Query::new(VOID, params![org, id])).await?;
        let link = link(&user, token_hash, now, expires_at(user.state));
        insert_link(&mut tx, &link, actor).await?;
        tx.commit().await?;
        Ok(LinkMade::Done(user))
    }

    /// Who an invitation is for, while it is good.
    pub async fn find_invitation(
        &self,
        token_hash: &str,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        const LINK: &str = "SELECT * FROM sign_in_links WHERE token_hash = $1 AND expires_at > $2 AND purpose = 'invitation'";
        let found = self.db().one::<SignInLink>(Query::new(LINK, params![token_hash, now])).await?;
        let Some(link) = found else { return Ok(None) };
        let user = self.find_user(link.org_id, link.user_id).await?;
        Ok(user.filter(|user| user.state == UserState::Invited))
    }

    /// Uses an invitation up: the user is called `name`, has this password, and can sign in. Of several callers with the same token
    /// exactly one gets the user; audited.
    pub async fn accept_invitation(
        &self,
        token_hash: &str,
        name: &str,
        password_hash: &str,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        const LINK: &str = "SELECT * FROM sign_in_links WHERE token_hash = $1";
        const TAKE: &str = "DELETE FROM sign_in_links WHERE token_hash = $1 AND expires_at > $2 AND purpose = 'invitation' RETURNING *";
        const BEGIN: &str = "UPDATE users SET name = $3, state = 'active' WHERE org_id = $1 AND id = $2 AND state = 'invited' RETURNING *";
        let mut tx = self.begin().await?;
        // The organisation's lock comes before any row is written.
        let Some(link) = tx.one::<SignInLink>(Query::new(LINK, params![token_hash])).await? else {
            return Ok(None);
        };
        audit::lock_chain(&mut tx, link.org_id).await?;
        let taken = tx.one::<SignInLink>(Query::new(TAKE, params![token_hash, now])).await?;
        let Some(SignInLink { org_id, user_id, .. }) = taken else { return Ok(None) };
        let begun = tx.one::<User>(Query::new(BEGIN, params![org_id, user_id, name])).await?;
        let Some(user) = begun else { return Ok(None) };
        let password =
            Password { org_id, user_id, hash: password_hash.to_owned(), changed_at: now };
        passwords::put(&mut tx, &password).await?;
        accepted(&mut tx, &user, now).await?;
        tx.commit().await?;
        Ok(Some(user))
    }
}

fn link(user: &User, token_hash: &str, now: Timestamp, expires_at: Timestamp) -> SignInLink {
    let purpose = match user.state {
        UserState::Invited => LinkPurpose::Invitation,
        UserState::Active | UserState::Disabled => LinkPurpose::SignIn,
    };
    SignInLink {
        token_hash: token_hash.to_owned(),
        org_id: user.org_id,
        user_id: user.id,
        purpose,
        created_at: now,
        expires_at,
    }
}

async fn accepted(tx: &mut Tx<'_>, user: &User, at: Timestamp) -> Result<(), StoreError> {
    let actor = format!("user:{}", user.id);
    let body = json!({ "name": user.name }).into();
    let (name, subject) = ("user.invitation_accepted", actor.clone());
    audit::append(tx, user.org_id, Event { at, actor: &actor, name, subject, body }).await?;
    tell(tx, user, EventType::UserUpdated, Some(&["name", "state"]), &actor, at).await
}
