//! Pinning the tools an agent is known to use. The next decision compares with them.

use execlave_api::tool_baselines::ReportBaseline;
use execlave_core::ids::{AgentId, OrgId};
use execlave_store::tool_baselines::{PinnedTool, ToolBaseline};

use crate::auth::Actor;
use crate::checks::{self, NAME_LENGTH};
use crate::error::{AppError, AppResult};
use crate::state::AppState;

const TOOLS: usize = 2_000;
/// As much of a description as a client sends; it is read by nobody here.
const DESCRIPTION_LENGTH: usize = 64 * 1024;

/// Pins what a report names.
pub(crate) async fn report_baseline(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    agent: AgentId,
    body: ReportBaseline,
) -> AppResult<ToolBaseline> {
    if !(1..=TOOLS).contains(&body.descriptors.len()) {
        return Err(AppError::invalid("descriptors", format!("must have 1 to {TOOLS} entries")));
    }
    let mut tools = Vec::with_capacity(body.descriptors.len());
    for (index, descriptor) in body.descriptors.into_iter().enumerate() {
        let path = |field: &str| format!("descriptors[{index}].{field}");
        checks::required(&path("server"), &descriptor.server, NAME_LENGTH)?;
        checks::required(&path("tool"), &descriptor.tool, NAME_LENGTH)?;
        checks::optional(
            &path("description"),
            descriptor.description.as_deref(),
            DESCRIPTION_LENGTH,
        )?;
        let descriptor_hash = hash(&path("descriptorHash"), &descriptor.descriptor_hash)?;
        let description_hash = descriptor
            .description_hash
            .map(|text| hash(&path("descriptionHash"), &text))
            .transpose()?;
        tools.push(PinnedTool {
            server: descriptor.server,
            tool: descriptor.tool,
            descriptor_hash,
            description_hash,
        });
    }
    let report = ToolBaseline {
        org_id: org,
        agent_id: agent,
        tools,
        reason: body.reason.as_str().to_owned(),
        updated_by: actor.id(),
        updated_at: state.clock.now(),
    };
    let pinned = state.store.pin_tools(&report).await?;
    let pinned = pinned.ok_or_else(|| AppError::not_found("agent", agent))?;
    state.directory.refresh_agent(&state.store, org, agent).await?;
    state.in_force(org).await;
    Ok(pinned)
}

/// A SHA-256 in lower case.
fn hash(path: &str, text: &str) -> AppResult<String> {
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(AppError::invalid(path, "must be a SHA-256 of 64 hexadecimal digits"))
}
