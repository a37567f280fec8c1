//! Making, changing, trying out and deleting webhooks.

use std::time::Instant;

use execlave_api::error::ErrorCode;
use execlave_api::webhooks::{SaveWebhook, WebhookTest};
use execlave_core::ids::OrgId;
use execlave_core::webhook::{Event, EventType, Format, SignatureVersion};
use execlave_store::webhooks::{Delivery, Webhook};
use serde_json::json;
use uuid::Uuid;

use crate::auth::Actor;
use crate::checks::{self, NAME_LENGTH};
use crate::error::{AppError, AppResult};
use crate::secrets;
use crate::state::AppState;

/// How many an organisation may have: every event is written once for each of them.
const MOST: i64 = 50;

/// Stands for every event type.
const EVERYTHING: &str = "*";

/// What a request says, once it was understood.
struct Checked {
    format: Format,
    signature_version: SignatureVersion,
    events: Option<Vec<EventType>>,
}

/// Makes a webhook, with a new secret. `may_decide` is whether the caller may answer approvals, and so let others.
pub(crate) async fn create_webhook(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    body: SaveWebhook,
    may_decide: bool,
) -> AppResult<Webhook> {
    let checked = check(state, &body, may_decide)?;
    if checked.format == Format::Pagerduty && body.routing_key.is_none() {
        return Err(AppError::invalid("routingKey", "is needed for the format `pagerduty`"));
    }
    if state.store.count_webhooks(org).await? >= MOST {
        return Err(AppError::conflict(format!(
            "there are {MOST} webhooks already: delete one, or let one receiver pass events on"
        )));
    }
    let now = state.clock.now();
    let new = Webhook {
        org_id: org,
        id: state.clock.new_id(),
        name: body.name,
        url: body.url,
        secret: secrets::new_token(),
        routing_key: body.routing_key,
        format: checked.format,
        signature_version: checked.signature_version,
        events: checked.events,
        takes_answers: body.takes_answers,
        chat_secret: body.slack_signing_secret,
        timeout_ms: body.timeout_ms,
        is_active: body.is_active,
        created_at: now,
        updated_at: now,
    };
    let created = state.store.create_webhook(&new, &actor.id()).await;
    created.map_err(|error| AppError::taken("webhook", &new.name, error))?;
    Ok(new)
}

/// Replaces a webhook; the secret stays.
pub(crate) async fn replace_webhook(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    id: Uuid,
    body: SaveWebhook,
    may_decide: bool,
) -> AppResult<Webhook> {
    let checked = check(state, &body, may_decide)?;
    let known = find_webhook(state, org, id).await?;
    let routing_key = match checked.format {
        Format::Pagerduty => body.routing_key.or(known.routing_key),
        _ => None,
    };
    if checked.format == Format::Pagerduty && routing_key.is_none() {
        return Err(AppError::invalid("routingKey", "is needed for the format `pagerduty`"));
    }
    let changed = Webhook {
        name: body.name,
        url: body.url,
        routing_key,
        format: checked.format,
        signature_version: checked.signature_version,
        events: checked.events,
        takes_answers: body.takes_answers,
        chat_secret: match (checked.format, body.takes_answers) {
            (Format::Slack, true) => body.slack_signing_secret.or(known.chat_secret),
            _ => None,
        },
        timeout_ms: body.timeout_ms,
        is_active: body.is_active,
        ..known
    };
    save(state, actor, changed).await
}

/// Gives a webhook a new secret; the old one signs nothing any more.
pub(crate) async fn rotate_secret(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    id: Uuid,
) -> AppResult<Webhook> {
    let known = find_webhook(state, org, id).await?;
    save(state, actor, Webhook { secret: secrets::new_token(), ..known }).await
}

/// Tells a webhook of a made-up event, also one that is not active, and waits for the answer. Nothing is kept of it.
pub(crate) async fn test_webhook(state: &AppState, org: OrgId, id: Uuid) -> AppResult<WebhookTest> {
    let webhook = find_webhook(state, org, id).await?;
    let now = state.clock.now();
    let data = json!({ "webhookId": id, "name": webhook.name });
    let event = Event::new(org, EventType::Test, now, format!("webhook:{id}"), data);
    let started = Instant::now();
    let url = state.config.public_url();
    let told = state.webhooks.tell(&webhook, &event, event.delivery_id(id), &url, now).await;
    let duration_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
    Ok(match told {
        Ok(status) => WebhookTest { ok: true, status: Some(status), error: None, duration_ms },
        Err(refusal) => WebhookTest {
            ok: false,
            status: refusal.status(),
            error: Some(refusal.to_string()),
            duration_ms,
        },
    })
}

/// Begins a delivery that has ended anew.
pub(crate) async fn redeliver(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    webhook: Uuid,
    id: Uuid,
) -> AppResult<Delivery> {
    let now = state.clock.now();
    if let Some(again) = state.store.redeliver(org, webhook, id, &actor.id(), now).await? {
        return Ok(again);
    }
    match state.store.find_delivery(org, webhook, id).await? {
        None => Err(AppError::not_found("delivery", id)),
        Some(_) => Err(AppError::conflict(
            "the delivery is pending: it is tried at `nextAttemptAt` without being asked to",
        )),
    }
}

/// A webhook that must exist.
pub(crate) async fn find_webhook(state: &AppState, org: OrgId, id: Uuid) -> AppResult<Webhook> {
    let found = state.store.find_webhook(org, id).await?;
    found.ok_or_else(|| AppError::not_found("webhook", id))
}

async fn save(state: &AppState, actor: &Actor, changed: Webhook) -> AppResult<Webhook> {
    let changed = Webhook { updated_at: state.clock.now(), ..changed };
    let updated = state.store.update_webhook(&changed, &actor.id()).await;
    if updated.map_err(|error| AppError::taken("webhook", &changed.name, error))? {
        Ok(changed)
    } else {
        Err(AppError::not_found("webhook", changed.id))
    }
}

fn check(state: &AppState, body: &SaveWebhook, may_decide: bool) -> AppResult<Checked> {
    checks::required("name", &body.name, NAME_LENGTH)?;
    checks::outside(&body.url, body.timeout_ms, |url| state.webhooks.fault(url))?;
    let format: Format =
        body.format.parse().map_err(|error| AppError::invalid("format", format!("{error}")))?;
    let signature_version = body
        .signature_version
        .parse()
        .map_err(|error| AppError::invalid("signatureVersion", format!("{error}")))?;
    if let Some(key) = &body.routing_key {
        checks::required("routingKey", key, NAME_LENGTH)?;
        if format != Format::Pagerduty {
            return Err(AppError::invalid("routingKey", "is for the format `pagerduty` only"));
        }
    }
    answers(body, format, may_decide)?;
    Ok(Checked { format, signature_version, events: events(&body.events)? })
}

/// Whoever lets others answer approvals must be allowed to answer them.
fn answers(body: &SaveWebhook, format: Format, may_decide: bool) -> AppResult<()> {
    if body.takes_answers && !may_decide {
        let message = "this needs the scope `approvals:decide`: whoever reads the messages can answer approvals";
        return Err(AppError::new(ErrorCode::Forbidden, message));
    }
    let Some(secret) = &body.slack_signing_secret else { return Ok(()) };
    checks::required("slackSigningSecret", secret, NAME_LENGTH)?;
    if format != Format::Slack || !body.takes_answers {
        let message = "is for the format `slack` with `takesAnswers` only";
        return Err(AppError::invalid("slackSigningSecret", message));
    }
    Ok(())
}

/// The types a webhook is told of; `None` is every type.
fn events(words: &[String]) -> AppResult<Option<Vec<EventType>>> {
    if words == [EVERYTHING] {
        return Ok(None);
    }
    if words.is_empty() {
        return Err(AppError::invalid("events", "must not be empty: `[\"*\"]` is every event"));
    }
    let mut kinds = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let known = EventType::subscribable().find(|kind| kind.as_str() == word);
        let Some(kind) = known else {
            let all: Vec<&str> = EventType::subscribable().map(EventType::as_str).collect();
            let message = format!("must be one of `{}`, or `*` alone", all.join("`, `"));
            return Err(AppError::invalid(format!("events[{index}]"), message));
        };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(Some(kinds))
}
