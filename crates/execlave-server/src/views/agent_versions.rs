//! Versions of agents as they go out, and the registration they keep.

use execlave_api::agent_versions::AgentVersion;
use execlave_store::agent_versions::{self as store, ActiveAgentVersion};
use execlave_store::agents::Agent;
use serde_json::{Map, Value, json};

use super::{stored, time};

pub(crate) fn agent_version(
    version: store::AgentVersion,
    active: Option<&ActiveAgentVersion>,
) -> AgentVersion {
    AgentVersion {
        is_active: active.is_some_and(|active| active.version_id == version.id),
        id: version.id.to_string(),
        agent_id: version.agent_id.to_string(),
        version_number: version.version_number,
        version_label: version.version_label,
        notes: version.notes,
        metadata: stored(&version.metadata),
        snapshot: stored(&version.snapshot),
        created_at: time(version.created_at),
        created_by: version.created_by,
    }
}

/// What an agent is registered as, in the words of the wire. What changes by itself, such as its status, is no part of it.
pub(crate) fn agent_snapshot(agent: &Agent) -> Map<String, Value> {
    let Value::Object(fields) = json!({
        "agentId": agent.agent_id,
        "name": agent.name,
        "type": agent.kind,
        "platform": agent.platform,
        "environment": agent.environment,
        "description": agent.description,
        "ownerEmail": agent.owner_email,
        "allowedDataSources": agent.allowed_data_sources,
        "allowedActions": agent.allowed_actions,
        "requiresHumanApprovalFor": agent.requires_human_approval_for,
        "tags": agent.tags,
        "metadata": agent.metadata.to_value(),
        "autonomyLevel": agent.autonomy_level,
        "outcomeStrictness": agent.outcome_strictness.as_str(),
    }) else {
        return Map::new();
    };
    fields.into_iter().filter(|(_, value)| !value.is_null()).collect()
}
