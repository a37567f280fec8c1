//! An organisation's own prices. The next trace is priced with them.

use execlave_api::prices::SetPrice;
use execlave_core::ids::OrgId;
use execlave_core::policy::usd_to_nanos;
use execlave_store::prices::ModelPrice;

use crate::auth::Actor;
use crate::checks::{self, NAME_LENGTH};
use crate::error::{AppError, AppResult};
use crate::prices;
use crate::state::AppState;

/// More than any model costs, so that no cost overflows.
const MOST_USD: f64 = 1_000_000.0;

/// Sets a price.
pub(crate) async fn set_price(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    body: SetPrice,
) -> AppResult<ModelPrice> {
    checks::required("model", &body.model, NAME_LENGTH)?;
    let price = ModelPrice {
        org_id: org,
        model: prices::normalise(&body.model),
        input_nanos: nanos("inputUsdPerMillion", body.input_usd_per_million)?,
        output_nanos: nanos("outputUsdPerMillion", body.output_usd_per_million)?,
        updated_at: state.clock.now(),
    };
    state.store.put_price(&price, &actor.id()).await?;
    state.directory.refresh_prices(&state.store, org).await?;
    Ok(price)
}

/// Goes back to the built-in price.
pub(crate) async fn delete_price(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    model: &str,
) -> AppResult<()> {
    let name = prices::normalise(model);
    let deleted = state.store.delete_price(org, &name, &actor.id(), state.clock.now()).await?;
    state.directory.refresh_prices(&state.store, org).await?;
    if deleted { Ok(()) } else { Err(AppError::not_found("price", model)) }
}

fn nanos(path: &str, usd: f64) -> AppResult<i64> {
    usd_to_nanos(usd).filter(|_| usd <= MOST_USD).ok_or_else(|| {
        AppError::invalid(path, format!("must be an amount in USD, zero to {MOST_USD}"))
    })
}
