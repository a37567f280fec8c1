//! Agents by UUID and by the name their application gives them.

use std::collections::HashMap;
use std::sync::Arc;

use execlave_core::ids::{AgentId, OrgId};
use execlave_core::request::{AgentProfile, AgentStatus, PinnedTool};
use execlave_core::time::Timestamp;
use execlave_store::agents::{Agent, OutcomeStrictness};
use execlave_store::tool_baselines::{self, ToolBaseline};
use serde_json::Value;

/// An agent as `enforce` and ingest need it.
#[derive(Debug)]
pub struct AgentEntry {
    /// What policies look at.
    pub profile: AgentProfile,
    /// Grows with every change of status.
    pub epoch: i64,
    /// What a trace that reports a success must prove.
    pub outcome_strictness: OutcomeStrictness,
    /// Credentials of an earlier generation are void.
    pub credential_generation: i64,
    /// What it can do for others: what it is registered to do, and what its metadata adds.
    pub capabilities: Vec<String>,
    /// Since when it is in its state.
    pub status_changed_at: Timestamp,
    created_at: Timestamp,
}

impl AgentEntry {
    /// Whether it may begin anything new.
    pub(crate) fn may_act(&self) -> bool {
        matches!(self.profile.status, AgentStatus::Active | AgentStatus::Error)
    }
}

/// The agents of every organisation.
#[derive(Debug, Default)]
pub(super) struct Agents {
    by_id: HashMap<(OrgId, AgentId), Arc<AgentEntry>>,
    by_name: HashMap<OrgId, HashMap<String, Vec<AgentId>>>,
}

impl Agents {
    /// All agents with what is pinned for them.
    pub(super) fn of(agents: Vec<Agent>, baselines: Vec<ToolBaseline>) -> Self {
        let mut pinned: HashMap<(OrgId, AgentId), ToolBaseline> =
            baselines.into_iter().map(|one| ((one.org_id, one.agent_id), one)).collect();
        let mut all = Self::default();
        for agent in agents {
            let baseline = pinned.remove(&(agent.org_id, agent.id));
            all.put(agent, baseline);
        }
        all
    }

    /// Adds an agent or replaces what was known of it.
    pub(super) fn put(&mut self, agent: Agent, baseline: Option<ToolBaseline>) {
        let (org, id) = (agent.org_id, agent.id);
        let names = self.by_name.entry(org).or_default().entry(agent.agent_id.clone()).or_default();
        if !names.contains(&id) {
            names.push(id);
        }
        self.by_id.insert((org, id), Arc::new(entry(agent, baseline)));
    }

    /// Adds an agent unless it is known: what is known was read in turn and may be newer.
    pub(super) fn put_if_unknown(&mut self, agent: Agent, baseline: Option<ToolBaseline>) {
        if !self.by_id.contains_key(&(agent.org_id, agent.id)) {
            self.put(agent, baseline);
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<(OrgId, Arc<AgentEntry>)> {
        self.by_id.iter().map(|((org, _), agent)| (*org, Arc::clone(agent))).collect()
    }

    /// Those of an organisation.
    pub(super) fn of_org(&self, org: OrgId) -> Vec<Arc<AgentEntry>> {
        let ids = self.by_name.get(&org).into_iter().flat_map(HashMap::values).flatten();
        ids.filter_map(|id| self.by_id.get(&(org, *id)).cloned()).collect()
    }

    /// By UUID; or by external id in the environment asked for, else the oldest of that name.
    pub(super) fn find(
        &self,
        org: OrgId,
        reference: &str,
        environment: Option<&str>,
    ) -> Option<Arc<AgentEntry>> {
        let by_id = reference.parse().ok().and_then(|id| self.by_id.get(&(org, id)));
        by_id.or_else(|| self.find_by_name(org, reference, environment)).cloned()
    }

    fn find_by_name(
        &self,
        org: OrgId,
        name: &str,
        environment: Option<&str>,
    ) -> Option<&Arc<AgentEntry>> {
        let candidates = || {
            let ids = self.by_name.get(&org).and_then(|names| names.get(name));
            ids.into_iter().flatten().filter_map(|id| self.by_id.get(&(org, *id)))
        };
        candidates()
            .find(|agent| environment == Some(agent.profile.environment.as_str()))
            .or_else(|| candidates().min_by_key(|agent| (agent.created_at, agent.profile.id)))
    }
}

fn entry(agent: Agent, baseline: Option<ToolBaseline>) -> AgentEntry {
    let pinned = baseline.map(|baseline| baseline.tools).unwrap_or_default();
    AgentEntry {
        epoch: agent.epoch,
        credential_generation: agent.credential_generation,
        capabilities: capabilities(&agent),
        outcome_strictness: agent.outcome_strictness,
        status_changed_at: agent.status_changed_at,
        created_at: agent.created_at,
        profile: AgentProfile {
            id: agent.id,
            external_id: agent.agent_id,
            name: agent.name,
            environment: agent.environment,
            status: agent.status,
            status_reason: agent.status_reason,
            tags: agent.tags,
            allowed_actions: agent.allowed_actions,
            allowed_data_sources: agent.allowed_data_sources,
            requires_human_approval_for: agent.requires_human_approval_for,
            autonomy_level: agent.autonomy_level.and_then(|level| level.parse().ok()),
            tool_baseline: pinned.into_iter().map(tool).collect(),
        },
    }
}

fn capabilities(agent: &Agent) -> Vec<String> {
    let metadata = agent.metadata.to_value();
    let more = metadata.get("capabilities").and_then(Value::as_array).into_iter().flatten();
    let more = more.filter_map(Value::as_str).map(str::to_owned);
    let mut all: Vec<String> = agent.allowed_actions.iter().cloned().chain(more).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn tool(pin: tool_baselines::PinnedTool) -> PinnedTool {
    PinnedTool { server: pin.server, tool: pin.tool, descriptor_hash: pin.descriptor_hash }
}
