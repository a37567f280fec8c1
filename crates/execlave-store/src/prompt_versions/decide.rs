//! A yes or a no to a version that is to run in an environment.

use execlave_core::ids::OrgId;
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde_json::json;
use uuid::Uuid;

use super::deploy::{finish, put, run};
use super::{DeploymentStatus, Prompt, PromptDeployment, find, record};
use crate::audit;
use crate::{Store, StoreError};

/// Who says what.
#[derive(Clone, Copy, Debug)]
pub struct DecideDeployment<'a> {
    /// Where it waits; can be left out where it waits only once.
    pub environment: Option<&'a str>,
    /// Yes or no.
    pub approve: bool,
    /// Why.
    pub reason: Option<&'a str>,
    /// Who.
    pub actor: &'a str,
    /// When.
    pub at: Timestamp,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Decided {
    /// It is as was said.
    Done(Box<Prompt>),
    /// There is no such version.
    NotFound,
    /// It does not wait there.
    NotPending,
    /// It waits in several environments, and none was named.
    Ambiguous(Vec<String>),
    /// Whoever asked does not decide.
    Own,
    /// It waits in an environment that whoever decides does not reach.
    OutOfReach(String),
}

impl Store {
    /// Decides; audited. `reaches` says whether whoever decides reaches an environment.
    pub async fn decide_prompt_deployment(
        &self,
        org: OrgId,
        id: Uuid,
        decision: &DecideDeployment<'_>,
        reaches: impl Fn(&str) -> bool + Send,
    ) -> Result<Decided, StoreError> {
        let DecideDeployment { environment, approve, reason, actor, at } = *decision;
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        let Some(prompt) = find(&mut tx, org, id).await? else { return Ok(Decided::NotFound) };
        let Prompt { version, mut deployments } = prompt;
        deployments.retain(|one| {
            one.status == DeploymentStatus::Pending
                && environment.is_none_or(|wanted| one.environment == wanted)
        });
        if deployments.len() > 1 {
            let names = deployments.into_iter().map(|one| one.environment).collect();
            return Ok(Decided::Ambiguous(names));
        }
        let Some(asked) = deployments.pop() else { return Ok(Decided::NotPending) };
        if !reaches(&asked.environment) {
            return Ok(Decided::OutOfReach(asked.environment));
        }
        if asked.requested_by == actor {
            return Ok(Decided::Own);
        }
        let decided = PromptDeployment {
            decided_at: Some(at),
            decided_by: Some(actor.to_owned()),
            decision_reason: reason.map(str::to_owned),
            ..asked
        };
        if approve {
            let running = PromptDeployment { deployed_at: Some(at), ..decided };
            run(&mut tx, &version, running, DeploymentStatus::Replaced, actor, at).await?;
        } else {
            let rejected = PromptDeployment { status: DeploymentStatus::Rejected, ..decided };
            put(&mut tx, &rejected).await?;
            let more = json!({ "environment": rejected.environment, "reason": reason });
            let kind = EventType::PromptVersionDeploymentRejected;
            record(&mut tx, &version, kind, actor, at, more).await?;
        }
        finish(tx, org, id).await.map(Box::new).map(Decided::Done)
    }
}
