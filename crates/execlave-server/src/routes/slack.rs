//! `/hooks/slack`: answers that people give to approvals inside Slack. Slack proves itself with its own signature, so no API key is
//! needed; which webhook an answer belongs to is said by the link's token, which is the value of the pressed button.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use execlave_api::error::ErrorBody;
use serde::Deserialize;

use crate::auth::slack;
use crate::error::{AppError, AppResult};
use crate::ops::answer_approval::{Given, answer_in_chat, open};
use crate::state::AppState;

/// What is read of an interaction; Slack may add fields.
#[derive(Debug, Deserialize)]
struct Interaction {
    team: Team,
    user: User,
    #[serde(default)]
    actions: Vec<Pressed>,
}

#[derive(Debug, Deserialize)]
struct Team {
    id: String,
}

#[derive(Debug, Deserialize)]
struct User {
    id: String,
    #[serde(alias = "username")]
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Pressed {
    action_id: String,
    #[serde(default)]
    value: String,
}

/// Take what somebody pressed under a message about an approval: the request URL for interactivity of a Slack app. The answer counts
/// as that person's.
#[utoipa::path(post, path = "/hooks/slack", tag = "webhooks", security(()),
    request_body(content = String, content_type = "application/x-www-form-urlencoded"), responses(
    (status = 200, description = "Recorded, or nothing to record"), (status = 400, body = ErrorBody),
    (status = 401, description = "Not signed by the app of the webhook", body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, description = "Answered before", body = ErrorBody),
))]
pub(crate) async fn answer(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Bytes,
) -> AppResult<StatusCode> {
    let Interaction { team, user, actions } = read(&body)?;
    let Some(pressed) = actions.first() else { return Ok(StatusCode::OK) };
    let approve = match pressed.action_id.as_str() {
        "execlave_approve" => true,
        "execlave_deny" => false,
        // The link to the page opens by itself.
        _ => return Ok(StatusCode::OK),
    };
    let opened = open(&state, &pressed.value).await?;
    let secret = opened.webhook.chat_secret.as_deref().unwrap_or_default();
    if secret.is_empty() {
        return Err(AppError::invalid("actions", "the webhook has no `slackSigningSecret`"));
    }
    slack::verify(&headers, &body, secret, state.clock.now())?;
    let person = format!("slack:{}/{}", word("team.id", &team.id)?, word("user.id", &user.id)?);
    let name: String = user.name.unwrap_or(user.id).chars().take(100).collect();
    let given = Given { approve, reason: "answered in Slack" };
    answer_in_chat(&state, &opened, person, &name, &given).await?;
    Ok(StatusCode::OK)
}

fn read(body: &[u8]) -> AppResult<Interaction> {
    let payload = url::form_urlencoded::parse(body).find(|(name, _)| name == "payload");
    let payload = payload.ok_or_else(|| AppError::invalid("payload", "is missing"))?.1;
    serde_json::from_str(&payload)
        .map_err(|error| AppError::invalid("payload", format!("is no interaction: {error}")))
}

/// An id of Slack's: letters and digits.
fn word<'a>(field: &'static str, text: &'a str) -> AppResult<&'a str> {
    let good = (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if good { Ok(text) } else { Err(AppError::invalid(field, "must be letters and digits")) }
}
