//! What happened: the types of event that can be subscribed to, and one event.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::digest::hex;
use crate::ids::OrgId;
use crate::json::canonical;
use crate::time::Timestamp;
use crate::words::words;

const HOUR_MS: i64 = 3_600_000;

/// A type of event. Each is announced in the transaction of the change it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum EventType {
    /// An agent is known from here on.
    AgentRegistered,
    /// What is known of an agent was changed.
    AgentUpdated,
    /// An agent may not act.
    AgentPaused,
    /// It may again.
    AgentResumed,
    /// Red teaming found out how much an agent withstands.
    AgentRedTeamScored,
    /// An agent has its next version.
    AgentVersionCreated,
    /// Another version of an agent is the active one.
    AgentVersionActivated,
    /// A prompt has its next version.
    PromptVersionCreated,
    /// A version of a prompt is to be deployed and waits for somebody's yes.
    PromptVersionDeploymentRequested,
    /// Somebody said no to that.
    PromptVersionDeploymentRejected,
    /// A version of a prompt runs.
    PromptVersionDeployed,
    /// An earlier version of a prompt runs again.
    PromptVersionRolledBack,
    /// A policy was made.
    PolicyCreated,
    /// A policy has its next version.
    PolicyUpdated,
    /// A policy was deleted.
    PolicyDeleted,
    /// An action was blocked, or waits for a person, because of policies.
    PolicyViolated,
    /// A person is asked.
    ApprovalRequested,
    /// Enough people said yes.
    ApprovalApproved,
    /// Somebody said no.
    ApprovalDenied,
    /// Nobody answered in time.
    ApprovalExpired,
    /// Whoever asked took it back.
    ApprovalCancelled,
    /// Nobody answered for a while, so more people are asked.
    ApprovalEscalated,
    /// A budget is nearly or wholly spent; at most once an hour for each budget.
    CostThreshold,
    /// A trace shows what a policy forbids.
    IncidentCreated,
    /// An API key was made.
    KeyCreated,
    /// An API key was replaced by another one.
    KeyRotated,
    /// An API key was revoked.
    KeyRevoked,
    /// A client reports what ran without a decision.
    BypassReported,
    /// A custom validator was made.
    ValidatorCreated,
    /// A custom validator was changed.
    ValidatorUpdated,
    /// A custom validator was deleted.
    ValidatorDeleted,
    /// A cost budget rule was made.
    CostBudgetRuleCreated,
    /// A cost budget rule was changed.
    CostBudgetRuleUpdated,
    /// A cost budget rule was deleted.
    CostBudgetRuleDeleted,
    /// The organisation's settings were changed.
    SettingsUpdated,
    /// Somebody was invited.
    UserInvited,
    /// A person's name, role or state was changed.
    UserUpdated,
    /// A person cannot sign in any more.
    UserDisabled,
    /// A person has another password.
    UserPasswordChanged,
    /// Somebody tries a webhook out. Cannot be subscribed to.
    Test,
}

words!(
    EventType,
    "event type",
    AgentRegistered = "agent.registered",
    AgentUpdated = "agent.updated",
    AgentPaused = "agent.paused",
    AgentResumed = "agent.resumed",
    AgentRedTeamScored = "agent.red_team_scored",
    AgentVersionCreated = "agent_version.created",
    AgentVersionActivated = "agent_version.activated",
    PromptVersionCreated = "prompt_version.created",
    PromptVersionDeploymentRequested = "prompt_version.deployment_requested",
    PromptVersionDeploymentRejected = "prompt_version.deployment_rejected",
    PromptVersionDeployed = "prompt_version.deployed",
    PromptVersionRolledBack = "prompt_version.rolled_back",
    PolicyCreated = "policy.created",
    PolicyUpdated = "policy.updated",
    PolicyDeleted = "policy.deleted",
    PolicyViolated = "policy.violated",
    ApprovalRequested = "approval.requested",
    ApprovalApproved = "approval.approved",
    ApprovalDenied = "approval.denied",
    ApprovalExpired = "approval.expired",
    ApprovalCancelled = "approval.cancelled",
    ApprovalEscalated = "approval.escalated",
    CostThreshold = "cost.threshold",
    IncidentCreated = "incident.created",
    KeyCreated = "key.created",
    KeyRotated = "key.rotated",
    KeyRevoked = "key.revoked",
    BypassReported = "bypass.reported",
    ValidatorCreated = "validator.created",
    ValidatorUpdated = "validator.updated",
    ValidatorDeleted = "validator.deleted",
    CostBudgetRuleCreated = "cost_budget_rule.created",
    CostBudgetRuleUpdated = "cost_budget_rule.updated",
    CostBudgetRuleDeleted = "cost_budget_rule.deleted",
    SettingsUpdated = "settings.updated",
    UserInvited = "user.invited",
    UserUpdated = "user.updated",
    UserDisabled = "user.disabled",
    UserPasswordChanged = "user.password_changed",
    Test = "webhook.test",
);

impl EventType {
    /// Every type that can be subscribed to.
    pub fn subscribable() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|kind| *kind != Self::Test)
    }

    /// When it is told.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::AgentRegistered => "an agent was registered for the first time",
            Self::AgentUpdated => {
                "what is known of an agent was changed; `changed` names the fields"
            }
            Self::AgentPaused => "an agent may not act, by a person or by a cost budget rule",
            Self::AgentResumed => "a paused agent may act again",
            Self::AgentRedTeamScored => {
                "red teaming found out which share of attacks an agent withstands"
            }
            Self::AgentVersionCreated => "an agent's registration was recorded as its next version",
            Self::AgentVersionActivated => "another version of an agent is the active one",
            Self::PromptVersionCreated => {
                "a prompt has its next version; `contentDigest` is the SHA-256 of what it says"
            }
            Self::PromptVersionDeploymentRequested => {
                "a version of a prompt is to be deployed in `environment` and waits for somebody's yes"
            }
            Self::PromptVersionDeploymentRejected => "somebody said no to deploying a version",
            Self::PromptVersionDeployed => {
                "a version of a prompt runs in `environment`, in the place of `replaces`"
            }
            Self::PromptVersionRolledBack => {
                "an earlier version of a prompt runs in `environment` again"
            }
            Self::PolicyCreated => "a policy was made",
            Self::PolicyUpdated => "a policy was changed and has its next version",
            Self::PolicyDeleted => "a policy was deleted",
            Self::PolicyViolated => {
                "an action was blocked or has to wait for a person; `policyName`, `severity` and `message` are of the gravest violation"
            }
            Self::ApprovalRequested => "a person is asked; the same waiting action asks once",
            Self::ApprovalApproved => "enough people said yes",
            Self::ApprovalDenied => "somebody said no",
            Self::ApprovalExpired => "nobody answered in time",
            Self::ApprovalCancelled => "it was taken back before anybody decided it",
            Self::ApprovalEscalated => {
                "nobody answered for a while, so the next tier is asked as well"
            }
            Self::CostThreshold => {
                "a budget is nearly or wholly spent: once an hour for each policy or rule, each thing it says and each outcome"
            }
            Self::IncidentCreated => "a trace shows what a policy forbids; a span is told once",
            Self::KeyCreated => "an API key was made",
            Self::KeyRotated => {
                "an API key was replaced by `replacedBy`; it works until `expiresAt`"
            }
            Self::KeyRevoked => "an API key was revoked",
            Self::BypassReported => {
                "a client reports what ran without a decision, or that it forgot such reports"
            }
            Self::ValidatorCreated => "a custom validator was made",
            Self::ValidatorUpdated => "a custom validator was changed or has a new secret",
            Self::ValidatorDeleted => "a custom validator was deleted",
            Self::CostBudgetRuleCreated => "a cost budget rule was made",
            Self::CostBudgetRuleUpdated => "a cost budget rule was changed",
            Self::CostBudgetRuleDeleted => "a cost budget rule was deleted",
            Self::SettingsUpdated => "the organisation's settings were changed",
            Self::UserInvited => "somebody was invited and can accept for 7 days",
            Self::UserUpdated => {
                "a person's name, role, grant or state was changed; `changed` names the fields"
            }
            Self::UserDisabled => "a person cannot sign in any more and was signed out everywhere",
            Self::UserPasswordChanged => {
                "a person has another password and was signed out everywhere else"
            }
            Self::Test => {
                "somebody tries a webhook out; it cannot be subscribed to and is not kept"
            }
        }
    }

    /// The type for people: `agent.red_team_scored` is `Agent red team scored`.
    pub fn title(self) -> String {
        let words = self.as_str().replace(['.', '_'], " ");
        let mut letters = words.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// UUIDv7 of its moment. The same event has the same id, whoever announces it and however often.
    pub id: Uuid,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// When.
    pub created_at: Timestamp,
    /// Where.
    pub organization_id: OrgId,
    /// To what, such as `agent:<id>`.
    pub subject: String,
    /// Details.
    pub data: Map<String, Value>,
}

impl Event {
    /// An event that happens as often as it is announced with other details. Fields of `data` that are `null` are left out, and `data`
    /// that is no object is empty.
    pub fn new(
        org: OrgId,
        kind: EventType,
        at: Timestamp,
        subject: impl Into<String>,
        data: Value,
    ) -> Self {
        let mut event = Self {
            id: Uuid::nil(),
            kind,
            created_at: at,
            organization_id: org,
            subject: subject.into(),
            data: Map::new(),
        };
        if let Value::Object(data) = data {
            event.data = data.into_iter().filter(|(_, value)| !value.is_null()).collect();
        }
        event.id = identify(at, &[&event.body()]);
        event
    }

    /// An event that happens once an hour at most: announced again with the same `about` within an hour of the clock, it is the same.
    #[must_use]
    pub fn hourly(self, about: &str) -> Self {
        let hour = self.created_at.as_millis().div_euclid(HOUR_MS).saturating_mul(HOUR_MS);
        let org = self.organization_id.to_string();
        let parts = [org.as_bytes(), self.kind.as_str().as_bytes(), about.as_bytes()];
        Self { id: identify(Timestamp::from_millis(hour), &parts), ..self }
    }

    /// The event as RFC 8785 canonical JSON: the body in our own format.
    pub fn body(&self) -> Vec<u8> {
        canonical(&json!({
            "id": self.id,
            "type": self.kind,
            "createdAt": self.created_at,
            "organizationId": self.organization_id,
            "subject": self.subject,
            "data": self.data,
        }))
    }

    /// The same for every delivery of this event, whatever the format: the SHA-256 of organisation, type and body as 64 hexadecimal
    /// digits.
    pub fn idempotency_key(&self) -> String {
        let mut hasher = Sha256::new();
        hasher.update(format!("{}\n{}\n", self.organization_id, self.kind));
        hasher.update(self.body());
        hex(&hasher.finalize())
    }

    /// The id of this event's delivery to a webhook.
    pub fn delivery_id(&self, webhook: Uuid) -> Uuid {
        identify(self.created_at, &[self.id.as_bytes(), webhook.as_bytes()])
    }
}

/// A UUIDv7 of a moment whose other bits are a digest instead of random: the same parts make the same id.
fn identify(at: Timestamp, parts: &[&[u8]]) -> Uuid {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
        hasher.update([0xff]);
    }
    let digest = hasher.finalize();
    let bytes = digest.first_chunk::<10>().copied().unwrap_or_default();
    let millis = u64::try_from(at.as_millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(millis: i64, data: Value) -> Event {
        let at = Timestamp::from_millis(1_790_000_000_000 + millis);
        Event::new(Uuid::from_u128(1).into(), EventType::CostThreshold, at, "policy:x", data)
    }

    #[test]
    fn the_same_event_has_the_same_id_and_key_and_another_has_not() {
        let (first, again) = (event(0, json!({ "a": 1 })), event(0, json!({ "a": 1, "b": null })));
        assert_eq!((first.id, first.idempotency_key()), (again.id, again.idempotency_key()));
        for other in [event(1, json!({ "a": 1 })), event(0, json!({ "a": 2 })), event(0, json!(7))]
        {
            assert_ne!(first.id, other.id);
            assert_ne!(first.idempotency_key(), other.idempotency_key());
        }
        assert_eq!(first.id.get_version_num(), 7);
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_ne!(first.delivery_id(one), first.delivery_id(two));
        let back: Event = serde_json::from_slice(&first.body()).unwrap();
        assert_eq!(back, first);
    }

    #[test]
    fn an_hourly_event_happens_once_an_hour() {
        let hourly = |millis| event(millis, json!({ "spent": millis })).hourly("x").id;
        // 1,790,000,000,000 is 13 minutes and 20 seconds after an hour.
        assert_eq!(hourly(0), hourly(2_799_999));
        assert_ne!(hourly(0), hourly(2_800_000));
        assert_ne!(hourly(0), event(0, json!({})).hourly("y").id);
    }

    #[test]
    fn titles_are_for_people() {
        assert_eq!(EventType::AgentRedTeamScored.title(), "Agent red team scored");
        assert!(EventType::subscribable().count() >= 16);
    }
}
