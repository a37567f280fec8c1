//! Every route of the server on one page.
//!
//! The API is one router, mounted under `/api/v1` and, for older clients, under `/api`. Each handler carries its own description, so
//! the document at `/openapi.json` lists exactly the routes that exist.

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use execlave_api::paths;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::caller::authenticate;
use crate::middleware::{observe, panics, request_id};
use crate::pages;
use crate::routes::{
    agent_versions, agents, api_keys, approvals, audit, bundle, bypasses, cost_rules, credentials,
    decisions, enforce, fallback, grants, incidents, lint, me, openapi, operations, policies,
    prices, prompt_versions, resolutions, second_factors, sessions, settings, simulate, slack,
    tool_baselines, traces, usage, users, validators, webhooks,
};
use crate::state::AppState;

/// The whole server.
pub fn router(state: AppState) -> Router {
    let (described, document) = described(&state).split_for_parts();
    let document = openapi::Document::new(document);
    Router::new()
        .merge(described)
        .nest(paths::LEGACY_BASE, api(&state).merge(entrance()).into())
        .merge(pages::router())
        .route(paths::OPENAPI, get(async move || openapi::show(&document)))
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .fallback(fallback::not_found)
        // One stack: the router boxes and clones what each call of `layer` adds, for every request.
        .layer(
            ServiceBuilder::new()
                .layer(from_fn_with_state(state.clone(), request_id::assign))
                .layer(from_fn(observe::request))
                .layer(CatchPanicLayer::custom(panics::answer))
                .layer(CompressionLayer::new()),
        )
        .with_state(state)
}

fn described(state: &AppState) -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::Description::openapi())
        .routes(routes!(operations::health))
        .routes(routes!(operations::ready))
        .routes(routes!(operations::metrics))
        .routes(routes!(operations::jwks))
        .routes(routes!(slack::answer))
        .nest(paths::BASE, api(state).merge(entrance()))
}

/// What gives a session, and so cannot need one.
fn entrance() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(sessions::sign_in))
        .routes(routes!(sessions::accept_invitation))
        .route_layer(RequestDecompressionLayer::new().pass_through_unaccepted(true))
}

/// What programs and people call. Everything here needs an API key or a session, and a handler's first argument names the permission.
fn api(state: &AppState) -> OpenApiRouter<AppState> {
    agents()
        .merge(governance())
        .merge(access())
        // A signature covers the bytes on the wire, so it is checked before they are unpacked.
        .route_layer(
            ServiceBuilder::new()
                .layer(from_fn_with_state(state.clone(), authenticate))
                .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true)),
        )
}

/// Who the agents are, and what they consist of.
fn agents() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(agents::register, agents::list))
        .routes(routes!(agents::show, agents::patch))
        .routes(routes!(agents::pause))
        .routes(routes!(agents::resume))
        .routes(routes!(agents::pause_group))
        .routes(routes!(agents::resume_group))
        .routes(routes!(agents::record_drill))
        .routes(routes!(agents::status_poll))
        .routes(routes!(agents::heartbeat))
        .routes(routes!(agents::set_red_team_score))
        .routes(routes!(credentials::issue))
        .routes(routes!(credentials::verify))
        .routes(routes!(credentials::revoke))
        .routes(routes!(credentials::revoke_all))
        .routes(routes!(agent_versions::create, agent_versions::list))
        .routes(routes!(agent_versions::show))
        .routes(routes!(agent_versions::diff))
        .routes(routes!(agent_versions::activate))
        .routes(routes!(prompt_versions::create, prompt_versions::list))
        .routes(routes!(prompt_versions::show))
        .routes(routes!(prompt_versions::deploy))
        .routes(routes!(prompt_versions::approve))
        .routes(routes!(prompt_versions::reject))
        .routes(routes!(prompt_versions::rollback))
        .routes(routes!(grants::create, grants::list))
        .routes(routes!(grants::revoke))
        .routes(routes!(grants::authorize))
        .routes(routes!(grants::discover))
        .routes(routes!(tool_baselines::report, tool_baselines::show))
}

/// What they may do, what they did, and what people make of it.
fn governance() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(policies::create, policies::list))
        .routes(routes!(policies::show, policies::replace, policies::patch, policies::delete))
        .routes(routes!(policies::list_versions))
        .routes(routes!(policies::show_version))
        .routes(routes!(enforce::enforce))
        .routes(routes!(simulate::run))
        .routes(routes!(bundle::show))
        .routes(routes!(lint::look))
        .routes(routes!(lint::schemas))
        .routes(routes!(approvals::list))
        .routes(routes!(approvals::stats))
        .routes(routes!(approvals::show))
        .routes(routes!(approvals::approve))
        .routes(routes!(approvals::deny))
        .routes(routes!(approvals::cancel))
        .routes(routes!(approvals::verify))
        .routes(routes!(traces::ingest))
        .routes(routes!(traces::list))
        .routes(routes!(traces::show))
        .routes(routes!(resolutions::add, resolutions::list))
        .routes(routes!(decisions::ingest))
        .routes(routes!(decisions::list))
        .routes(routes!(decisions::stats))
        .routes(routes!(decisions::show))
        .routes(routes!(bypasses::report, bypasses::list))
        .routes(routes!(validators::create, validators::list))
        .routes(routes!(validators::show, validators::replace, validators::delete))
        .routes(routes!(validators::test))
        .routes(routes!(validators::rotate_secret))
        .routes(routes!(webhooks::create, webhooks::list))
        .routes(routes!(webhooks::show, webhooks::replace, webhooks::delete))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhooks::rotate_secret))
        .routes(routes!(webhooks::list_deliveries))
        .routes(routes!(webhooks::redeliver))
        .routes(routes!(incidents::list))
        .routes(routes!(incidents::stats))
        .routes(routes!(incidents::show))
        .routes(routes!(cost_rules::create, cost_rules::list))
        .routes(routes!(cost_rules::show, cost_rules::replace, cost_rules::delete))
        .routes(routes!(prices::list, prices::set))
        .routes(routes!(prices::delete))
        .routes(routes!(settings::show, settings::patch))
        .routes(routes!(usage::show))
        .routes(routes!(audit::list))
        .routes(routes!(audit::export))
        .routes(routes!(audit::tree_head))
        .routes(routes!(audit::inclusion))
        .routes(routes!(audit::consistency))
        .routes(routes!(audit::verify))
}

/// Who may call all this.
fn access() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(api_keys::create, api_keys::list))
        .routes(routes!(api_keys::delete))
        .routes(routes!(api_keys::revoke))
        .routes(routes!(api_keys::rotate))
        .routes(routes!(users::invite, users::list))
        .routes(routes!(users::show, users::patch, users::delete))
        .routes(routes!(users::reset_link))
        .routes(routes!(users::reset_totp))
        .routes(routes!(me::show, me::patch))
        .routes(routes!(me::password))
        .routes(routes!(second_factors::enrol))
        .routes(routes!(second_factors::confirm))
        .routes(routes!(second_factors::disable))
        .routes(routes!(sessions::sign_out))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::revoke))
}
