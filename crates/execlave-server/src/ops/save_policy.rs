//! Creating and changing policies. Whatever cannot run is refused here, with the path of the fault, and never at decision time.

use execlave_core::ids::{OrgId, PolicyId};
use execlave_core::policy::{PolicyDocument, PolicyError, compile, find_cycle};
use execlave_store::Json;
use execlave_store::policies::{PolicyDraft, PolicyRecord};
use serde_json::{Map, Value};

use crate::auth::Actor;
use crate::error::{AppError, AppResult};
use crate::state::AppState;

/// Creates a policy.
pub(crate) async fn create_policy(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    body: Value,
) -> AppResult<PolicyRecord> {
    let id = state.clock.new_id();
    let draft = check(state, org, id, 1, body).await?;
    let record = state
        .store
        .create_policy(org, id, &draft, &actor.id(), state.clock.now())
        .await
        .map_err(taken(&draft))?;
    state.directory.refresh_policies(&state.store, org).await?;
    state.in_force(org).await;
    Ok(record)
}

/// Replaces a policy by its next version.
pub(crate) async fn replace_policy(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    id: PolicyId,
    body: Value,
) -> AppResult<PolicyRecord> {
    let known = find(state, org, id).await?;
    let draft = check(state, org, id, known.version + 1, body).await?;
    let updated = state
        .store
        .update_policy(org, id, &draft, &actor.id(), state.clock.now())
        .await
        .map_err(taken(&draft))?;
    state.directory.refresh_policies(&state.store, org).await?;
    state.in_force(org).await;
    updated.ok_or_else(|| AppError::not_found("policy", id))
}

/// Replaces the given fields of a policy; `ruleDefinition` is one field.
pub(crate) async fn patch_policy(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    id: PolicyId,
    fields: Map<String, Value>,
) -> AppResult<PolicyRecord> {
    let mut document = find(state, org, id).await?.document.to_value();
    if let Value::Object(known) = &mut document {
        // Another type has another default severity, so the old default does not carry over.
        if fields.contains_key("policyType") && !fields.contains_key("severity") {
            known.remove("severity");
        }
        known.extend(fields);
    }
    replace_policy(state, org, actor, id, document).await
}

/// Deletes a policy; its versions stay.
pub(crate) async fn delete_policy(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    id: PolicyId,
) -> AppResult<()> {
    let deleted = state.store.delete_policy(org, id, &actor.id(), state.clock.now()).await?;
    state.directory.refresh_policies(&state.store, org).await?;
    state.in_force(org).await;
    if deleted { Ok(()) } else { Err(AppError::not_found("policy", id)) }
}

async fn find(state: &AppState, org: OrgId, id: PolicyId) -> AppResult<PolicyRecord> {
    state.store.find_policy(org, id).await?.ok_or_else(|| AppError::not_found("policy", id))
}

async fn check(
    state: &AppState,
    org: OrgId,
    id: PolicyId,
    version: i64,
    body: Value,
) -> AppResult<PolicyDraft> {
    let document = PolicyDocument::from_value(body).map_err(fault)?;
    compile(id, version, &document).map_err(fault)?;
    if !document.prerequisites.is_empty() {
        check_prerequisites(state, org, id, &document.prerequisites).await?;
    }
    Ok(PolicyDraft {
        name: document.name.clone(),
        policy_type: document.policy_type.as_str().to_owned(),
        is_active: document.is_active,
        document: Json::of(&document.to_value()),
    })
}

/// Each prerequisite is a policy of the same organisation, and none waits for itself through others.
async fn check_prerequisites(
    state: &AppState,
    org: OrgId,
    id: PolicyId,
    wanted: &[PolicyId],
) -> AppResult<()> {
    let stored = state.store.all_policies(org).await?;
    if let Some(index) =
        wanted.iter().position(|needed| stored.iter().all(|policy| policy.id != *needed))
    {
        let path = format!("prerequisites[{index}]");
        return Err(AppError::invalid(path, "is not a policy of this organisation"));
    }
    let others = stored.iter().filter(|policy| policy.id != id);
    let mut graph: Vec<(PolicyId, Vec<PolicyId>)> =
        others.map(|policy| (policy.id, prerequisites(policy))).collect();
    graph.push((id, wanted.to_vec()));
    match find_cycle(&graph) {
        Some(_) => {
            Err(AppError::invalid("prerequisites", "form a cycle: a policy cannot wait for itself"))
        }
        None => Ok(()),
    }
}

fn prerequisites(policy: &PolicyRecord) -> Vec<PolicyId> {
    let document = PolicyDocument::from_value(policy.document.to_value());
    document.map(|document| document.prerequisites).unwrap_or_default()
}

fn fault(error: PolicyError) -> AppError {
    AppError::invalid(error.path, error.message)
}

/// Names the name that is taken.
fn taken(draft: &PolicyDraft) -> impl FnOnce(execlave_store::error::StoreError) -> AppError {
    let name = draft.name.clone();
    move |error| AppError::taken("policy", &name, error)
}
