//! Versions of prompts as they go out.

use execlave_api::prompt_versions::{PromptDeployment, PromptVersion};
use execlave_store::prompt_versions::{self as store, DeploymentStatus, Prompt};

use super::{stored, time};

pub(crate) fn prompt_version(prompt: Prompt) -> PromptVersion {
    let Prompt { version, deployments } = prompt;
    let is_deployed = deployments.iter().any(|one| one.status == DeploymentStatus::Deployed);
    PromptVersion {
        id: version.id.to_string(),
        agent_id: version.agent_id.to_string(),
        version_number: version.version_number,
        version_tag: version.version_tag,
        prompt_content: version.prompt,
        system_prompt: version.system_prompt,
        model_name: version.model_name,
        model_parameters: stored(&version.model_parameters),
        change_summary: version.change_summary,
        notes: version.notes,
        approval_status: approval_status(&deployments).to_owned(),
        is_deployed,
        is_active: is_deployed,
        deployed_at: deployments.iter().filter_map(|one| one.deployed_at).max().map(time),
        created_at: time(version.created_at),
        created_by: version.created_by,
        deployments: deployments.into_iter().map(deployment).collect(),
    }
}

/// One word for all environments.
fn approval_status(deployments: &[store::PromptDeployment]) -> &'static str {
    let any = |status| deployments.iter().any(|one| one.status == status);
    if any(DeploymentStatus::Deployed) {
        "deployed"
    } else if any(DeploymentStatus::Pending) || deployments.is_empty() {
        "pending"
    } else if any(DeploymentStatus::Rejected) {
        "rejected"
    } else {
        "approved"
    }
}

fn deployment(deployment: store::PromptDeployment) -> PromptDeployment {
    PromptDeployment {
        environment: deployment.environment,
        status: deployment.status.as_str().to_owned(),
        deployment_notes: deployment.notes,
        requested_at: time(deployment.requested_at),
        requested_by: deployment.requested_by,
        decided_at: deployment.decided_at.map(time),
        decided_by: deployment.decided_by,
        reason: deployment.decision_reason,
        deployed_at: deployment.deployed_at.map(time),
    }
}
