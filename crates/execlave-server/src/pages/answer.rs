//! `/answer/{token}`: a request for approval, for whoever was sent its link. Opening it changes nothing; the answer is a second click.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use execlave_api::error::ErrorCode;

use crate::error::AppError;
use crate::ops::answer_approval::{Given, Opened, answer_by_link, open};
use crate::pages::agent::fault_of_reason;
use crate::pages::approvals::Card;
use crate::pages::assets::AssetUrls;
use crate::pages::failure::PageError;
use crate::pages::form::Sent;
use crate::state::AppState;

const NAME_CHARS: usize = 100;

/// What is asked, and how it ended.
#[derive(Debug, Template)]
#[template(path = "approvals/answer.html")]
pub(crate) struct AnswerPage {
    assets: AssetUrls,
    token: String,
    approval: Card,
    /// What was typed, should it have to be shown again.
    name: String,
    reason: String,
    name_fault: Option<&'static str>,
    reason_fault: Option<&'static str>,
    notice: Option<String>,
}

/// The path of a link.
pub(crate) fn path(token: &str) -> String {
    format!("/answer/{token}")
}

/// `GET /answer/{token}`
pub(crate) async fn show(
    State(state): State<AppState>,
    Path(token): Path<String>,
) -> Result<Html<String>, PageError> {
    let opened = open(&state, &token).await?;
    Ok(Html(AnswerPage::new(&state, token, &opened).render()?))
}

/// `POST /answer/{token}`
pub(crate) async fn give(
    State(state): State<AppState>,
    Path(token): Path<String>,
    form: Sent,
) -> Result<Response, PageError> {
    let opened = open(&state, &token).await?;
    let approve = match form.text("answer") {
        "approve" => true,
        "deny" => false,
        _ => return Err(AppError::invalid("answer", "answer with `approve` or `deny`").into()),
    };
    let (name, reason) = (form.text("name"), form.text("reason"));
    let page = |opened: &Opened| AnswerPage {
        name: name.to_owned(),
        reason: reason.to_owned(),
        ..AnswerPage::new(&state, token.clone(), opened)
    };
    let (name_fault, reason_fault) = (fault_of_name(name), fault_of_reason(reason));
    if name_fault.is_some() || reason_fault.is_some() {
        let page = AnswerPage { name_fault, reason_fault, ..page(&opened) };
        return Ok((StatusCode::BAD_REQUEST, Html(page.render()?)).into_response());
    }
    match answer_by_link(&state, &opened, name, &Given { approve, reason }).await {
        Ok(_) => Ok(Redirect::to(&path(&token)).into_response()),
        // Somebody was faster, or its time is over: show how it ended and say that this answer did not count.
        Err(error) if error.code() == ErrorCode::Conflict => {
            let notice = Some(format!("Your answer was not recorded: {}.", error.message()));
            let page = AnswerPage { notice, ..page(&open(&state, &token).await?) };
            Ok((StatusCode::CONFLICT, Html(page.render()?)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

fn fault_of_name(name: &str) -> Option<&'static str> {
    match name.chars().count() {
        0 => Some("Say who you are; the audit record needs a name."),
        length if length > NAME_CHARS => Some("Keep the name below 100 characters."),
        _ => None,
    }
}

impl AnswerPage {
    fn new(state: &AppState, token: String, opened: &Opened) -> Self {
        Self {
            assets: AssetUrls::new(),
            token,
            approval: Card::new(state, &opened.approval, state.clock.now()),
            name: String::new(),
            reason: String::new(),
            name_fault: None,
            reason_fault: None,
            notice: None,
        }
    }
}

#[cfg(test)]
impl AnswerPage {
    pub(crate) fn sample() -> Self {
        Self {
            assets: AssetUrls::new(),
            token: "AAAA".to_owned(),
            approval: Card::sample(
                "Refund agent",
                "Refund order 81-4402: customer received the wrong pallet.",
                68,
                "high",
                410,
            ),
            name: String::new(),
            reason: String::new(),
            name_fault: None,
            reason_fault: Some("Give a reason; the audit record needs one."),
            notice: None,
        }
    }
}
