//! What models cost: the built-in table, and what the organisation pays instead.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use execlave_api::error::ErrorBody;
use execlave_api::page::{Data, List, Meta};
use execlave_api::prices::{Price, SetPrice};
use execlave_store::prices::ModelPrice;
use serde::Deserialize;
use utoipa::IntoParams;

use super::params::{Params, Segments};
use crate::auth::caller::Caller;
use crate::auth::permission::{Read, WriteSettings};
use crate::body::Body;
use crate::error::AppResult;
use crate::ops::set_price;
use crate::prices::{self, BUILT_IN};
use crate::state::AppState;
use crate::views;

/// Which prices to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// Only the price in force for this model, as a trace would name it.
    model: Option<String>,
}

/// The prices in force, by name: the organisation's own and the built-in ones it has not replaced.
#[utoipa::path(get, path = "/prices", tag = "prices", params(ListParams), responses((status = 200, body = List<Price>)))]
pub(crate) async fn list(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Params(params): Params<ListParams>,
) -> AppResult<Json<List<Price>>> {
    let own = state.store.list_prices(caller.org).await?;
    let mut data: Vec<Price> = own.iter().map(views::own_price).collect();
    let built_in = BUILT_IN.models.iter().filter(|(model, _)| !is_replaced(&own, model));
    data.extend(
        built_in.map(|(model, (provider, price))| views::built_in_price(model, provider, *price)),
    );
    if let Some(model) = params.model {
        let prices = state.directory.prices(caller.org);
        let name = prices::find(prices.as_deref(), &model).map(|(name, _)| name);
        data.retain(|price| Some(&price.model) == name.as_ref());
    }
    data.sort_by(|one, other| one.model.cmp(&other.model));
    let total = i64::try_from(data.len()).ok();
    Ok(Json(List { data, meta: Meta { next_cursor: None, total } }))
}

fn is_replaced(own: &[ModelPrice], model: &str) -> bool {
    own.iter().any(|price| price.model == model)
}

/// Set the organisation's own price of a model. Costs already computed stay as they are.
#[utoipa::path(post, path = "/prices", tag = "prices", request_body = SetPrice, responses(
    (status = 200, description = "Set", body = Data<Price>), (status = 400, body = ErrorBody),
))]
pub(crate) async fn set(
    caller: Caller<WriteSettings>,
    State(state): State<AppState>,
    Body(body): Body<SetPrice>,
) -> AppResult<Json<Data<Price>>> {
    let price = set_price::set_price(&state, caller.org, &caller.actor(), body).await?;
    Ok(Json(Data::new(views::own_price(&price))))
}

/// Go back to the built-in price of a model.
#[utoipa::path(delete, path = "/prices/{model}", tag = "prices", params(("model" = String, Path)), responses(
    (status = 204, description = "Deleted"), (status = 404, body = ErrorBody),
))]
pub(crate) async fn delete(
    caller: Caller<WriteSettings>,
    State(state): State<AppState>,
    Segments(model): Segments<String>,
) -> AppResult<StatusCode> {
    set_price::delete_price(&state, caller.org, &caller.actor(), &model).await?;
    Ok(StatusCode::NO_CONTENT)
}
