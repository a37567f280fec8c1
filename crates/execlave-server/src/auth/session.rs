//! People: a session cookie, and a role that says how far they reach. Without a session the dashboard leads to the sign-in page.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum_extra::extract::CookieJar;
use execlave_api::error::ErrorCode;
use execlave_core::ids::{OrgId, SessionId, UserId};
use execlave_store::users::Role;

use super::Actor;
use crate::error::AppError;
use crate::pages::PageError;
use crate::secrets;
use crate::state::AppState;

/// The name of the session cookie.
pub(crate) const COOKIE: &str = "execlave_session";
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
    /// Every form sends it back; a foreign site cannot know it.
    pub(crate) csrf_token: String,
}

impl SignedIn {
    /// The person as the author of a change.
    pub(crate) fn actor(&self) -> Actor {
        Actor::User { id: self.user, name: self.name.clone() }
    }
}

/// How far a role reaches; each includes the ones below it.
fn reach(role: Role) -> u8 {
    match role {
        Role::Viewer => 0,
        Role::Developer => 1,
        Role::Admin => 2,
        Role::Owner => 3,
    }
}

macro_rules! roles {
    ($($(#[doc = $doc:literal])+ $name:ident: $least:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug)]
        pub(crate) struct $name(pub(crate) SignedIn);

        impl FromRequestParts<AppState> for $name {
            type Rejection = PageError;

            async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, PageError> {
                find(parts, state).await?.at_least(Role::$least).map(Self)
            }
        }

        impl AsRef<SignedIn> for $name {
            fn as_ref(&self) -> &SignedIn {
                &self.0
            }
        }
    )+};
}

roles! {
    /// Anybody with a session.
    Viewer: Viewer;
    /// Somebody who may act: pause and resume.
    Operator: Developer;
    /// Somebody who may answer for the organisation: approve, deny, change the rules.
    Admin: Admin;
}

impl SignedIn {
    /// Whether they reach as far as that role.
    pub(crate) fn reaches(&self, least: Role) -> bool {
        reach(self.role) >= reach(least)
    }

    fn at_least(self, least: Role) -> Result<Self, PageError> {
        if self.reaches(least) {
            return Ok(self);
        }
        let message =
            format!("this needs the role `{}`: ask an owner of the organisation", least.as_str());
        Err(AppError::new(ErrorCode::Forbidden, message).into())
    }
}

async fn find(parts: &Parts, state: &AppState) -> Result<SignedIn, PageError> {
    let cookies = CookieJar::from_headers(&parts.headers);
    let Some(cookie) = cookies.get(COOKIE) else { return Err(PageError::SignedOut) };
    let found = state.store.find_session(&secrets::hash(cookie.value()), state.clock.now()).await?;
    let Some((session, user)) = found else { return Err(PageError::SignedOut) };
    Ok(SignedIn {
        org: session.org_id,
        user: user.id,
        session: session.id,
        name: user.name,
        email: user.email,
        role: user.role,
        csrf_token: session.csrf_token,
    })
}
