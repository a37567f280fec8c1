//! `/agents`: the list, and the switch that stops one of them.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use execlave_core::request::AgentStatus;
use execlave_core::time::Timestamp;
use execlave_store::agents::{Agent, AgentFilter};
use execlave_store::page::PageRequest;
use serde::Deserialize;

use crate::auth::permission::WriteAgents;
use crate::auth::session::Viewer;
use crate::pages::failure::PageError;
use crate::pages::layout::{Layout, Section};
use crate::pages::moment::Moment;
use crate::pages::pill::{Choice, Pill};
use crate::pages::query::Asked;
use crate::pages::query_string;
use crate::state::AppState;

/// The list.
#[derive(Debug, Template)]
#[template(path = "agents/index.html")]
pub(crate) struct AgentsPage {
    layout: Layout,
    newcomer: bool,
    base_url: String,
    search: String,
    statuses: Vec<Choice>,
    filtered: bool,
    may_pause: bool,
    agents: Vec<AgentRow>,
    older: Option<String>,
}

/// One agent, in the list and at the head of its page.
#[derive(Debug)]
pub(crate) struct AgentRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) external_id: String,
    pub(crate) environment: String,
    pub(crate) kind: String,
    pub(crate) status: Pill,
    pub(crate) last_seen: Option<Moment>,
    pub(crate) can_pause: bool,
    pub(crate) can_resume: bool,
}

/// What the form above the list asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    search: String,
    status: String,
    cursor: Option<String>,
}

const STATUSES: [(&str, &str); 6] = [
    ("", "Any"),
    ("active", "Active"),
    ("paused", "Paused"),
    ("inactive", "Inactive"),
    ("error", "Error"),
    ("archived", "Archived"),
];

/// `GET /agents`
pub(crate) async fn list(
    State(state): State<AppState>,
    Viewer(who): Viewer,
    Asked(filter): Asked<Filter>,
) -> Result<Html<String>, PageError> {
    let search = filter.search.trim();
    let wanted = AgentFilter {
        search: (!search.is_empty()).then(|| search.to_owned()),
        status: filter.status.parse::<AgentStatus>().ok(),
        ..AgentFilter::default()
    };
    let filtered = wanted.search.is_some() || wanted.status.is_some();
    let page = PageRequest { cursor: filter.cursor.clone(), ..PageRequest::default() };
    let found = state.store.list_agents(who.org, &wanted, &page).await?;
    let now = state.clock.now();
    let older = found.next_cursor.map(|cursor| {
        query_string(
            "/agents",
            &[("search", search), ("status", &filter.status), ("cursor", &cursor)],
        )
    });
    let page = AgentsPage {
        layout: Layout::load(&state, &who, Section::Agents).await?,
        newcomer: found.items.is_empty() && !filtered && filter.cursor.is_none(),
        base_url: state.config.public_url(),
        search: search.to_owned(),
        statuses: Choice::list(&STATUSES, &filter.status),
        filtered,
        may_pause: who.may::<WriteAgents>(),
        agents: found.items.into_iter().map(|agent| AgentRow::new(&state, agent, now)).collect(),
        older,
    };
    Ok(Html(page.render()?))
}

impl AgentRow {
    /// An agent as seen at a moment.
    pub(crate) fn new(state: &AppState, agent: Agent, now: Timestamp) -> Self {
        let seen =
            state.directory.touched.agent_seen(agent.org_id, agent.id).max(agent.last_seen_at);
        Self {
            id: agent.id.to_string(),
            kind: match agent.platform.as_str() {
                "" | "custom" => agent.kind,
                platform => format!("{}, {platform}", agent.kind),
            },
            name: agent.name,
            external_id: agent.agent_id,
            environment: agent.environment,
            status: Pill::agent(agent.status.as_str()),
            last_seen: seen.map(|at| Moment::new(at, now)),
            can_pause: agent.status == AgentStatus::Active,
            can_resume: agent.status == AgentStatus::Paused,
        }
    }
}

#[cfg(test)]
impl AgentRow {
    pub(crate) fn sample(
        name: &str,
        external_id: &str,
        environment: &str,
        status: &str,
        seen: Option<i64>,
    ) -> Self {
        Self {
            id: format!("019abf6e-2f0c-7c3d-9d0e-{:012x}", external_id.len()),
            name: name.to_owned(),
            external_id: external_id.to_owned(),
            environment: environment.to_owned(),
            kind: "autonomous, langchain".to_owned(),
            status: Pill::agent(status),
            last_seen: seen.map(crate::pages::samples::ago),
            can_pause: status == "active",
            can_resume: status == "paused",
        }
    }
}

#[cfg(test)]
impl AgentsPage {
    pub(crate) fn sample() -> Self {
        Self {
            layout: Layout::sample(Section::Agents),
            newcomer: false,
            base_url: "http://127.0.0.1:4000".to_owned(),
            search: String::new(),
            statuses: Choice::list(&[("", "Any"), ("active", "Active"), ("paused", "Paused")], ""),
            filtered: false,
            may_pause: true,
            agents: vec![
                AgentRow::sample(
                    "Customer support",
                    "support-bot",
                    "production",
                    "active",
                    Some(4),
                ),
                AgentRow::sample(
                    "Customs filer",
                    "customs-declarations-filer-eu-west",
                    "production",
                    "active",
                    Some(130),
                ),
                AgentRow::sample("Inbox triage", "inbox-triage", "production", "active", Some(32)),
                AgentRow::sample("Release bot", "release-bot", "production", "paused", Some(9_100)),
                AgentRow::sample("Release bot", "release-bot", "staging", "active", Some(61)),
                AgentRow::sample("Night batch", "night-batch", "production", "error", Some(3_900)),
                AgentRow::sample("Old importer", "importer-v1", "development", "archived", None),
            ],
            older: None,
        }
    }
}
