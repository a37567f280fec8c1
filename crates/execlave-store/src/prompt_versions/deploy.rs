//! Making a version run in an environment. One runs there at a time: what ran before ends in the same transaction.

use execlave_core::ids::OrgId;
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde_json::json;
use uuid::Uuid;

use super::{DeploymentStatus, Prompt, PromptDeployment, PromptVersion, find, record};
use crate::audit;
use crate::db::Tx;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::{Store, StoreError};

/// In how many environments one version can be.
pub const MOST_ENVIRONMENTS: usize = 20;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Deploy<'a> {
    /// Where.
    pub environment: &'a str,
    /// Whether somebody else has to say yes first.
    pub requires_approval: bool,
    /// What there is to say.
    pub notes: Option<&'a str>,
    /// Who asks.
    pub actor: &'a str,
    /// When.
    pub at: Timestamp,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Deployed {
    /// It runs there, or waits for a yes; whichever was asked for.
    Done(Box<Prompt>),
    /// There is no such version.
    NotFound,
    /// It waits for a yes there, so it does not run without one.
    Waits,
    /// Somebody said no, so it does not run there without a yes.
    Rejected,
    /// It is in as many environments as it can be.
    TooMany,
}

/// Which version is to run again.
#[derive(Clone, Copy, Debug)]
pub struct RollBack<'a> {
    /// Where; everywhere it ran if absent.
    pub environment: Option<&'a str>,
    /// Why.
    pub reason: Option<&'a str>,
    /// Who says so.
    pub actor: &'a str,
    /// When.
    pub at: Timestamp,
}

/// What came of a rollback.
#[derive(Clone, Debug, PartialEq)]
pub enum RolledBack {
    /// The version runs again.
    Done(Box<Prompt>),
    /// There is no such version.
    NotFound,
    /// It ran nowhere of where it is to run again.
    NeverRan,
}

impl Store {
    /// Deploys a version, or asks for it; audited. What is so already changes nothing.
    pub async fn deploy_prompt_version(
        &self,
        org: OrgId,
        id: Uuid,
        deploy: &Deploy<'_>,
    ) -> Result<Deployed, StoreError> {
        use DeploymentStatus::{Deployed as Runs, Pending, Rejected, Replaced, RolledBack};
        let mut tx = self.begin().await?;
        // Held by every change of deployments, so that nobody decides on what another one is changing.
        audit::lock_chain(&mut tx, org).await?;
        let Some(prompt) = find(&mut tx, org, id).await? else { return Ok(Deployed::NotFound) };
        let here = prompt.deployments.iter().find(|one| one.environment == deploy.environment);
        match here.map(|one| one.status) {
            Some(Runs) => return Ok(Deployed::Done(prompt.into())),
            Some(Pending) if deploy.requires_approval => return Ok(Deployed::Done(prompt.into())),
            Some(Pending) => return Ok(Deployed::Waits),
            Some(Rejected) if !deploy.requires_approval => return Ok(Deployed::Rejected),
            None if prompt.deployments.len() >= MOST_ENVIRONMENTS => return Ok(Deployed::TooMany),
            Some(Rejected | Replaced | RolledBack) | None => {}
        }
        let asked = PromptDeployment {
            org_id: org,
            prompt_version_id: id,
            environment: deploy.environment.to_owned(),
            agent_id: prompt.version.agent_id,
            status: Pending,
            notes: deploy.notes.map(str::to_owned),
            requested_at: deploy.at,
            requested_by: deploy.actor.to_owned(),
            decided_at: None,
            decided_by: None,
            decision_reason: None,
            deployed_at: here.and_then(|one| one.deployed_at),
        };
        if deploy.requires_approval {
            put(&mut tx, &asked).await?;
            let kind = EventType::PromptVersionDeploymentRequested;
            let more = json!({ "environment": deploy.environment, "notes": deploy.notes });
            record(&mut tx, &prompt.version, kind, deploy.actor, deploy.at, more).await?;
        } else {
            let asked = PromptDeployment { deployed_at: Some(deploy.at), ..asked };
            run(&mut tx, &prompt.version, asked, Replaced, deploy.actor, deploy.at).await?;
        }
        finish(tx, org, id).await.map(Box::new).map(Deployed::Done)
    }

    /// Lets a version run again where it ran before: in one environment, or in all of them, as far as `reaches` says yes; audited.
    /// Where it runs already nothing changes. A version that waits for a yes there, or was refused, stays where it is: going back is
    /// no way round an approval.
    pub async fn roll_back_to_prompt_version(
        &self,
        org: OrgId,
        id: Uuid,
        back: &RollBack<'_>,
        reaches: impl Fn(&str) -> bool + Send,
    ) -> Result<RolledBack, StoreError> {
        use DeploymentStatus::{Deployed as Runs, Replaced, RolledBack as Ended};
        let RollBack { environment, reason, actor, at } = *back;
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let Some(prompt) = find(&mut tx, org, id).await? else { return Ok(RolledBack::NotFound) };
        let Prompt { version, mut deployments } = prompt;
        deployments.retain(|one| {
            environment.is_none_or(|wanted| one.environment == wanted)
                && matches!(one.status, Runs | Replaced | Ended)
                && reaches(&one.environment)
        });
        if deployments.is_empty() {
            return Ok(RolledBack::NeverRan);
        }
        for before in deployments.into_iter().filter(|one| one.status != Runs) {
            let again = PromptDeployment {
                requested_at: at,
                requested_by: actor.to_owned(),
                decision_reason: reason.map(str::to_owned),
                deployed_at: Some(at),
                ..before
            };
            run(&mut tx, &version, again, Ended, actor, at).await?;
        }
        finish(tx, org, id).await.map(Box::new).map(RolledBack::Done)
    }
}

/// Commits, and reads the version as it is then.
pub(super) async fn finish(mut tx: Tx<'_>, org: OrgId, id: Uuid) -> Result<Prompt, StoreError> {
    let after = find(&mut tx, org, id).await?;
    let after = after.ok_or(StoreError::InvalidReference("prompt deployment"))?;
    tx.commit().await?;
    Ok(after)
}

/// Makes a version run; what ran there before is `ended`, which also says what happened.
pub(super) async fn run(
    tx: &mut Tx<'_>,
    version: &PromptVersion,
    deployment: PromptDeployment,
    ended: DeploymentStatus,
    actor: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    const END: &str = "
        UPDATE prompt_deployments SET status = $4
        WHERE org_id = $1 AND agent_id = $2 AND environment = $3 AND status = 'deployed' RETURNING *";
    let end = params![version.org_id, version.agent_id, deployment.environment, ended];
    let before = tx.one::<PromptDeployment>(Query::new(END, end)).await?;
    let running = PromptDeployment { status: DeploymentStatus::Deployed, ..deployment };
    put(tx, &running).await?;
    let kind = match ended {
        DeploymentStatus::RolledBack => EventType::PromptVersionRolledBack,
        _ => EventType::PromptVersionDeployed,
    };
    let more = json!({
        "environment": running.environment, "replaces": before.map(|before| before.prompt_version_id), "notes": running.notes,
        "requestedBy": running.requested_by, "reason": running.decision_reason,
    });
    record(tx, version, kind, actor, at, more).await
}

/// Writes how a version stands in an environment.
pub(super) async fn put(tx: &mut Tx<'_>, row: &PromptDeployment) -> Result<(), StoreError> {
    const CHANGED: &str = "
        ON CONFLICT (org_id, prompt_version_id, environment) DO UPDATE SET status = excluded.status, notes = excluded.notes,
            requested_at = excluded.requested_at, requested_by = excluded.requested_by, decided_at = excluded.decided_at,
            decided_by = excluded.decided_by, decision_reason = excluded.decision_reason, deployed_at = excluded.deployed_at";
    tx.upsert_all(&[row], CHANGED).await.noun("prompt deployment")
}
