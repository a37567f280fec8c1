//! `/agents/{id}`: one agent, and the pages that pause and resume it.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use execlave_core::decision::{Outcome, Violation};
use execlave_core::request::AgentStatus;
use execlave_core::time::Timestamp;
use execlave_store::agents::Agent;
use execlave_store::decisions::{DecisionFilter, DecisionRecord};
use execlave_store::page::PageRequest;
use serde::Deserialize;

use crate::auth::permission::WriteAgents;
use crate::auth::session::{Operator, SignedIn, Viewer};
use crate::ops::change_status;
use crate::pages::agents::AgentRow;
use crate::pages::amount;
use crate::pages::failure::PageError;
use crate::pages::form::Posted;
use crate::pages::layout::{Layout, Section};
use crate::pages::moment::Moment;
use crate::pages::pill::Pill;
use crate::pages::prose::Prose;
use crate::pages::query::Asked;
use crate::pages::query_string;
use crate::state::AppState;

/// One agent.
#[derive(Debug, Template)]
#[template(path = "agents/show.html")]
pub(crate) struct AgentPage {
    layout: Layout,
    may_pause: bool,
    agent: AgentRow,
    status_reason: Option<String>,
    registered: Moment,
    owner: Option<String>,
    description: Option<String>,
    lists: Vec<WordList>,
    decisions: Vec<DecisionRow>,
    traces_href: String,
}

const LATEST: PageRequest = PageRequest { limit: 20, cursor: None };

/// `GET /agents/{id}`
pub(crate) async fn show(
    State(state): State<AppState>,
    Viewer(who): Viewer,
    Path(id): Path<String>,
) -> Result<Html<String>, PageError> {
    let agent = find(&state, &who, &id).await?;
    let now = state.clock.now();
    let of_agent = DecisionFilter { agent_id: Some(agent.id), ..DecisionFilter::default() };
    let decisions = state.store.list_decisions(who.org, &of_agent, &LATEST).await?;
    let page = AgentPage {
        layout: Layout::load(&state, &who, Section::Agents).await?,
        may_pause: who.may::<WriteAgents>(),
        status_reason: (agent.status != AgentStatus::Active).then(|| {
            agent.status_reason.clone().unwrap_or_else(|| "No reason was given.".to_owned())
        }),
        registered: Moment::new(agent.created_at, now),
        owner: agent.owner_email.clone(),
        description: agent.description.clone(),
        lists: word_lists(&agent),
        decisions: decisions.items.iter().map(|decision| DecisionRow::new(decision, now)).collect(),
        traces_href: query_string("/traces", &[("agent", &agent.agent_id)]),
        agent: AgentRow::new(&state, agent, now),
    };
    Ok(Html(page.render()?))
}

async fn find(state: &AppState, who: &SignedIn, id: &str) -> Result<Agent, PageError> {
    let Ok(parsed) = id.parse() else { return Err(PageError::not_found("agent", id)) };
    state.store.find_agent(who.org, parsed).await?.ok_or_else(|| PageError::not_found("agent", id))
}

fn word_lists(agent: &Agent) -> Vec<WordList> {
    [
        ("Tags", &agent.tags),
        ("Allowed actions", &agent.allowed_actions),
        ("Allowed data sources", &agent.allowed_data_sources),
        ("Needs approval for", &agent.requires_human_approval_for),
    ]
    .into_iter()
    .filter(|(_, words)| !words.is_empty())
    .map(|(title, words)| WordList { title, words: words.clone() })
    .collect()
}

impl DecisionRow {
    fn new(decision: &DecisionRecord, now: Timestamp) -> Self {
        let violations: Vec<Violation> = decision.violations.parse().unwrap_or_default();
        let why = match (violations.first(), decision.outcome) {
            (Some(violation), _) => violation.message.as_str(),
            (None, Outcome::Allow) => "no policy fired",
            (None, _) => "",
        };
        Self {
            at: Moment::new(decision.evaluated_at, now),
            outcome: Pill::outcome(decision.outcome.as_str()),
            why: Prose::new(why),
            took: amount::microseconds(decision.duration_us),
        }
    }
}

/// A list of words the agent was registered with.
#[derive(Debug)]
struct WordList {
    title: &'static str,
    words: Vec<String>,
}

/// One decision about the agent.
#[derive(Debug)]
struct DecisionRow {
    at: Moment,
    outcome: Pill,
    why: Prose,
    took: String,
}

/// Where a form was opened, and so where to go back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Agents,
    Agent,
}

impl From {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Agents => "agents",
            Self::Agent => "agent",
        }
    }
}

/// The query of the two pages that ask.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Opened {
    from: String,
}

impl From {
    fn read(word: &str) -> Self {
        if word == "agents" { Self::Agents } else { Self::Agent }
    }

    /// Back to the agent, or to its line of the list.
    fn back(self, id: &str) -> String {
        match self {
            Self::Agents => format!("/agents#agent-{id}"),
            Self::Agent => format!("/agents/{id}"),
        }
    }
}

/// `GET /agents/{id}/pause`
pub(crate) async fn ask_pause(
    State(state): State<AppState>,
    Operator(who): Operator,
    Path(id): Path<String>,
    Asked(opened): Asked<Opened>,
) -> Result<Html<String>, PageError> {
    let agent = find(&state, &who, &id).await?;
    let page = PausePage::new(&state, &who, agent, From::read(&opened.from)).await?;
    Ok(Html(page.render()?))
}

/// `POST /agents/{id}/pause`
pub(crate) async fn pause(
    State(state): State<AppState>,
    Path(id): Path<String>,
    form: Posted<Operator>,
) -> Result<Response, PageError> {
    let who = &form.who.0;
    let agent = find(&state, who, &id).await?;
    let (reason, from) = (form.text("reason"), From::read(form.text("from")));
    if let Some(fault) = fault_of_reason(reason) {
        let page = PausePage::new(&state, who, agent, from).await?;
        let page = PausePage { fault: Some(fault), reason: reason.to_owned(), ..page };
        return Ok((StatusCode::BAD_REQUEST, Html(page.render()?)).into_response());
    }
    change_status::pause_agent(&state, who.org, &who.actor(), agent.id, Some(reason.to_owned()))
        .await?;
    Ok(Redirect::to(&from.back(&id)).into_response())
}

/// `GET /agents/{id}/resume`
pub(crate) async fn ask_resume(
    State(state): State<AppState>,
    Operator(who): Operator,
    Path(id): Path<String>,
    Asked(opened): Asked<Opened>,
) -> Result<Html<String>, PageError> {
    let agent = find(&state, &who, &id).await?;
    let from = From::read(&opened.from);
    let page = ResumePage {
        layout: Layout::load(&state, &who, Section::Agents).await?,
        cancel: from.back(&id),
        id: agent.id.to_string(),
        name: agent.name,
        external_id: agent.agent_id,
        environment: agent.environment,
        status_reason: agent.status_reason,
        from,
    };
    Ok(Html(page.render()?))
}

/// `POST /agents/{id}/resume`
pub(crate) async fn resume(
    State(state): State<AppState>,
    Path(id): Path<String>,
    form: Posted<Operator>,
) -> Result<Redirect, PageError> {
    let who = &form.who.0;
    let agent = find(&state, who, &id).await?;
    change_status::resume_agent(&state, who.org, &who.actor(), agent.id, None).await?;
    Ok(Redirect::to(&From::read(form.text("from")).back(&id)))
}

/// The longest reason a person may give.
pub(crate) const REASON_CHARS: usize = 1_000;

/// What is wrong with a reason, if anything.
pub(crate) fn fault_of_reason(reason: &str) -> Option<&'static str> {
    match reason.chars().count() {
        0 => Some("Give a reason; the audit record needs one."),
        length if length > REASON_CHARS => Some("Keep the reason below 1,000 characters."),
        _ => None,
    }
}

impl PausePage {
    async fn new(
        state: &AppState,
        who: &SignedIn,
        agent: Agent,
        from: From,
    ) -> Result<Self, PageError> {
        let id = agent.id.to_string();
        Ok(Self {
            layout: Layout::load(state, who, Section::Agents).await?,
            cancel: from.back(&id),
            id,
            name: agent.name,
            external_id: agent.agent_id,
            environment: agent.environment,
            reason: String::new(),
            fault: None,
            from,
        })
    }
}

/// Asks for the reason.
#[derive(Debug, Template)]
#[template(path = "agents/pause.html")]
pub(crate) struct PausePage {
    layout: Layout,
    id: String,
    name: String,
    external_id: String,
    environment: String,
    reason: String,
    fault: Option<&'static str>,
    from: From,
    cancel: String,
}

/// Asks once more.
#[derive(Debug, Template)]
#[template(path = "agents/resume.html")]
pub(crate) struct ResumePage {
    layout: Layout,
    id: String,
    name: String,
    external_id: String,
    environment: String,
    status_reason: Option<String>,
    from: From,
    cancel: String,
}

#[cfg(test)]
impl AgentPage {
    pub(crate) fn sample() -> Self {
        use crate::pages::samples::ago;

        let decision = |seconds, outcome: &str, why: &str| DecisionRow {
            at: ago(seconds),
            outcome: Pill::outcome(outcome),
            why: Prose::new(why),
            took: "0.31 ms".to_owned(),
        };
        Self {
            layout: Layout::sample(Section::Agents),
            may_pause: true,
            agent: AgentRow::sample(
                "Release bot",
                "release-bot",
                "production",
                "paused",
                Some(9_100),
            ),
            status_reason: Some(
                "Change freeze until Monday; see the incident of last night.".to_owned(),
            ),
            registered: ago(900_000),
            owner: Some("platform@northwind.example".to_owned()),
            description: Some(
                "Ships what the pipeline has built, when somebody asks in the channel.".to_owned(),
            ),
            lists: vec![
                WordList { title: "Tags", words: vec!["release".to_owned(), "tier-1".to_owned()] },
                WordList {
                    title: "Allowed actions",
                    words: vec!["deploy".to_owned(), "rollback".to_owned(), "read_*".to_owned()],
                },
                WordList { title: "Needs approval for", words: vec!["deploy".to_owned()] },
            ],
            decisions: vec![
                decision(9_100, "block", "the agent is paused: change freeze until Monday"),
                decision(9_400, "require_approval", "`deploy` needs a person's approval"),
                decision(9_800, "allow", "no policy fired"),
            ],
            traces_href: "/traces?agent=release-bot".to_owned(),
        }
    }
}

#[cfg(test)]
impl PausePage {
    pub(crate) fn sample() -> Self {
        Self {
            layout: Layout::sample(Section::Agents),
            id: "019abf6e-2f0c-7c3d-9d0e-5a3f0f3f8f12".to_owned(),
            name: "Customer support".to_owned(),
            external_id: "support-bot".to_owned(),
            environment: "production".to_owned(),
            reason: String::new(),
            fault: Some("Give a reason; the audit record needs one."),
            from: From::Agents,
            cancel: "/agents".to_owned(),
        }
    }
}

#[cfg(test)]
impl ResumePage {
    pub(crate) fn sample() -> Self {
        Self {
            layout: Layout::sample(Section::Agents),
            id: "019abf6e-2f0c-7c3d-9d0e-5a3f0f3f8f12".to_owned(),
            name: "Release bot".to_owned(),
            external_id: "release-bot".to_owned(),
            environment: "production".to_owned(),
            status_reason: Some("Change freeze until Monday.".to_owned()),
            from: From::Agent,
            cancel: "/agents/019abf6e-2f0c-7c3d-9d0e-5a3f0f3f8f12".to_owned(),
        }
    }
}
