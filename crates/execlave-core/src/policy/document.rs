//! A policy as people write it: strict, with every default filled in.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::error::PolicyError;
use super::fields::{Fields, ListBounds, NAMES};
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

impl PolicyDocument {
    /// Reads and checks a policy, its rule included. Legacy spellings are accepted.
    pub fn from_value(value: Value) -> Result<Self, PolicyError> {
        let mut fields = Fields::document(value)?;
        let name = required(&mut fields, "name", |fields| fields.text("name", 200))?;
        if name.trim().is_empty() {
            return Err(fields.error("name", "must not be empty"));
        }
        let description = fields.text("description", 4000)?;
        let policy_type: PolicyType =
            required(&mut fields, "policyType", |fields| fields.word("policyType"))?;
        let enforcement_mode =
            required(&mut fields, "enforcementMode", |fields| fields.word("enforcementMode"))?;
        let severity = fields.word("severity")?.unwrap_or(policy_type.default_severity());
        let rule =
            required(&mut fields, "ruleDefinition", |fields| fields.value("ruleDefinition"))?;
        let document = Self {
            name,
            description,
            policy_type,
            enforcement_mode,
            severity,
            rule_definition: Value::Null,
            applies_to_agents: fields.texts("appliesToAgents", NAMES)?.unwrap_or_default(),
            applies_to_environments: fields
                .texts("appliesToEnvironments", NAMES)?
                .unwrap_or_default(),
            applies_to_tags: fields.texts("appliesToTags", NAMES)?.unwrap_or_default(),
            is_active: fields.flag("isActive", true)?,
            failure_mode: fields.word("failureMode")?.unwrap_or(FailureMode::FailOpen),
            evaluation_order: fields
                .integer("evaluationOrder", 0, 100_000)?
                .and_then(|order| u32::try_from(order).ok())
                .unwrap_or(100),
            prerequisites: fields.words("prerequisites", PREREQUISITES)?.unwrap_or_default(),
            chain_trigger: fields.word("chainTrigger")?.unwrap_or(ChainTrigger::AllPassed),
            rollout_percent: fields
                .integer("rolloutPercent", 0, 100)?
                .and_then(|percent| u8::try_from(percent).ok())
                .unwrap_or(100),
            metadata: match fields.value("metadata")? {
                None => Map::new(),
                Some(Value::Object(metadata)) => metadata,
                Some(_) => return Err(fields.error("metadata", "must be an object")),
            },
        };
        fields.finish()?;
        // Last, so that a misspelt key of the document is reported before the details of its rule.
        Ok(Self { rule_definition: canonical_rule(policy_type, rule)?, ..document })
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
}

const PREREQUISITES: ListBounds = ListBounds { items: 20, characters: 64 };

fn required<T>(
    fields: &mut Fields,
    name: &str,
    read: impl FnOnce(&mut Fields) -> Result<Option<T>, PolicyError>,
) -> Result<T, PolicyError> {
    read(fields)?.ok_or_else(|| fields.missing(name))
}

/// The rule with every key in camelCase, once it is known to be valid.
fn canonical_rule(policy_type: PolicyType, rule: Value) -> Result<Value, PolicyError> {
    let mut fields = Fields::rule(rule)?;
    policy_type.read(&mut fields)?;
    fields.finish().map(Value::Object)
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
