//! Making versions of prompts, and letting them run: at once, after somebody's yes, or again.

use execlave_api::error::ErrorCode;
use execlave_api::prompt_versions::{
    CreatePromptVersion, DecidePromptVersion, DeployPromptVersion, RollBackPromptVersion,
};
use execlave_core::ids::OrgId;
use execlave_store::Json;
use execlave_store::prompt_versions::{
    DecideDeployment, Decided, Deploy, Deployed, MOST_ENVIRONMENTS, MOST_PROMPT_VERSIONS, Prompt,
    PromptVersion, RollBack, RolledBack,
};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::auth::Actor;
use crate::auth::environment::Environments;
use crate::checks::{self, NAME_LENGTH, TEXT_LENGTH};
use crate::error::{AppError, AppResult};
use crate::ops::find_agent::find_agent;
use crate::state::AppState;

/// Bytes of a prompt. A page of the longest ones is still an answer that clients take.
const PROMPT_BYTES: usize = 64 * 1024;
/// Bytes of what a model is called with, as JSON.
const PARAMETER_BYTES: usize = 16 * 1024;
const HIGHEST_TEMPERATURE: f64 = 100.0;

/// Makes an agent's next version. It runs nowhere yet.
pub(crate) async fn create_version(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    reach: &Environments,
    body: CreatePromptVersion,
) -> AppResult<Prompt> {
    checks::required("agentId", &body.agent_id, NAME_LENGTH)?;
    let agent = find_agent(state, org, &body.agent_id, None).await?;
    reach.check(&agent.profile.environment)?;
    checks::required("promptTemplate", &body.prompt_template, PROMPT_BYTES)?;
    short("promptTemplate", &body.prompt_template)?;
    short("systemMessage", body.system_message.as_deref().unwrap_or_default())?;
    checks::optional("modelName", body.model_name.as_deref(), NAME_LENGTH)?;
    checks::optional("changeSummary", body.change_summary.as_deref(), TEXT_LENGTH)?;
    checks::optional("versionTag", body.version_tag.as_deref(), NAME_LENGTH)?;
    checks::optional("notes", body.notes.as_deref(), TEXT_LENGTH)?;
    let model_parameters = parameters(&body)?;
    let version = PromptVersion {
        org_id: org,
        id: state.clock.new_id(),
        agent_id: agent.profile.id,
        version_number: 0,
        version_tag: body.version_tag,
        prompt: body.prompt_template,
        system_prompt: body.system_message,
        model_name: body.model_name,
        model_parameters,
        change_summary: body.change_summary,
        notes: body.notes,
        created_at: state.clock.now(),
        created_by: actor.id(),
    };
    let made = state.store.create_prompt_version(&version).await?;
    made.ok_or_else(|| {
        let message = format!("the agent has {MOST_PROMPT_VERSIONS} versions of its prompt");
        AppError::conflict(message)
    })
}

fn short(path: &str, text: &str) -> AppResult<()> {
    if text.len() <= PROMPT_BYTES {
        return Ok(());
    }
    Err(AppError::invalid(path, format!("must be at most {PROMPT_BYTES} bytes long")))
}

/// What the model is called with, in one object.
fn parameters(body: &CreatePromptVersion) -> AppResult<Json> {
    let mut all: Map<String, Value> = body.other_params.clone().unwrap_or_default();
    let high = |number: f64| !(0.0..=HIGHEST_TEMPERATURE).contains(&number);
    if body.temperature.as_ref().is_some_and(|number| number.as_f64().is_none_or(high)) {
        return Err(AppError::invalid("temperature", "must be 0 to 100"));
    }
    let named = [
        ("temperature", body.temperature.clone().map(Value::from)),
        ("maxTokens", body.max_tokens.map(Value::from)),
    ];
    for (name, value) in named {
        let Some(value) = value else { continue };
        if all.insert(name.to_owned(), value).is_some() {
            let path = format!("otherParams.{name}");
            return Err(AppError::invalid(path, format!("is given twice: leave it to `{name}`")));
        }
    }
    let json = Json::of(&all);
    if json.as_str().len() > PARAMETER_BYTES {
        let message = format!("must be at most {PARAMETER_BYTES} bytes of JSON");
        return Err(AppError::invalid("otherParams", message));
    }
    Ok(json)
}

/// Lets a version run in an environment, or asks for it.
pub(crate) async fn deploy(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    reach: &Environments,
    id: Uuid,
    body: &DeployPromptVersion,
) -> AppResult<Prompt> {
    let DeployPromptVersion { environment, require_approval, deployment_notes: notes } = body;
    let notes = notes.as_deref();
    checks::word("environment", environment)?;
    checks::optional("deploymentNotes", notes, TEXT_LENGTH)?;
    find(state, org, id).await?;
    reach.check(environment)?;
    let requires_approval = require_approval.unwrap_or_default();
    let (actor, at) = (actor.id(), state.clock.now());
    let deploy = Deploy { environment, requires_approval, notes, actor: &actor, at };
    match state.store.deploy_prompt_version(org, id, &deploy).await? {
        Deployed::Done(prompt) => Ok(*prompt),
        Deployed::NotFound => Err(missing(id)),
        Deployed::Waits => Err(AppError::conflict(format!(
            "this version waits for a yes in `{environment}`: let somebody else approve it with `POST /prompt-versions/{id}/approve`"
        ))),
        Deployed::Rejected => Err(AppError::conflict(format!(
            "this version was rejected in `{environment}`: ask again with `\"requireApproval\": true`, or make another version"
        ))),
        Deployed::TooMany => Err(AppError::conflict(format!(
            "this version is in {MOST_ENVIRONMENTS} environments, which is the most"
        ))),
    }
}

/// Says yes or no to a version that waits.
pub(crate) async fn decide(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    reach: &Environments,
    id: Uuid,
    approve: bool,
    body: &DecidePromptVersion,
) -> AppResult<Prompt> {
    checks::optional("reason", body.reason.as_deref(), TEXT_LENGTH)?;
    body.environment.as_deref().map_or(Ok(()), |word| checks::word("environment", word))?;
    let (actor, at) = (actor.id(), state.clock.now());
    let decision = DecideDeployment {
        environment: body.environment.as_deref(),
        approve,
        reason: said(body.reason.as_deref()),
        actor: &actor,
        at,
    };
    let reaches = |environment: &str| reach.reach(environment);
    match state.store.decide_prompt_deployment(org, id, &decision, reaches).await? {
        Decided::Done(prompt) => Ok(*prompt),
        Decided::NotFound => Err(missing(id)),
        Decided::NotPending => Err(AppError::conflict(
            "this version does not wait for a yes there: see its `deployments`",
        )),
        Decided::Ambiguous(names) => Err(AppError::invalid(
            "environment",
            format!("must be one of those in which the version waits: `{}`", names.join("`, `")),
        )),
        Decided::Own => Err(AppError::new(
            ErrorCode::SelfApproval,
            "whoever asked for the deployment cannot decide it: let somebody else do it, or use another key",
        )),
        Decided::OutOfReach(environment) => {
            Err(reach.check(&environment).err().unwrap_or_else(|| {
                AppError::conflict("the environments of this key were changed: try again")
            }))
        }
    }
}

/// Lets a version run again where it ran before.
pub(crate) async fn roll_back(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    reach: &Environments,
    id: Uuid,
    body: &RollBackPromptVersion,
) -> AppResult<Prompt> {
    checks::optional("reason", body.reason.as_deref(), TEXT_LENGTH)?;
    let environment = body.environment.as_deref();
    environment.map_or(Ok(()), |word| checks::word("environment", word))?;
    find(state, org, id).await?;
    environment.map_or(Ok(()), |word| reach.check(word))?;
    let (actor, at) = (actor.id(), state.clock.now());
    let reason = said(body.reason.as_deref());
    let back = RollBack { environment, reason, actor: &actor, at };
    let reaches = |environment: &str| reach.reach(environment);
    match state.store.roll_back_to_prompt_version(org, id, &back, reaches).await? {
        RolledBack::Done(prompt) => Ok(*prompt),
        RolledBack::NotFound => Err(missing(id)),
        RolledBack::NeverRan => Err(AppError::conflict(format!(
            "this version never ran there, or waits for a yes: deploy it with `POST /prompt-versions/{id}/deploy`"
        ))),
    }
}

/// A version, or a 404.
pub(crate) async fn find(state: &AppState, org: OrgId, id: Uuid) -> AppResult<Prompt> {
    let found = state.store.find_prompt_version(org, id).await?;
    found.ok_or_else(|| missing(id))
}

fn missing(id: Uuid) -> AppError {
    AppError::not_found("prompt version", id)
}

/// A reason without the space around it; none if nothing is left.
fn said(reason: Option<&str>) -> Option<&str> {
    reason.map(str::trim).filter(|reason| !reason.is_empty())
}
