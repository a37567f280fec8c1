//! What a handler may need of its caller, and the scopes that give it.

/// What a handler needs; any one of the scopes is enough, and `*` always is.
pub(crate) trait Permission {
    /// The scopes that give it.
    const SCOPES: &[&str];
    /// Whether only programs have it. What an agent does comes with the key of its application: were a person able to ask for an action,
    /// the same person could approve it.
    const PROGRAMS_ONLY: bool = false;
}

macro_rules! permissions {
    ($($(#[doc = $doc:literal])+ $name:ident: $($scope:literal),+;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub(crate) struct $name;
        impl Permission for $name {
            const SCOPES: &[&str] = &[$($scope),+];
        }
    )+};
}

/// Everything a published client calls on behalf of its agents.
#[derive(Debug)]
pub(crate) struct Sdk;

impl Permission for Sdk {
    const SCOPES: &[&str] = &["sdk"];
    const PROGRAMS_ONLY: bool = true;
}

permissions! {
    /// Register agents.
    RegisterAgents: "sdk", "agents:write";
    /// See agents.
    ReadAgents: "sdk", "read", "agents:write";
    /// Ask which agent a credential belongs to, and whether one may call another.
    CheckAgents: "sdk", "read";
    /// Change, pause and resume agents.
    WriteAgents: "agents:write";
    /// See versions of prompts; whoever decides on one has to see it.
    ReadPrompts: "sdk", "read", "agents:write", "approvals:decide";
    /// Make versions of prompts, and let them run.
    WritePrompts: "sdk", "agents:write";
    /// See policies.
    ReadPolicies: "read", "policies:write";
    /// Change policies.
    WritePolicies: "policies:write";
    /// Evaluate policies locally.
    FetchBundle: "sdk", "read", "policies:write";
    /// See approvals.
    ReadApprovals: "sdk", "read", "approvals:decide";
    /// Approve and deny.
    DecideApprovals: "approvals:decide";
    /// Take back an approval.
    CancelApprovals: "sdk", "approvals:decide";
    /// See traces, decisions and usage.
    Read: "read";
    /// See usage.
    ReadUsage: "sdk", "read";
    /// See API keys.
    ReadKeys: "read", "keys:write";
    /// Change the organisation's settings and prices.
    WriteSettings: "settings:write";
    /// See and change webhooks. Their addresses are often secrets, so reading them takes as much as writing.
    ManageWebhooks: "settings:write";
    /// Make and revoke API keys.
    WriteKeys: "keys:write";
    /// See people.
    ReadUsers: "read", "users:write";
    /// Invite people, change them and let them back in, and see and end their sessions.
    WriteUsers: "users:write";
    /// What everybody may do about themselves.
    Anything: "sdk", "read", "agents:write", "policies:write", "approvals:decide", "settings:write", "keys:write", "users:write";
}

/// Every scope a key can have.
pub const SCOPES: &[&str] = &[
    "*",
    "sdk",
    "read",
    "agents:write",
    "policies:write",
    "approvals:decide",
    "settings:write",
    "keys:write",
    "users:write",
];

/// Whether one of the scopes gives a permission.
pub(crate) fn reaches<P: Permission>(scopes: impl IntoIterator<Item: AsRef<str>>) -> bool {
    scopes.into_iter().any(|scope| {
        let scope = scope.as_ref();
        scope == "*" || P::SCOPES.contains(&scope)
    })
}
