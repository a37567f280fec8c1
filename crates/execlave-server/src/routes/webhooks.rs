//! Webhooks and their deliveries.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use execlave_api::error::ErrorBody;
use execlave_api::page::{Data, List};
use execlave_api::webhooks::{SaveWebhook, Webhook, WebhookDelivery, WebhookTest};
use execlave_core::webhook::EventType;
use execlave_store::webhooks::{DeliveryFilter, DeliveryStatus};
use serde::Deserialize;
use utoipa::IntoParams;

use super::params::{PageParams, Params, Segments, id, list as listed, number, page};
use crate::auth::caller::Caller;
use crate::auth::permission::{DecideApprovals, ManageWebhooks};
use crate::body::Body;
use crate::error::{AppError, AppResult};
use crate::ops::save_webhook;
use crate::state::AppState;
use crate::views::webhooks as views;

/// Make a webhook. `data.secret` is shown this once.
#[utoipa::path(post, path = "/webhooks", tag = "webhooks", request_body = SaveWebhook, responses(
    (status = 201, description = "Made", body = Data<Webhook>), (status = 400, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 409, description = "The name is taken, or there are too many", body = ErrorBody),
))]
pub(crate) async fn create(
    caller: Caller<ManageWebhooks>,
    State(state): State<AppState>,
    Body(body): Body<SaveWebhook>,
) -> AppResult<(StatusCode, Json<Data<Webhook>>)> {
    let made = save_webhook::create_webhook(
        &state,
        caller.org,
        &caller.actor(),
        body,
        caller.reaches::<DecideApprovals>(),
    )
    .await?;
    Ok((StatusCode::CREATED, Json(Data::new(views::webhook_with_secret(made)))))
}

/// List webhooks, newest first.
#[utoipa::path(get, path = "/webhooks", tag = "webhooks", params(PageParams), responses((status = 200, body = List<Webhook>)))]
pub(crate) async fn list(
    caller: Caller<ManageWebhooks>,
    State(state): State<AppState>,
    Params(params): Params<PageParams>,
) -> AppResult<Json<List<Webhook>>> {
    let found = state.store.list_webhooks(caller.org, &params.page()?).await?;
    Ok(Json(listed(found, views::webhook)))
}

/// One webhook.
#[utoipa::path(get, path = "/webhooks/{id}", tag = "webhooks", params(("id" = String, Path)), responses(
    (status = 200, body = Data<Webhook>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn show(
    caller: Caller<ManageWebhooks>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<Json<Data<Webhook>>> {
    let found = save_webhook::find_webhook(&state, caller.org, id("webhook", &text)?).await?;
    Ok(Json(Data::new(views::webhook(found))))
}

/// Replace a webhook; its secret stays, and what waits to be delivered goes where it points.
#[utoipa::path(put, path = "/webhooks/{id}", tag = "webhooks", params(("id" = String, Path)), request_body = SaveWebhook,
    responses((status = 200, body = Data<Webhook>), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(crate) async fn replace(
    caller: Caller<ManageWebhooks>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
    Body(body): Body<SaveWebhook>,
) -> AppResult<Json<Data<Webhook>>> {
    let id = id("webhook", &text)?;
    let (actor, may_decide) = (caller.actor(), caller.reaches::<DecideApprovals>());
    let saved =
        save_webhook::replace_webhook(&state, caller.org, &actor, id, body, may_decide).await?;
    Ok(Json(Data::new(views::webhook(saved))))
}

/// Delete a webhook with its deliveries, also those that wait.
#[utoipa::path(delete, path = "/webhooks/{id}", tag = "webhooks", params(("id" = String, Path)), responses(
    (status = 204, description = "Deleted"), (status = 404, body = ErrorBody),
))]
pub(crate) async fn delete(
    caller: Caller<ManageWebhooks>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<StatusCode> {
    let (actor, now) = (caller.actor().id(), state.clock.now());
    if state.store.delete_webhook(caller.org, id("webhook", &text)?, &actor, now).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(AppError::not_found("webhook", text))
    }
}

/// Send a made-up event of the type `webhook.test` and show what the receiver makes of it. It is tried once and not kept.
#[utoipa::path(post, path = "/webhooks/{id}/test", tag = "webhooks", params(("id" = String, Path)), responses(
    (status = 200, body = Data<WebhookTest>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn test(
    caller: Caller<ManageWebhooks>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<Json<Data<WebhookTest>>> {
    let tested = save_webhook::test_webhook(&state, caller.org, id("webhook", &text)?).await?;
    Ok(Json(Data::new(tested)))
}

/// Give a webhook a new secret. `data.secret` is shown this once.
#[utoipa::path(post, path = "/webhooks/{id}/rotate-secret", tag = "webhooks", params(("id" = String, Path)), responses(
    (status = 200, body = Data<Webhook>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn rotate_secret(
    caller: Caller<ManageWebhooks>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
) -> AppResult<Json<Data<Webhook>>> {
    let id = id("webhook", &text)?;
    let saved = save_webhook::rotate_secret(&state, caller.org, &caller.actor(), id).await?;
    Ok(Json(Data::new(views::webhook_with_secret(saved))))
}

/// Which deliveries to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct DeliveryParams {
    /// `pending`, `delivered` or `dead`.
    #[param(value_type = Option<String>)]
    status: Option<DeliveryStatus>,
    /// Of events of this type.
    #[param(value_type = Option<String>)]
    event_type: Option<EventType>,
    /// 1 to 200.
    #[serde(default, deserialize_with = "number")]
    limit: Option<u32>,
    /// `meta.nextCursor` of the page before.
    cursor: Option<String>,
}

/// List deliveries to a webhook, newest first: `status=dead` are those that were given up.
#[utoipa::path(get, path = "/webhooks/{id}/deliveries", tag = "webhooks", params(("id" = String, Path), DeliveryParams),
    responses((status = 200, body = List<WebhookDelivery>), (status = 404, body = ErrorBody)))]
pub(crate) async fn list_deliveries(
    caller: Caller<ManageWebhooks>,
    State(state): State<AppState>,
    Segments(text): Segments<String>,
    Params(params): Params<DeliveryParams>,
) -> AppResult<Json<List<WebhookDelivery>>> {
    let DeliveryParams { status, event_type, limit, cursor } = params;
    let webhook = save_webhook::find_webhook(&state, caller.org, id("webhook", &text)?).await?;
    let filter = DeliveryFilter { status, event_type };
    let page = page(limit, cursor)?;
    let found = state.store.list_deliveries(caller.org, webhook.id, &filter, &page).await?;
    Ok(Json(listed(found, views::delivery)))
}

/// Begin a delivery that has ended anew, with the same event and the same idempotency key.
#[utoipa::path(post, path = "/webhooks/{id}/deliveries/{deliveryId}/redeliver", tag = "webhooks",
    params(("id" = String, Path), ("deliveryId" = String, Path)),
    responses((status = 200, body = Data<WebhookDelivery>), (status = 404, body = ErrorBody),
        (status = 409, description = "It is pending", body = ErrorBody)))]
pub(crate) async fn redeliver(
    caller: Caller<ManageWebhooks>,
    State(state): State<AppState>,
    Segments((webhook, delivery)): Segments<(String, String)>,
) -> AppResult<Json<Data<WebhookDelivery>>> {
    let (webhook, delivery) = (id("webhook", &webhook)?, id("delivery", &delivery)?);
    let again =
        save_webhook::redeliver(&state, caller.org, &caller.actor(), webhook, delivery).await?;
    Ok(Json(Data::new(views::delivery(again))))
}
