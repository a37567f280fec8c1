//! Grants as they go out.

use execlave_api::grants::Grant;
use execlave_store::grants;

use super::time;

pub(crate) fn grant(grant: grants::Grant) -> Grant {
    Grant {
        id: grant.id.to_string(),
        caller_agent_id: grant.caller_agent_id.to_string(),
        callee_agent_id: grant.callee_agent_id.to_string(),
        allowed_actions: grant.allowed_actions,
        created_at: time(grant.created_at),
        created_by: grant.created_by,
        expires_at: grant.expires_at.map(time),
        revoked_at: grant.revoked_at.map(time),
    }
}
