//! The dashboard: server-rendered pages for people, one file per page with its struct, template, handlers and sample.
//!
//! Every page can be read, and every form sent, without a script; `assets/execlave.js` only keeps an open page fresh. Pages show what
//! the store holds and change things through the same operations as the API, so neither knows a rule that the other does not.

mod account;
mod action;
mod agent;
mod agent_group;
mod agents;
mod amount;
mod answer;
mod approval;
mod approvals;
mod assets;
mod code;
mod failure;
mod form;
mod headers;
mod invitation;
mod key;
mod keys;
mod layout;
mod moment;
mod overview;
mod pill;
mod prose;
mod provider;
mod query;
mod second_factor;
mod sign_in;
mod trace;
mod traces;
mod user;
mod users;

#[cfg(test)]
mod samples;

use axum::Router;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use execlave_api::error::ErrorCode;

use crate::error::AppError;
use crate::state::AppState;

pub(crate) use answer::path as answer_path;
pub(crate) use failure::PageError;
pub use invitation::path as invitation_path;
pub use sign_in::path as sign_in_path;

/// For an address that leads nowhere.
pub(crate) async fn not_found(path: &str) -> Response {
    let message = format!("there is no page `{path}`: check the address");
    headers::protect(PageError::from(AppError::new(ErrorCode::NotFound, message)).into_response())
        .await
}

/// A path with a query; empty values are left out.
fn query_string(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    match query.finish() {
        empty if empty.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

/// Every page, asset and form.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(overview::show))
        .route("/agents", get(agents::list))
        .route("/agents/pause", get(agent_group::ask_pause).post(agent_group::pause))
        .route("/agents/resume", get(agent_group::ask_resume).post(agent_group::resume))
        .route("/agents/{id}", get(agent::show))
        .route("/agents/{id}/pause", get(agent::ask_pause).post(agent::pause))
        .route("/agents/{id}/resume", get(agent::ask_resume).post(agent::resume))
        .route("/approvals", get(approvals::list))
        .route("/approvals/{id}", get(approval::show).post(approval::decide))
        .route("/answer/{token}", get(answer::show).post(answer::give))
        .route("/traces", get(traces::list))
        .route("/traces/{id}", get(trace::show))
        .route("/api-keys", get(keys::list).post(keys::create))
        .route("/api-keys/{id}/rotate", get(key::ask_rotate).post(key::rotate))
        .route("/api-keys/{id}/revoke", get(key::ask_revoke).post(key::revoke))
        .route("/users", get(users::list).post(users::invite))
        .route("/users/{id}", get(user::show).post(user::change))
        .route("/users/{id}/link", post(user::link))
        .route("/users/{id}/reset-totp", post(user::reset_totp))
        .route("/users/{id}/disable", post(user::disable))
        .route("/users/{id}/enable", post(user::enable))
        .route("/account", get(account::show))
        .route("/account/password", post(account::password))
        .route("/account/totp", post(second_factor::enrol))
        .route("/account/totp/confirm", post(second_factor::confirm))
        .route("/account/totp/disable", post(second_factor::disable))
        .route("/account/sessions/{id}/end", post(account::end))
        .route("/sign-in", get(sign_in::explain).post(sign_in::with_password))
        .route(code::PATH, get(code::show).post(code::give))
        .route("/invitation/{token}", get(invitation::show).post(invitation::accept))
        .route("/sign-in/provider", get(provider::begin))
        .route("/sign-in/provider/callback", get(provider::callback))
        // A HEAD request must not use up the link.
        .route("/sign-in/{token}", get(sign_in::sign_in).head(sign_in::explain))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/assets/{name}", get(assets::show))
        .layer(map_response(headers::protect))
}
