//! Credentials of agents: asked for by whoever runs the agent, checked by whoever is spoken to.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, header};
use execlave_api::credentials::{
    Credential, CredentialRevoked, CredentialVerdict, CredentialsRevoked, VerifyCredential,
};
use execlave_api::error::ErrorBody;
use execlave_api::page::Data;

use super::agents::Which;
use super::params::{Params, Segments, id};
use crate::auth::caller::Caller;
use crate::auth::permission::{CheckAgents, Sdk, WriteAgents};
use crate::body::{Body, OptionalBody};
use crate::error::AppResult;
use crate::ops::find_agent::find_agent;
use crate::ops::issue_credential as credential;
use crate::state::AppState;

/// Issue a credential: 15 minutes in which the agent can prove which one it is. It is not kept anywhere.
#[utoipa::path(post, path = "/agents/{id}/credential", tag = "credentials", params(("id" = String, Path), Which), responses(
    (status = 200, body = Data<Credential>), (status = 403, description = "The agent is paused or archived", body = ErrorBody),
    (status = 404, body = ErrorBody),
))]
pub(crate) async fn issue(
    caller: Caller<Sdk>,
    State(state): State<AppState>,
    Segments(reference): Segments<String>,
    Params(which): Params<Which>,
    _body: OptionalBody<serde_json::Map<String, serde_json::Value>>,
) -> AppResult<([(HeaderName, &'static str); 1], Json<Data<Credential>>)> {
    let agent = find_agent(&state, caller.org, &reference, which.environment.as_deref()).await?;
    caller.environments().check_agent(&agent, which.environment.as_deref())?;
    state.directory.touched.agent(caller.org, agent.profile.id, state.clock.now());
    let issued = credential::issue_credential(&state, caller.org, &agent)?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(Data::new(issued))))
}

/// Which agent a credential proves, or the one reason why it proves nothing.
#[utoipa::path(post, path = "/agents/credentials/verify", tag = "credentials", request_body = VerifyCredential, responses(
    (status = 200, body = Data<CredentialVerdict>), (status = 400, body = ErrorBody),
))]
pub(crate) async fn verify(
    caller: Caller<CheckAgents>,
    State(state): State<AppState>,
    Body(body): Body<VerifyCredential>,
) -> AppResult<Json<Data<CredentialVerdict>>> {
    let verdict = credential::verify_credential(&state, caller.org, &body.credential).await?;
    Ok(Json(Data::new(verdict)))
}

/// Revoke one credential. Every server refuses it from here on.
#[utoipa::path(post, path = "/agents/{id}/credentials/{jti}/revoke", tag = "credentials",
    params(("id" = String, Path), ("jti" = String, Path), Which), responses(
        (status = 200, body = Data<CredentialRevoked>), (status = 404, body = ErrorBody),
    ))]
pub(crate) async fn revoke(
    caller: Caller<WriteAgents>,
    State(state): State<AppState>,
    Segments((reference, jti)): Segments<(String, String)>,
    Params(which): Params<Which>,
) -> AppResult<Json<Data<CredentialRevoked>>> {
    let agent = find_agent(&state, caller.org, &reference, which.environment.as_deref()).await?;
    let (actor, agent) = (caller.actor(), agent.profile.id);
    let jti = id("credential", &jti)?;
    let revoked = credential::revoke_credential(&state, caller.org, &actor, agent, jti).await?;
    Ok(Json(Data::new(CredentialRevoked {
        agent_id: revoked.agent_id.to_string(),
        jti: revoked.id.to_string(),
        revoked_at: revoked.revoked_at.to_string(),
    })))
}

/// Revoke every credential an agent has. What is issued afterwards is good.
#[utoipa::path(post, path = "/agents/{id}/credentials/revoke-all", tag = "credentials", params(("id" = String, Path), Which), responses(
    (status = 200, body = Data<CredentialsRevoked>), (status = 404, body = ErrorBody),
))]
pub(crate) async fn revoke_all(
    caller: Caller<WriteAgents>,
    State(state): State<AppState>,
    Segments(reference): Segments<String>,
    Params(which): Params<Which>,
) -> AppResult<Json<Data<CredentialsRevoked>>> {
    let agent = find_agent(&state, caller.org, &reference, which.environment.as_deref()).await?;
    let (actor, id) = (caller.actor(), agent.profile.id);
    let generation = credential::revoke_credentials(&state, caller.org, &actor, id).await?;
    Ok(Json(Data::new(CredentialsRevoked { agent_id: id.to_string(), generation })))
}
