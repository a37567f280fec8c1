//! Agents: registration, state, and the kill switch.

use execlave_core::json::present;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Body of `POST /agents`. Registering again updates the given fields and keeps id, status and epoch.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegisterAgent {
    /// The name the application knows the agent by; unique per environment.
    pub agent_id: String,
    /// A name for people.
    pub name: String,
    /// `autonomous`, `conversational`, `workflow`, `data_processing`, `monitoring`, `chatbot`, `copilot` or `other`.
    #[serde(rename = "type", default = "default_type")]
    pub kind: String,
    /// `openai`, `anthropic`, `langchain`, `crewai`, `custom`, …
    #[serde(default = "default_platform")]
    pub platform: String,
    /// Where it runs, such as `production`.
    #[serde(default = "default_environment")]
    pub environment: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whom to ask about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_email: Option<String>,
    /// Data sources it may read, for `access_control`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub allowed_data_sources: Option<Vec<String>>,
    /// Tools it may use, for `access_control`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub allowed_actions: Option<Vec<String>>,
    /// Tools that need a person's approval, for `action_approval`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub requires_human_approval_for: Option<Vec<String>>,
    /// Labels that policies can be scoped to.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// Anything else.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// `observe`, `advise`, `act_with_approval` or `autonomous`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autonomy_level: Option<AutonomyLevel>,
    /// What a trace that reports a success must prove; `none` at first.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub outcome_strictness: Option<OutcomeStrictness>,
}

fn default_type() -> String {
    "chatbot".to_owned()
}

fn default_platform() -> String {
    "custom".to_owned()
}

fn default_environment() -> String {
    "production".to_owned()
}

/// How much an agent may do on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AutonomyLevel {
    /// It looks.
    Observe,
    /// It suggests.
    Advise,
    /// It acts after a person agreed.
    ActWithApproval,
    /// It acts.
    Autonomous,
}

impl AutonomyLevel {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Advise => "advise",
            Self::ActWithApproval => "act_with_approval",
            Self::Autonomous => "autonomous",
        }
    }
}

/// What a trace that reports a success must prove. Without it the trace is refused with `OUTCOME_EVIDENCE_REQUIRED`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeStrictness {
    /// Nothing.
    None,
    /// Evidence on the basis `read_back` or `callback` names what was confirmed, in `effectRef` or `acknowledgementId`. There need not
    /// be any.
    Standard,
    /// There is evidence on the basis `read_back` or `callback` that names what was confirmed.
    Strict,
}

fn no_strictness() -> String {
    "none".to_owned()
}

/// Body of `PATCH /agents/{id}`: only the given fields change.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatchAgent {
    /// A name for people.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// As in [`RegisterAgent`].
    #[serde(
        rename = "type",
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub kind: Option<String>,
    /// As in [`RegisterAgent`].
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// What it is for.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whom to ask about it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub owner_email: Option<String>,
    /// Replaces the list.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub allowed_data_sources: Option<Vec<String>>,
    /// Replaces the list.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub allowed_actions: Option<Vec<String>>,
    /// Replaces the list.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub requires_human_approval_for: Option<Vec<String>>,
    /// Replaces the list.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// Replaces the object.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// As in [`RegisterAgent`].
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub autonomy_level: Option<AutonomyLevel>,
    /// As in [`RegisterAgent`].
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub outcome_strictness: Option<OutcomeStrictness>,
}

/// An agent as the server knows it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// UUIDv7.
    pub id: String,
    /// The application's own name for it.
    pub agent_id: String,
    /// A name for people.
    pub name: String,
    /// As registered.
    #[serde(rename = "type")]
    pub kind: String,
    /// As registered.
    pub platform: String,
    /// Where it runs.
    pub environment: String,
    /// `active`, `paused`, `inactive`, `archived` or `error`.
    pub status: String,
    /// Why it is in that state, when somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    /// Grows with every change of status; answers of an older epoch are void.
    pub epoch: i64,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whom to ask about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_email: Option<String>,
    /// Data sources it may read.
    pub allowed_data_sources: Vec<String>,
    /// Tools it may use.
    pub allowed_actions: Vec<String>,
    /// Tools that need a person's approval.
    pub requires_human_approval_for: Vec<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// Anything else.
    pub metadata: Map<String, Value>,
    /// How much it may do on its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autonomy_level: Option<String>,
    /// `none`, `standard` or `strict`: what a trace that reports a success must prove.
    #[serde(default = "no_strictness")]
    pub outcome_strictness: String,
    /// The share of attacks it withstood in red teaming, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub red_team_score: Option<f64>,
    /// When that was found out; RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub red_team_scored_at: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
    /// The last heartbeat, decision or trace; RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen_at: Option<String>,
}

/// Body of `PATCH /agents/{id}/pause` and `/resume`; may be left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeStatus {
    /// Why, for the people who read the audit log and for the stopped agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Body of `POST /agents/pause` and `/resume`: which agents, and why. An empty group is everybody, so that has to be said.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeGroupStatus {
    /// All agents of the organisation; then `tag` and `environment` must be left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// The agents that carry this tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The agents of this environment; with `tag`, those that match both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Why, for the people who read the audit log and for the stopped agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Answer of `POST /agents/pause` and `/resume`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupStatusChanged {
    /// The status they have.
    pub status: String,
    /// The external ids of the agents that had another one, in no particular order.
    pub agents: Vec<String>,
}

/// Body of `POST /agents/{id}/drills`: what a drill of the kill switch measured, in milliseconds from the request until a client refused
/// the agent's actions, and until it allowed them again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordDrill {
    /// From the request to pause until a client refused.
    pub pause_ms: f64,
    /// From the request to resume until a client allowed.
    pub resume_ms: f64,
}

/// Answer of `POST /agents/{id}/drills`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DrillRecorded {
    /// The place of the record in the audit log.
    pub audit_index: i64,
}

/// Body of `PATCH /agents/{id}/red-team-score`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetRedTeamScore {
    /// The share of attacks the agent withstood, 0 to 1; kept to the thousandth.
    pub score: f64,
}

/// Answer of `GET /agents/{id}/status-poll`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentStatusPoll {
    /// As in [`Agent::status`].
    #[serde(default = "active")]
    pub status: String,
    /// As in [`Agent::epoch`].
    #[serde(default)]
    pub epoch: i64,
    /// As in [`Agent::status_reason`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

fn active() -> String {
    "active".to_owned()
}

/// Body of `POST /agents/{id}/heartbeat`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Heartbeat {
    /// When the client last asked about a policy; published clients send `null`.
    #[serde(default)]
    pub last_policy_check_at: Option<String>,
}
