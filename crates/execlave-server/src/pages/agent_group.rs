//! `/agents/pause` and `/agents/resume`: the kill switch for all agents, or for all with a tag or of an environment.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use execlave_core::request::AgentStatus;
use execlave_store::agents::AgentGroup;

use crate::auth::session::{Operator, SignedIn};
use crate::error::AppError;
use crate::ops::change_group_status::{pause_group, resume_group};
use crate::pages::agent::fault_of_reason;
use crate::pages::failure::PageError;
use crate::pages::form::Posted;
use crate::pages::layout::{Layout, Section};
use crate::pages::pill::Choice;
use crate::state::AppState;

/// What the page is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Pause,
    Resume,
}

/// Which agents, and why.
#[derive(Debug, Template)]
#[template(path = "agents/group.html")]
pub(crate) struct GroupPage {
    layout: Layout,
    pauses: bool,
    /// Without any, only the whole organisation can be meant, for whoever registers.
    groups: Vec<Choice>,
    reason: String,
    fault: Option<&'static str>,
}

/// `GET /agents/pause`
pub(crate) async fn ask_pause(
    State(state): State<AppState>,
    Operator(who): Operator,
) -> Result<Html<String>, PageError> {
    Ok(Html(GroupPage::new(&state, &who, Verb::Pause, "").await?.render()?))
}

/// `GET /agents/resume`
pub(crate) async fn ask_resume(
    State(state): State<AppState>,
    Operator(who): Operator,
) -> Result<Html<String>, PageError> {
    Ok(Html(GroupPage::new(&state, &who, Verb::Resume, "").await?.render()?))
}

/// `POST /agents/pause`
pub(crate) async fn pause(
    State(state): State<AppState>,
    form: Posted<Operator>,
) -> Result<Response, PageError> {
    change(&state, &form, Verb::Pause).await
}

/// `POST /agents/resume`
pub(crate) async fn resume(
    State(state): State<AppState>,
    form: Posted<Operator>,
) -> Result<Response, PageError> {
    change(&state, &form, Verb::Resume).await
}

async fn change(
    state: &AppState,
    form: &Posted<Operator>,
    verb: Verb,
) -> Result<Response, PageError> {
    let who = &form.who.0;
    let (group, reason) = (read(form.text("group"))?, form.text("reason"));
    if let Some(fault) = fault_of_reason(reason) {
        let page = GroupPage::new(state, who, verb, form.text("group")).await?;
        let page = GroupPage { fault: Some(fault), reason: reason.to_owned(), ..page };
        return Ok((StatusCode::BAD_REQUEST, Html(page.render()?)).into_response());
    }
    let (actor, reason) = (who.actor(), Some(reason.to_owned()));
    match verb {
        Verb::Pause => pause_group(state, who.org, &actor, group, reason).await?,
        Verb::Resume => resume_group(state, who.org, &actor, group, reason).await?,
    };
    Ok(Redirect::to("/agents").into_response())
}

/// `all`, or the kind of group, a colon and its name.
fn read(text: &str) -> Result<AgentGroup, PageError> {
    let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    let group = match text.split_once(':') {
        Some(("tag", tag)) => AgentGroup { tag: named(tag), environment: None },
        Some(("environment", name)) => AgentGroup { tag: None, environment: named(name) },
        _ => AgentGroup::default(),
    };
    if text != "all" && group.tag.is_none() && group.environment.is_none() {
        return Err(AppError::invalid("group", "choose which agents").into());
    }
    Ok(group)
}

impl GroupPage {
    async fn new(
        state: &AppState,
        who: &SignedIn,
        verb: Verb,
        chosen: &str,
    ) -> Result<Self, PageError> {
        let pauses = verb == Verb::Pause;
        let wanted = if pauses { AgentStatus::Active } else { AgentStatus::Paused };
        Ok(Self {
            layout: Layout::load(state, who, Section::Agents).await?,
            pauses,
            groups: groups(state, who, wanted, chosen),
            reason: String::new(),
            fault: None,
        })
    }
}

/// Every group with at least one agent that would change.
fn groups(state: &AppState, who: &SignedIn, wanted: AgentStatus, chosen: &str) -> Vec<Choice> {
    let (mut tags, mut environments) = (BTreeMap::new(), BTreeMap::new());
    let mut all = 0_usize;
    for (org, agent) in state.directory.all_agents() {
        if org != who.org || agent.profile.status != wanted {
            continue;
        }
        all += 1;
        *environments.entry(agent.profile.environment.clone()).or_insert(0_usize) += 1;
        for tag in &agent.profile.tags {
            *tags.entry(tag.clone()).or_insert(0_usize) += 1;
        }
    }
    let choice = |value: String, name: &str, count: usize| Choice {
        selected: value == chosen,
        label: format!("{name} ({count})"),
        value,
    };
    let mut choices = vec![choice("all".to_owned(), "All agents", all)];
    choices.extend(environments.iter().map(|(name, count)| {
        choice(format!("environment:{name}"), &format!("Environment {name}"), *count)
    }));
    choices.extend(
        tags.iter().map(|(tag, count)| choice(format!("tag:{tag}"), &format!("Tag {tag}"), *count)),
    );
    choices
}

#[cfg(test)]
impl GroupPage {
    pub(crate) fn sample() -> Self {
        let groups = [
            ("all", "All agents (7)"),
            ("environment:production", "Environment production (5)"),
            ("tag:payments", "Tag payments (2)"),
        ];
        Self {
            layout: Layout::sample(Section::Agents),
            pauses: true,
            groups: Choice::list(&groups, "tag:payments"),
            reason: String::new(),
            fault: None,
        }
    }
}
