//! Every path that server and clients share, relative to [`BASE`] unless it says otherwise.

/// The versioned prefix.
pub const BASE: &str = "/api/v1";
/// The unversioned alias that older clients use.
pub const LEGACY_BASE: &str = "/api";

/// Liveness, unversioned.
pub const HEALTH: &str = "/health";
/// Readiness, unversioned.
pub const READY: &str = "/ready";
/// Prometheus metrics, unversioned.
pub const METRICS: &str = "/metrics";
/// The OpenAPI document, unversioned.
pub const OPENAPI: &str = "/openapi.json";
/// The public keys of certificates, unversioned (RFC 7517).
pub const JWKS: &str = "/.well-known/jwks.json";

/// Register, list and search agents.
pub const AGENTS: &str = "/agents";
/// Ask whether an agent may call another one.
pub const AUTHORIZE: &str = "/agents/authorize";
/// Find agents by what they can do.
pub const DISCOVER: &str = "/agents/discover";
/// Ask whether an action may happen.
pub const ENFORCE: &str = "/policies/enforce";
/// Create and list policies.
pub const POLICIES: &str = "/policies";
/// List approvals.
pub const APPROVALS: &str = "/approvals";
/// Hand in traces.
pub const INGEST: &str = "/traces/ingest";
/// List traces.
pub const TRACES: &str = "/traces";
/// The signed set of policies for evaluating locally.
pub const BUNDLE: &str = "/policies/bundle";
/// What is wrong with policies that are not saved yet.
pub const LINT: &str = "/policies/lint";
/// The JSON Schema of policies.
pub const SCHEMAS: &str = "/policies/schemas";
/// Try out what would be decided.
pub const SIMULATE: &str = "/policies/simulate";
/// Hand in decisions made in a client.
pub const INGEST_DECISIONS: &str = "/decisions/ingest";
/// List decisions.
pub const DECISIONS: &str = "/decisions";
/// Create and list cost budget rules.
pub const COST_BUDGET_RULES: &str = "/cost-budget-rules";
/// List incidents.
pub const INCIDENTS: &str = "/incidents";
/// Create and list custom validators.
pub const VALIDATORS: &str = "/validators";
/// Create and list versions of prompts.
pub const PROMPT_VERSIONS: &str = "/prompt-versions";
/// Create and list webhooks.
pub const WEBHOOKS: &str = "/webhooks";
/// What models cost.
pub const PRICES: &str = "/prices";
/// The organisation's settings.
pub const SETTINGS: &str = "/organization/settings";
/// Create and list API keys.
pub const API_KEYS: &str = "/api-keys";
/// Invite and list people.
pub const USERS: &str = "/users";
/// The person who asks.
pub const ME: &str = "/me";
/// Where somebody is signed in.
pub const SESSIONS: &str = "/sessions";
/// Sign in with a password.
pub const SIGN_IN: &str = "/auth/sign-in";
/// What the deployment holds and its limits.
pub const USAGE: &str = "/billing/usage";
/// Report and list what ran without a decision.
pub const BYPASS_WINDOWS: &str = "/sdk/bypass-windows";
/// List the audit log.
pub const AUDIT: &str = "/audit";
/// The audit log as a file that can be verified without the server.
pub const AUDIT_EXPORT: &str = "/audit/export";
/// The signed tree head over the audit log.
pub const AUDIT_TREE_HEAD: &str = "/audit/tree-head";
