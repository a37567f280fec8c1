//! People and their sessions as they go out on the wire.

use execlave_api::sessions::{NewSession, Session};
use execlave_api::users::{User, UserLink};
use execlave_core::ids::SessionId;
use execlave_store::{sessions, users};

use crate::ops::manage_user::Link;
use crate::ops::sign_in;

/// A person.
pub(crate) fn user(user: users::User) -> User {
    User {
        id: user.id.to_string(),
        email: user.email,
        name: user.name,
        role: user.role.as_str().to_owned(),
        approver: user.approver,
        state: user.state.as_str().to_owned(),
        created_at: user.created_at.to_string(),
    }
}

/// A person with a link, for the one answer that shows it.
pub(crate) fn user_link(link: Link) -> UserLink {
    UserLink { user: user(link.user), link: link.address, expires_at: link.expires_at.to_string() }
}

/// A session with its token, for the one answer that shows it.
pub(crate) fn new_session(session: sign_in::NewSession) -> NewSession {
    NewSession { token: session.token, expires_at: session.expires_at.to_string() }
}

/// A session; `current` is the one that asks.
pub(crate) fn session(session: sessions::Session, current: Option<SessionId>) -> Session {
    Session {
        current: current == Some(session.id),
        id: session.id.to_string(),
        user_id: session.user_id.to_string(),
        method: session.method.as_str().to_owned(),
        user_agent: session.user_agent,
        address: session.address,
        created_at: session.created_at.to_string(),
        expires_at: session.expires_at.to_string(),
        last_used_at: session.last_used_at.map(|at| at.to_string()),
    }
}
