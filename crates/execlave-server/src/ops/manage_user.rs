//! Inviting people, changing them, and letting them back in. Reached from the API and from the dashboard.

use execlave_api::error::ErrorCode;
use execlave_api::users::{InviteUser, PatchUser};
use execlave_core::ids::{OrgId, UserId};
use execlave_core::time::Timestamp;
use execlave_store::Store;
use execlave_store::error::StoreError;
use execlave_store::second_factors::FactorRemoved;
use execlave_store::users::{LinkMade, Role, User, UserChange, UserChanged, UserState};

use crate::bootstrap::{invitation_url, sign_in_url};
use crate::checks;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{AppError, AppResult};
use crate::secrets;

/// How long an invitation is good.
const INVITATION_MS: i64 = 7 * 86_400_000;

/// What managing people needs; a terminal has it as well as a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Management<'a> {
    pub(crate) store: &'a Store,
    pub(crate) clock: &'a Clock,
    pub(crate) config: &'a Config,
    pub(crate) org: OrgId,
    /// Who does it.
    pub(crate) actor: &'a str,
}

/// A link that lets somebody in.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) user: User,
    pub(crate) address: String,
    pub(crate) expires_at: Timestamp,
}

/// Whether the caller reaches as far as somebody with a role, and perhaps the grant.
pub(crate) type Reach<'a> = &'a (dyn Fn(Role, bool) -> bool + Sync);

impl Management<'_> {
    /// Adds somebody who is invited.
    pub(crate) async fn invite(&self, body: InviteUser, reach: Reach<'_>) -> AppResult<Link> {
        let email = email("email", &body.email)?;
        checks::required("name", &body.name, checks::NAME_LENGTH)?;
        let (role, approver) = (role("role", &body.role)?, body.approver);
        if !reach(role, approver) {
            return Err(too_far());
        }
        let (now, token) = (self.clock.now(), secrets::new_token());
        let user = User {
            org_id: self.org,
            id: self.clock.new_id(),
            email: email.to_owned(),
            name: body.name.trim().to_owned(),
            role,
            approver,
            state: UserState::Invited,
            created_at: now,
        };
        let expires_at = now.plus_millis(INVITATION_MS);
        let invited = self
            .store
            .invite_user(&user, &secrets::hash(&token), expires_at, self.actor)
            .await
            .map_err(|error| taken(&user.email, error));
        invited?;
        Ok(Link { address: invitation_url(self.config, &token), user, expires_at })
    }

    /// Changes somebody.
    pub(crate) async fn change(
        &self,
        id: UserId,
        body: PatchUser,
        reach: Reach<'_>,
    ) -> AppResult<User> {
        checks::optional("name", body.name.as_deref(), checks::NAME_LENGTH)?;
        if let Some(name) = &body.name {
            checks::required("name", name, checks::NAME_LENGTH)?;
        }
        let state = match body.state.as_deref() {
            None => None,
            Some("active") => Some(UserState::Active),
            Some("disabled") => Some(UserState::Disabled),
            Some(_) => return Err(AppError::invalid("state", "must be `active` or `disabled`")),
        };
        let change = UserChange {
            name: body.name.map(|name| name.trim().to_owned()),
            role: body.role.map(|text| role("role", &text)).transpose()?,
            approver: body.approver,
            state,
        };
        self.apply(id, &change, reach).await
    }

    /// Keeps somebody out from this moment on.
    pub(crate) async fn disable(&self, id: UserId, reach: Reach<'_>) -> AppResult<User> {
        let change = UserChange { state: Some(UserState::Disabled), ..UserChange::default() };
        self.apply(id, &change, reach).await
    }

    async fn apply(&self, id: UserId, change: &UserChange, reach: Reach<'_>) -> AppResult<User> {
        let allow = |before: &User, after: &User| {
            reach(before.role, before.approver) && reach(after.role, after.approver)
        };
        let now = self.clock.now();
        match self.store.update_user(self.org, id, change, self.actor, now, allow).await? {
            UserChanged::Done(user) => Ok(user),
            UserChanged::NotFound => Err(AppError::not_found("user", id)),
            UserChanged::Refused => Err(too_far()),
            UserChanged::LastOwner => Err(AppError::conflict(
                "this is the last owner of the organisation: make somebody else an owner before",
            )),
        }
    }

    /// Makes a link that lets somebody in once; earlier ones are void.
    pub(crate) async fn link(&self, id: UserId, reach: Reach<'_>) -> AppResult<Link> {
        let (now, token) = (self.clock.now(), secrets::new_token());
        let ends = |state: UserState| match state {
            UserState::Invited => now.plus_millis(INVITATION_MS),
            UserState::Active | UserState::Disabled => {
                now.plus_millis(i64::from(self.config.sign_in.link_minutes) * 60_000)
            }
        };
        let allow = |user: &User| reach(user.role, user.approver);
        let by = (self.actor, now);
        let hash = secrets::hash(&token);
        match self.store.renew_link(self.org, id, &hash, ends, by, allow).await? {
            LinkMade::Done(user) => {
                let address = match user.state {
                    UserState::Invited => invitation_url(self.config, &token),
                    UserState::Active | UserState::Disabled => sign_in_url(self.config, &token),
                };
                Ok(Link { address, expires_at: ends(user.state), user })
            }
            LinkMade::NotFound => Err(AppError::not_found("user", id)),
            LinkMade::Refused => Err(too_far()),
            LinkMade::Disabled => {
                Err(AppError::conflict("this user is disabled: make them `active` before"))
            }
        }
    }

    /// Removes somebody's second factor, so that they get in without a code until they enrol another. Nobody does so to themselves: an
    /// open session would be enough to be rid of it.
    pub(crate) async fn reset_totp(&self, id: UserId, reach: Reach<'_>) -> AppResult<User> {
        if self.actor == format!("user:{id}") {
            let message = "this is your own second factor: disable it with a code, or ask somebody else to reset it";
            return Err(AppError::new(ErrorCode::Forbidden, message));
        }
        let allow = |user: &User| reach(user.role, user.approver);
        let by = (self.actor, self.clock.now());
        match self.store.delete_second_factor(self.org, id, by, allow).await? {
            FactorRemoved::Done(user) => Ok(user),
            FactorRemoved::NotFound => Err(AppError::not_found("user", id)),
            FactorRemoved::Refused => Err(too_far()),
        }
    }
}

fn too_far() -> AppError {
    let message = "you cannot manage somebody who reaches further than you, nor give more than you have: ask an owner";
    AppError::new(ErrorCode::Forbidden, message)
}

fn taken(email: &str, error: StoreError) -> AppError {
    match error {
        StoreError::Conflict(_) => AppError::conflict(format!(
            "a user with the address `{email}` already exists: change that one, or make them a new link"
        )),
        other => other.into(),
    }
}

/// A role by its word.
pub(crate) fn role(path: &str, text: &str) -> AppResult<Role> {
    let known = [Role::Owner, Role::Admin, Role::Developer, Role::Viewer];
    known
        .into_iter()
        .find(|role| role.as_str() == text)
        .ok_or_else(|| AppError::invalid(path, "must be `owner`, `admin`, `developer` or `viewer`"))
}

/// An address that a person can be told apart by; whether mail arrives there is nobody's business here.
fn email<'a>(path: &str, text: &'a str) -> AppResult<&'a str> {
    let text = text.trim();
    let parts = text.rsplit_once('@');
    let is_whole = parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    let has_space =
        text.chars().any(|character| character.is_whitespace() || character.is_control());
    if !is_whole || has_space || text.len() > 254 {
        return Err(AppError::invalid(path, "must be an e-mail address of at most 254 bytes"));
    }
    Ok(text)
}
