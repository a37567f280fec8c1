//! People: a session, and a role that says how far they reach. Without a session the dashboard leads to the sign-in page.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum_extra::extract::CookieJar;
use execlave_api::error::ErrorCode;
use execlave_core::ids::{OrgId, SessionId, UserId};
use execlave_core::time::Timestamp;
use execlave_store::sessions::SignInMethod;
use execlave_store::users::Role;

use super::permission::{
    DecideApprovals, Permission, Read, WriteAgents, WriteKeys, WriteUsers, reaches,
};
use super::{Actor, role};
use crate::error::{AppError, AppResult};
use crate::pages::PageError;
use crate::secrets;
use crate::state::AppState;

/// The name of the session cookie.
pub(crate) const COOKIE: &str = "execlave_session";
/// How long a one-time link stands for the password it replaces.
const FRESH_MS: i64 = 15 * 60_000;
/// Where people without a session are sent.
pub(crate) const SIGN_IN_PATH: &str = "/sign-in";

/// A person with a session.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    /// The organisation they belong to, and the only one a page may show.
    pub(crate) org: OrgId,
    /// Who they are.
    pub(crate) user: UserId,
    /// Their session.
    pub(crate) session: SessionId,
    /// What they are called.
    pub(crate) name: String,
    /// How they are reached.
    pub(crate) email: String,
    /// How far they reach.
    pub(crate) role: Role,
    /// Whether they decide approvals, whatever their role.
    pub(crate) approver: bool,
    /// How the session began, and when.
    pub(crate) began: (SignInMethod, Timestamp),
    /// Every form sends it back; a foreign site cannot know it.
    pub(crate) csrf_token: String,
}

impl SignedIn {
    /// The person as the author of a change.
    pub(crate) fn actor(&self) -> Actor {
        Actor::User { id: self.user, name: self.name.clone() }
    }
}

macro_rules! people {
    ($($(#[doc = $doc:literal])+ $name:ident: $permission:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug)]
        pub(crate) struct $name(pub(crate) SignedIn);

        impl FromRequestParts<AppState> for $name {
            type Rejection = PageError;

            async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, PageError> {
                with_cookie(parts, state).await?.need::<$permission>().map(Self)
            }
        }

        impl AsRef<SignedIn> for $name {
            fn as_ref(&self) -> &SignedIn {
                &self.0
            }
        }
    )+};
}

people! {
    /// Anybody with a session: every role reads.
    Viewer: Read;
    /// Somebody who may act on agents: pause and resume.
    Operator: WriteAgents;
    /// Somebody who may manage people.
    Manager: WriteUsers;
    /// Somebody who may make and revoke API keys.
    KeyKeeper: WriteKeys;
    /// Somebody who may approve and deny.
    Approver: DecideApprovals;
}

impl SignedIn {
    /// What they may do, by their role and the grant.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = &'static str> {
        role::scopes(self.role, self.approver)
    }

    /// Whether they have just come with a one-time link: it is the way back for who has lost the password.
    pub(crate) fn has_fresh_link(&self, now: Timestamp) -> bool {
        let (method, at) = self.began;
        method == SignInMethod::Link && now.millis_since(at) < FRESH_MS
    }

    /// Whether they reach as far as that permission.
    pub(crate) fn may<P: Permission>(&self) -> bool {
        !P::PROGRAMS_ONLY && reaches::<P>(self.scopes())
    }

    /// Whether they have all that somebody with this role, and perhaps the grant, has.
    pub(crate) fn reaches_as_far_as(&self, role: Role, approver: bool) -> bool {
        let has = |wanted| self.scopes().any(|own| own == "*" || own == wanted);
        role::scopes(role, approver).all(has)
    }

    /// Nobody hands out more than they have.
    pub(crate) fn may_give(&self, scopes: &[String]) -> AppResult<()> {
        let has = |wanted: &String| self.scopes().any(|own| own == "*" || own == wanted);
        let Some(scope) = scopes.iter().find(|wanted| !has(wanted)) else { return Ok(()) };
        let shown: String = scope.chars().take(64).collect();
        let message = format!(
            "you cannot give the scope `{shown}`: ask somebody who has it, such as an owner"
        );
        Err(AppError::new(ErrorCode::Forbidden, message))
    }

    fn need<P: Permission>(self) -> Result<Self, PageError> {
        if self.may::<P>() {
            return Ok(self);
        }
        let wanted = role::who_reaches::<P>();
        let message = format!("this needs {wanted}: ask an owner of the organisation");
        Err(AppError::new(ErrorCode::Forbidden, message).into())
    }
}

/// The person whose session has this token, if it goes on.
pub(crate) async fn find(state: &AppState, token: &str) -> AppResult<Option<SignedIn>> {
    let now = state.clock.now();
    let Some((session, user)) = state.store.find_session(&secrets::hash(token), now).await? else {
        return Ok(None);
    };
    state.directory.touched.session(session.org_id, session.id, now);
    Ok(Some(SignedIn {
        org: session.org_id,
        user: user.id,
        session: session.id,
        name: user.name,
        email: user.email,
        role: user.role,
        approver: user.approver,
        began: (session.method, session.created_at),
        csrf_token: session.csrf_token,
    }))
}

async fn with_cookie(parts: &Parts, state: &AppState) -> Result<SignedIn, PageError> {
    let cookies = CookieJar::from_headers(&parts.headers);
    let Some(cookie) = cookies.get(COOKIE) else { return Err(PageError::SignedOut) };
    find(state, cookie.value()).await?.ok_or(PageError::SignedOut)
}
