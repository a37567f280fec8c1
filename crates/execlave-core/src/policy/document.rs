//! A policy as people write it: strict, with every default filled in.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::error::PolicyError;
use super::field::{Bounds, Field, NAMES, Spec};
use super::fields::{Fields, Spelling};
use super::rules::PolicyType;
use crate::decision::{EnforcementMode, Severity};
use crate::ids::PolicyId;
use crate::words::words;

/// What happens when a policy cannot be evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum FailureMode {
    /// The policy does not fire.
    FailOpen,
    /// The policy fires.
    FailClosed,
}

words!(FailureMode, "failure mode", FailOpen = "fail_open", FailClosed = "fail_closed",);

/// When a policy with prerequisites runs. A prerequisite that does not apply to the action, does not exist
/// or did not run counts as passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ChainTrigger {
    /// When no prerequisite fired.
    AllPassed,
    /// When at least one prerequisite fired.
    AnyViolated,
    /// Whatever the prerequisites did.
    Always,
}

words!(
    ChainTrigger,
    "chain trigger",
    AllPassed = "all_passed",
    AnyViolated = "any_violated",
    Always = "always",
);

/// A policy as people write it. Made by [`PolicyDocument::from_value`].
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyDocument {
    /// Unique in its organisation.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it looks at.
    pub policy_type: PolicyType,
    /// What it does when it fires.
    pub enforcement_mode: EnforcementMode,
    /// How grave a violation is; the type's default unless given.
    pub severity: Severity,
    /// The rule, keys in camelCase.
    pub rule_definition: Value,
    /// External ids or UUIDs; empty means all agents.
    pub applies_to_agents: Vec<String>,
    /// Empty means all environments.
    pub applies_to_environments: Vec<String>,
    /// Agents with one of these tags; empty means all.
    pub applies_to_tags: Vec<String>,
    /// Whether it is evaluated at all.
    pub is_active: bool,
    /// What happens when it cannot be evaluated.
    pub failure_mode: FailureMode,
    /// The order in which violations are listed.
    pub evaluation_order: u32,
    /// The policies that decide whether this one runs.
    pub prerequisites: Vec<PolicyId>,
    /// How they decide it.
    pub chain_trigger: ChainTrigger,
    /// The share of sessions (or agents) in which the mode is real; elsewhere it is `monitor`.
    pub rollout_percent: u8,
    /// Anything the author adds.
    pub metadata: Map<String, Value>,
}

const PREREQUISITES: Bounds = Bounds { items: 20, characters: 64 };

pub(super) const SPEC: Spec = Spec::new(&[
    Field::text("name", 200, None, "unique in the organisation").required(),
    Field::text("description", 4000, None, "what it is for"),
    Field::word::<PolicyType>("policyType", None, "what it looks at").required(),
    Field::word::<EnforcementMode>("enforcementMode", None, "what it does when it fires")
        .required(),
    Field::word::<Severity>("severity", None, "how grave a violation is; by type when left out"),
    Field::rule("ruleDefinition", "the rule; its fields depend on the type"),
    Field::texts("appliesToAgents", NAMES, "external ids or UUIDs; none means all"),
    Field::texts("appliesToEnvironments", NAMES, "none means all"),
    Field::texts("appliesToTags", NAMES, "an agent with any of them; none means all"),
    Field::flag("isActive", true, "whether it is evaluated"),
    Field::word::<FailureMode>(
        "failureMode",
        Some("fail_open"),
        "what happens when it cannot be evaluated",
    ),
    Field::integer("evaluationOrder", 0, 100_000, Some(100), "the order violations are listed in"),
    Field::texts("prerequisites", PREREQUISITES, "ids of policies that decide whether it runs"),
    Field::word::<ChainTrigger>("chainTrigger", Some("all_passed"), "how they decide it"),
    Field::integer(
        "rolloutPercent",
        0,
        100,
        Some(100),
        "the share of sessions in which its mode is real; elsewhere it acts as `monitor`",
    ),
    Field::free("metadata", "anything its author adds"),
]);

impl PolicyDocument {
    /// Reads and checks a policy, its rule included. Legacy spellings are accepted.
    pub fn from_value(value: Value) -> Result<Self, PolicyError> {
        let fields = Fields::read("", value, &SPEC, Spelling::Current)?;
        let name = fields.text("name").unwrap_or_default();
        if name.trim().is_empty() {
            return Err(fields.error("name", "must not be empty"));
        }
        // INVARIANT: required words have been checked, so these errors are never seen.
        let policy_type: PolicyType = word(&fields, "policyType")?;
        let enforcement_mode = word(&fields, "enforcementMode")?;
        let prerequisites = fields.texts("prerequisites");
        let prerequisites = prerequisites.iter().enumerate().map(|(index, id)| {
            let wrong = |error: crate::ids::InvalidId| {
                fields.error(&format!("prerequisites[{index}]"), error.to_string())
            };
            id.parse().map_err(wrong)
        });
        let prerequisites = prerequisites.collect::<Result<Vec<PolicyId>, _>>()?;
        let mut agents = fields.texts("appliesToAgents");
        let mut rule = fields.value("ruleDefinition").unwrap_or_default();
        if policy_type == PolicyType::ToolInvocation {
            agents.extend(move_agent(&mut rule));
        }
        Ok(Self {
            name,
            description: fields.text("description"),
            policy_type,
            enforcement_mode,
            severity: fields.word("severity").unwrap_or(policy_type.default_severity()),
            // Last, so that a misspelt key of the document is reported before the details of its rule.
            rule_definition: policy_type.canonical(rule)?,
            applies_to_agents: agents,
            applies_to_environments: fields.texts("appliesToEnvironments"),
            applies_to_tags: fields.texts("appliesToTags"),
            is_active: fields.flag("isActive"),
            failure_mode: fields.word("failureMode").unwrap_or(FailureMode::FailOpen),
            evaluation_order: small(fields.integer("evaluationOrder")).unwrap_or(100),
            prerequisites,
            chain_trigger: fields.word("chainTrigger").unwrap_or(ChainTrigger::AllPassed),
            rollout_percent: small(fields.integer("rolloutPercent")).unwrap_or(100),
            metadata: match fields.value("metadata") {
                Some(Value::Object(metadata)) => metadata,
                _ => Map::new(),
            },
        })
    }

    /// The document as it is stored and shown: camelCase, current spellings, defaults filled in.
    pub fn to_value(&self) -> Value {
        let mut value = json!({
            "name": self.name,
            "policyType": self.policy_type,
            "enforcementMode": self.enforcement_mode,
            "severity": self.severity,
            "ruleDefinition": self.rule_definition,
            "appliesToAgents": self.applies_to_agents,
            "appliesToEnvironments": self.applies_to_environments,
            "appliesToTags": self.applies_to_tags,
            "isActive": self.is_active,
            "failureMode": self.failure_mode,
            "evaluationOrder": self.evaluation_order,
            "prerequisites": self.prerequisites,
            "chainTrigger": self.chain_trigger,
            "rolloutPercent": self.rollout_percent,
            "metadata": self.metadata,
        });
        if let (Some(description), Some(map)) = (&self.description, value.as_object_mut()) {
            map.insert("description".into(), Value::from(description.as_str()));
        }
        value
    }

    /// The JSON Schema (draft 2020-12) of a policy; `ruleDefinition` depends on `policyType`.
    pub fn schema() -> Value {
        let mut schema = SPEC.schema();
        let by_type: Vec<Value> = PolicyType::ALL
            .iter()
            .map(|policy_type| {
                json!({
                    "if": {"properties": {"policyType": {"const": policy_type}}},
                    "then": {"properties": {"ruleDefinition": policy_type.schema()}},
                })
            })
            .collect();
        if let Some(map) = schema.as_object_mut() {
            map.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
            map.insert("title".into(), json!("policy"));
            map.insert("allOf".into(), json!(by_type));
        }
        schema
    }
}

fn word<T: std::str::FromStr>(fields: &Fields, name: &str) -> Result<T, PolicyError> {
    fields.word(name).ok_or_else(|| fields.error(name, "is required"))
}

fn small<T: TryFrom<u64>>(number: Option<u64>) -> Option<T> {
    number.and_then(|number| T::try_from(number).ok())
}

/// Older `tool_invocation` rules name their one agent inside the rule.
fn move_agent(rule: &mut Value) -> Option<String> {
    let map = rule.as_object_mut()?;
    let key = ["agentId", "agent_id"].into_iter().find(|key| {
        map.get(*key).is_some_and(|agent| agent.as_str().is_some_and(|agent| !agent.is_empty()))
    })?;
    map.remove(key)?.as_str().map(str::to_owned)
}

impl Serialize for PolicyDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PolicyDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_value(value).map_err(serde::de::Error::custom)
    }
}
