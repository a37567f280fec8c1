//! `/approvals/{id}`: one request, before and after its answer.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use execlave_api::error::ErrorCode;
use execlave_core::ids::ApprovalId;
use execlave_store::approvals::Approval;

use crate::auth::permission::DecideApprovals;
use crate::auth::session::{Approver, SignedIn, Viewer};
use crate::error::AppError;
use crate::ops::decide_approval::decide_approval;
use crate::pages::agent::fault_of_reason;
use crate::pages::approvals::Card;
use crate::pages::failure::PageError;
use crate::pages::form::Posted;
use crate::pages::layout::{Layout, Section};
use crate::pages::pill::Pill;
use crate::pages::trace::pretty;
use crate::state::AppState;

/// One request.
#[derive(Debug, Template)]
#[template(path = "approvals/show.html")]
pub(crate) struct ApprovalPage {
    layout: Layout,
    may_decide: bool,
    approval: Card,
    fault: Option<&'static str>,
    notice: Option<String>,
    certificate: Option<CertificateView>,
}

/// The signed proof.
#[derive(Debug)]
struct CertificateView {
    state: Pill,
    json: String,
}

/// `GET /approvals/{id}`
pub(crate) async fn show(
    State(state): State<AppState>,
    Viewer(who): Viewer,
    Path(id): Path<String>,
) -> Result<Html<String>, PageError> {
    let approval = find(&state, &who, &id).await?;
    let page = ApprovalPage::new(&state, &who, &approval).await?;
    Ok(Html(page.render()?))
}

/// `POST /approvals/{id}`
pub(crate) async fn decide(
    State(state): State<AppState>,
    Path(id): Path<String>,
    form: Posted<Approver>,
) -> Result<Response, PageError> {
    let who = &form.who.0;
    let approval = find(&state, who, &id).await?;
    let approve = match form.text("answer") {
        "approve" => true,
        "deny" => false,
        _ => return Err(AppError::invalid("answer", "answer with `approve` or `deny`").into()),
    };
    let reason = form.text("reason");
    if let Some(fault) = fault_of_reason(reason) {
        let page =
            ApprovalPage { fault: Some(fault), ..ApprovalPage::new(&state, who, &approval).await? };
        return Ok((StatusCode::BAD_REQUEST, Html(page.render()?)).into_response());
    }
    match decide_approval(
        &state,
        who.org,
        &who.actor(),
        approval.id,
        approve,
        Some(reason.to_owned()),
    )
    .await
    {
        Ok(_) => Ok(Redirect::to("/approvals").into_response()),
        // Somebody was faster, or its time is over: show how it ended and say that this answer did not count.
        Err(error) if error.code() == ErrorCode::Conflict => {
            let approval = find(&state, who, &id).await?;
            let notice = Some(format!("Your answer was not recorded: {}.", error.message()));
            let page = ApprovalPage { notice, ..ApprovalPage::new(&state, who, &approval).await? };
            Ok((StatusCode::CONFLICT, Html(page.render()?)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn find(state: &AppState, who: &SignedIn, id: &str) -> Result<Approval, PageError> {
    let Ok(parsed) = id.parse::<ApprovalId>() else {
        return Err(PageError::not_found("approval", id));
    };
    state
        .store
        .find_approval(who.org, parsed)
        .await?
        .ok_or_else(|| PageError::not_found("approval", id))
}

impl ApprovalPage {
    async fn new(state: &AppState, who: &SignedIn, approval: &Approval) -> Result<Self, PageError> {
        Ok(Self {
            layout: Layout::load(state, who, Section::Approvals).await?,
            may_decide: who.may::<DecideApprovals>(),
            approval: Card::new(state, approval, state.clock.now()),
            fault: None,
            notice: None,
            certificate: approval.certificate.as_ref().map(|certificate| CertificateView {
                state: Pill::certificate(approval.certificate_used_at.is_some()),
                json: pretty::print(certificate.as_str()),
            }),
        })
    }
}

#[cfg(test)]
impl ApprovalPage {
    pub(crate) fn sample() -> Self {
        use crate::pages::approvals::Answer;
        use crate::pages::samples::ago;

        let asked = Card::sample(
            "Release bot",
            "deploy carrier-api v40 to production",
            83,
            "critical",
            900,
        );
        Self {
            layout: Layout::sample(Section::Approvals),
            may_decide: true,
            approval: Card {
                pending: false,
                status: Pill::approval("approved"),
                answers: vec![Answer {
                    outcome: Pill::approval("approved"),
                    by: "Ada Okafor".to_owned(),
                    at: ago(300),
                    reason: Some("Rolled out to staging yesterday, tests green.".to_owned()),
                }],
                ..asked
            },
            fault: None,
            notice: None,
            certificate: Some(CertificateView {
                state: Pill::certificate(false),
                json: "{\n  \"approvalId\": \"019abf6e-2f0c-7c3d-9d0e-5a3f0f3f8f13\",\n  \"actionDigest\": \"9f2c1b7a44d0…\",\n  \"signature\": \"q3B…\"\n}".to_owned(),
            }),
        }
    }
}
