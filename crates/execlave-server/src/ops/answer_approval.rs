//! Answering an approval without an account: by the link in a message, or in the chat the message went to.

use execlave_core::ids::OrgId;
use execlave_core::webhook::AnswerLink;
use execlave_store::approvals::Approval;
use execlave_store::webhooks::Webhook;

use crate::auth::Actor;
use crate::checks::{self, NAME_LENGTH};
use crate::error::{AppError, AppResult};
use crate::ops::decide_approval::decide_approval;
use crate::state::AppState;

/// A link that holds: whose it is, and what it answers.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) org: OrgId,
    pub(crate) webhook: Webhook,
    pub(crate) approval: Approval,
}

/// What somebody says.
#[derive(Debug)]
pub(crate) struct Given<'a> {
    pub(crate) approve: bool,
    pub(crate) reason: &'a str,
}

/// Looks behind a link. Whatever is wrong with it, the answer is the same, so that nothing can be found out by trying.
pub(crate) async fn open(state: &AppState, token: &str) -> AppResult<Opened> {
    let opened = look(state, token).await?;
    opened.ok_or_else(|| {
        AppError::not_found("approval behind this link", token.chars().take(8).collect::<String>())
    })
}

async fn look(state: &AppState, token: &str) -> AppResult<Option<Opened>> {
    let Some(link) = AnswerLink::claimed(token) else { return Ok(None) };
    let org = link.organization_id;
    let Some(webhook) = state.store.find_webhook(org, link.webhook_id).await? else {
        return Ok(None);
    };
    if !webhook.takes_answers || !AnswerLink::is_genuine(token, &webhook.secret) {
        return Ok(None);
    }
    let approval = state.store.find_approval(org, link.approval_id).await?;
    Ok(approval.map(|approval| Opened { org, webhook, approval }))
}

/// Records an answer given by the link. All who have it are one voice, because nothing tells them apart: their name is what they say
/// it is.
pub(crate) async fn answer_by_link(
    state: &AppState,
    opened: &Opened,
    name: &str,
    given: &Given<'_>,
) -> AppResult<Approval> {
    checks::required("name", name, NAME_LENGTH)?;
    let actor = Actor::Guest {
        id: format!("webhook:{}", opened.webhook.id),
        name: format!("{name} by a link sent to {}", opened.webhook.name),
    };
    record(state, opened, &actor, given).await
}

/// Records an answer given in a chat, which knows who gave it.
pub(crate) async fn answer_in_chat(
    state: &AppState,
    opened: &Opened,
    person: String,
    name: &str,
    given: &Given<'_>,
) -> AppResult<Approval> {
    let actor = Actor::Guest { id: person, name: format!("{name} in {}", opened.webhook.name) };
    record(state, opened, &actor, given).await
}

async fn record(
    state: &AppState,
    opened: &Opened,
    actor: &Actor,
    given: &Given<'_>,
) -> AppResult<Approval> {
    let reason = Some(given.reason.to_owned());
    decide_approval(state, opened.org, actor, opened.approval.id, given.approve, reason).await
}
