//! Recording what an agent is registered as, and what has changed between two records.

use execlave_api::agent_versions::{AgentVersionChange, AgentVersionDiff, CreateAgentVersion};
use execlave_core::ids::{AgentId, OrgId};
use execlave_store::Json;
use execlave_store::agent_versions::{AgentVersion, MOST_AGENT_VERSIONS};
use serde_json::{Map, Value, json};

use crate::auth::Actor;
use crate::checks::{self, NAME_LENGTH, TEXT_LENGTH};
use crate::error::{AppError, AppResult};
use crate::state::AppState;
use crate::views;

/// Makes an agent's next version of its registration as it is.
pub(crate) async fn create_version(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    agent: AgentId,
    body: CreateAgentVersion,
) -> AppResult<AgentVersion> {
    let metadata = body.metadata.unwrap_or_default();
    for (path, value, length) in [
        ("versionLabel", &body.version_label, NAME_LENGTH),
        ("notes", &body.notes, TEXT_LENGTH),
        ("metadata.gitCommit", &metadata.git_commit, NAME_LENGTH),
        ("metadata.deployedAt", &metadata.deployed_at, NAME_LENGTH),
    ] {
        checks::optional(path, value.as_deref(), length)?;
    }
    let new = AgentVersion {
        org_id: org,
        id: state.clock.new_id(),
        agent_id: agent,
        version_number: 0,
        version_label: body.version_label,
        notes: body.notes,
        metadata: Json::of(&metadata),
        snapshot: json!({}).into(),
        created_at: state.clock.now(),
        created_by: actor.id(),
    };
    let snapshot = |agent| Json::of(&views::agent_snapshot(&agent));
    let made = state.store.create_agent_version(&new, body.activate, snapshot).await?;
    made.ok_or_else(|| AppError::conflict(format!("the agent has {MOST_AGENT_VERSIONS} versions")))
}

/// A version, or a 404.
pub(crate) async fn find(
    state: &AppState,
    org: OrgId,
    agent: AgentId,
    number: i64,
) -> AppResult<AgentVersion> {
    let found = state.store.find_agent_version(org, agent, number).await?;
    found.ok_or_else(|| AppError::not_found("agent version", number))
}

/// What is different between two versions.
pub(crate) fn diff(from: &AgentVersion, to: &AgentVersion) -> AgentVersionDiff {
    let mut changes = Vec::new();
    compare("", &fields(from), &fields(to), &mut changes);
    AgentVersionDiff {
        agent_id: from.agent_id.to_string(),
        from_version: from.version_number,
        to_version: to.version_number,
        changes,
    }
}

fn fields(version: &AgentVersion) -> Map<String, Value> {
    let all = [
        ("versionLabel", version.version_label.clone().map(Value::from)),
        ("notes", version.notes.clone().map(Value::from)),
        ("metadata", Some(version.metadata.to_value())),
        ("snapshot", Some(version.snapshot.to_value())),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Objects are compared field by field, to the depth that bodies can have; everything else as a whole.
fn compare(
    path: &str,
    from: &Map<String, Value>,
    to: &Map<String, Value>,
    changes: &mut Vec<AgentVersionChange>,
) {
    let added = to.keys().filter(|name| !from.contains_key(*name));
    let mut names: Vec<&String> = from.keys().chain(added).collect();
    names.sort_unstable();
    for name in names {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match (from.get(name), to.get(name)) {
            (Some(Value::Object(from)), Some(Value::Object(to))) => {
                compare(&path, from, to, changes);
            }
            (from, to) if from != to => {
                let (from, to) = (from.cloned(), to.cloned());
                changes.push(AgentVersionChange { path, from, to });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_compared_by_field_and_everything_else_as_a_whole() {
        let (Value::Object(from), Value::Object(to)) = (
            json!({ "a": 1, "b": { "c": [1, 2], "d": null, "same": {} }, "gone": "x" }),
            json!({ "a": 1, "b": { "c": [2, 1], "same": {}, "z": {} }, "new": null }),
        ) else {
            unreachable!("both are objects")
        };
        let mut changes = Vec::new();
        compare("", &from, &to, &mut changes);
        let shown = serde_json::to_value(&changes).expect("JSON");
        let expected = json!([
            { "path": "b.c", "from": [1, 2], "to": [2, 1] },
            { "path": "b.d", "from": null },
            { "path": "b.z", "to": {} },
            { "path": "gone", "from": "x" },
            { "path": "new", "to": null },
        ]);
        assert_eq!(shown, expected);
    }
}
