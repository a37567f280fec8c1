//! Who is asking, and how far they reach.
//!
//! Programs come with an API key ([`key`]), people with a session ([`session`]). The API takes both ([`caller`]), pages take people.
//! Both are extractors whose types name the permission, so a handler's signature says who may call it and a handler without one does not
//! compile into a protected route.

pub(crate) mod caller;
pub(crate) mod environment;
pub(crate) mod key;
pub(crate) mod origin;
pub(crate) mod password;
pub(crate) mod permission;
pub(crate) mod replay;
pub(crate) mod role;
pub(crate) mod session;
pub(crate) mod signature;
pub(crate) mod slack;
pub(crate) mod totp;
pub(crate) mod tries;

use execlave_core::ids::{KeyId, UserId};

/// Who did something, for the audit chain and the record of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    /// A program.
    Key {
        /// Its key.
        id: KeyId,
        /// What the key is called.
        name: String,
    },
    /// A person.
    User {
        /// Who.
        id: UserId,
        /// Their name.
        name: String,
    },
    /// Somebody who answered through a webhook's link, or in the chat behind it.
    Guest {
        /// Under which id answers are counted: `webhook:<id>`, or the chat's own id of the person such as `slack:<team>/<user>`.
        id: String,
        /// The name they gave, or the chat did.
        name: String,
    },
    /// A cost budget rule that pauses an agent.
    Rule {
        /// Which.
        id: uuid::Uuid,
        /// What it is called.
        name: String,
    },
}

impl Actor {
    /// `key:<id>`, `user:<id>`, `rule:<id>` or a guest's, as it is stored.
    pub(crate) fn id(&self) -> String {
        match self {
            Self::Key { id, .. } => format!("key:{id}"),
            Self::User { id, .. } => format!("user:{id}"),
            Self::Guest { id, .. } => id.clone(),
            Self::Rule { id, .. } => format!("rule:{id}"),
        }
    }

    /// A name for people.
    pub(crate) fn label(&self) -> &str {
        match self {
            Self::Key { name, .. }
            | Self::User { name, .. }
            | Self::Guest { name, .. }
            | Self::Rule { name, .. } => name,
        }
    }

    /// The key, if a program did it.
    pub(crate) fn key_id(&self) -> Option<KeyId> {
        match self {
            Self::Key { id, .. } => Some(*id),
            Self::User { .. } | Self::Guest { .. } | Self::Rule { .. } => None,
        }
    }
}
