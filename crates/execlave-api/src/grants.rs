//! Grants: which agent may ask what of which other one.

use execlave_core::json::present;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an agent can be allowed to ask of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantAction {
    /// Run something.
    Execute,
    /// See something.
    Read,
    /// Change something.
    Write,
    /// Remove something.
    Delete,
    /// Call it as a tool.
    Invoke,
    /// Ask it a question.
    Query,
    /// Be told of what happens.
    Subscribe,
    /// Hand work on.
    Delegate,
}

impl GrantAction {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Execute => "execute",
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Invoke => "invoke",
            Self::Query => "query",
            Self::Subscribe => "subscribe",
            Self::Delegate => "delegate",
        }
    }
}

/// Body of `POST /agents/{id}/grants`; the agent of the path is the one that may call.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateGrant {
    /// Whom it may call: UUID or external id.
    pub callee_agent_id: String,
    /// What for; at least one.
    pub allowed_actions: Vec<GrantAction>,
    /// Until when; RFC 3339. For ever when left out.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub expires_at: Option<String>,
}

/// A grant.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// UUIDv7.
    pub id: String,
    /// Who may call; UUID.
    pub caller_agent_id: String,
    /// Whom; UUID.
    pub callee_agent_id: String,
    /// What for.
    pub allowed_actions: Vec<String>,
    /// RFC 3339.
    pub created_at: String,
    /// Who gave it, such as `key:<id>`.
    pub created_by: String,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<String>,
}

/// Body of `POST /agents/authorize`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuthorizeCall {
    /// Who wants to call: UUID or external id.
    pub caller_agent_id: String,
    /// Whom: UUID or external id.
    pub callee_agent_id: String,
    /// What for.
    pub action: GrantAction,
}

/// The answer when a grant allows it; everything else is a 403.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallAuthorized {
    /// True.
    pub authorized: bool,
    /// The grant's id.
    pub id: String,
    /// As asked.
    pub caller_agent_id: String,
    /// As asked.
    pub callee_agent_id: String,
    /// As asked.
    pub action: String,
    /// What allows it.
    pub grant: Grant,
}

/// An agent that others can call, as `GET /agents/discover` lists it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiscoveredAgent {
    /// UUID.
    pub id: String,
    /// External id.
    pub agent_id: String,
    /// A name for people.
    pub name: String,
    /// What it is registered to do, and what its `metadata.capabilities` adds.
    pub capabilities: Vec<String>,
}
