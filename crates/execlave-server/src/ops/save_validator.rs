//! Making, changing, trying out and deleting custom validators.

use execlave_api::validators::{
    FailMode, SaveValidator, TestValidator, ValidatorRequest, ValidatorTest,
};
use execlave_core::ids::OrgId;
use execlave_core::policy::FailureMode;
use execlave_store::validators::Validator;
use uuid::Uuid;

use crate::auth::Actor;
use crate::checks::{self, NAME_LENGTH};
use crate::error::{AppError, AppResult};
use crate::secrets;
use crate::state::AppState;

/// Makes a validator, with a new secret.
pub(crate) async fn create_validator(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    body: SaveValidator,
) -> AppResult<Validator> {
    check(state, &body)?;
    let now = state.clock.now();
    let new = Validator {
        org_id: org,
        id: state.clock.new_id(),
        name: body.name,
        url: body.url,
        secret: secrets::new_token(),
        timeout_ms: body.timeout_ms,
        fail_mode: fail_mode(body.fail_mode),
        is_active: body.is_active,
        created_at: now,
        updated_at: now,
    };
    state
        .store
        .create_validator(&new, &actor.id())
        .await
        .map_err(|error| AppError::taken("validator", &new.name, error))?;
    state.directory.refresh_validator(&state.store, org, new.id).await?;
    Ok(new)
}

/// Replaces a validator; the secret stays.
pub(crate) async fn replace_validator(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    id: Uuid,
    body: SaveValidator,
) -> AppResult<Validator> {
    check(state, &body)?;
    let known = find(state, org, id).await?;
    let changed = Validator {
        name: body.name,
        url: body.url,
        timeout_ms: body.timeout_ms,
        fail_mode: fail_mode(body.fail_mode),
        is_active: body.is_active,
        ..known
    };
    save(state, actor, changed).await
}

/// Gives a validator a new secret; the old one signs nothing any more.
pub(crate) async fn rotate_secret(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    id: Uuid,
) -> AppResult<Validator> {
    let known = find(state, org, id).await?;
    save(state, actor, Validator { secret: secrets::new_token(), ..known }).await
}

/// Deletes a validator. Policies that name it could no longer be evaluated.
pub(crate) async fn delete_validator(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    id: Uuid,
) -> AppResult<()> {
    let deleted = state.store.delete_validator(org, id, &actor.id(), state.clock.now()).await?;
    state.directory.refresh_validator(&state.store, org, id).await?;
    if deleted { Ok(()) } else { Err(AppError::not_found("validator", id)) }
}

/// Asks a validator about a made-up action, also one that is not active.
pub(crate) async fn test_validator(
    state: &AppState,
    org: OrgId,
    id: Uuid,
    body: TestValidator,
) -> AppResult<ValidatorTest> {
    let validator = find(state, org, id).await?;
    let request = ValidatorRequest {
        organization_id: org.to_string(),
        agent_id: "test".to_owned(),
        agent_name: "Test".to_owned(),
        environment: "test".to_owned(),
        input: body.input.unwrap_or_else(|| "test".to_owned()),
        tools: body.tools.unwrap_or_default(),
        metadata: body.metadata.unwrap_or_default(),
        estimated_cost: None,
        timestamp: state.clock.now().to_string(),
    };
    let started = std::time::Instant::now();
    let asked = state.validators.send(&validator, state.clock.new_id(), &request).await;
    let duration_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
    Ok(match asked {
        Ok(answer) => ValidatorTest {
            ok: true,
            decision: Some(answer.decision.as_str().to_owned()),
            reason: answer.reason,
            error: None,
            duration_ms,
        },
        Err(silence) => ValidatorTest {
            ok: false,
            decision: None,
            reason: None,
            error: Some(silence.to_string()),
            duration_ms,
        },
    })
}

async fn save(state: &AppState, actor: &Actor, changed: Validator) -> AppResult<Validator> {
    let changed = Validator { updated_at: state.clock.now(), ..changed };
    let (org, id) = (changed.org_id, changed.id);
    let updated = state.store.update_validator(&changed, &actor.id()).await;
    if !updated.map_err(|error| AppError::taken("validator", &changed.name, error))? {
        return Err(AppError::not_found("validator", id));
    }
    state.directory.refresh_validator(&state.store, org, id).await?;
    state.validators.forget(id);
    Ok(changed)
}

async fn find(state: &AppState, org: OrgId, id: Uuid) -> AppResult<Validator> {
    let found = state.store.find_validator(org, id).await?;
    found.ok_or_else(|| AppError::not_found("validator", id))
}

fn check(state: &AppState, body: &SaveValidator) -> AppResult<()> {
    checks::required("name", &body.name, NAME_LENGTH)?;
    checks::outside(&body.url, body.timeout_ms, |url| state.validators.fault(url))?;
    Ok(())
}

fn fail_mode(mode: FailMode) -> FailureMode {
    match mode {
        FailMode::FailOpen => FailureMode::FailOpen,
        FailMode::FailClosed => FailureMode::FailClosed,
    }
}
