//! Does a trace prove which agent it is of?

use execlave_api::error::ErrorCode;
use execlave_core::credential::PREFIX;
use execlave_core::ids::OrgId;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Refusal;
use crate::directory::AgentEntry;
use crate::error::AppResult;
use crate::ops::issue_credential::{check_credential, learn_key};
use crate::state::AppState;

/// Reads the keys that credentials of a batch name and this server has not heard of, before the traces are judged from memory.
pub(super) async fn learn_keys(state: &AppState, batch: &[Box<RawValue>]) -> AppResult<()> {
    #[derive(Deserialize)]
    struct Stamped {
        #[serde(rename = "agentCredential")]
        credential: Option<String>,
    }
    let stamped = batch.iter().filter(|raw| raw.get().contains(PREFIX));
    let mut looked_up = false;
    for raw in stamped {
        let read: Option<Stamped> = serde_json::from_str(raw.get()).ok();
        let named = read.and_then(|stamped| stamped.credential);
        let Some(credential) = named else { continue };
        let known = || {
            let id = execlave_core::credential::named_key(&credential);
            let keys = state.signer.known();
            id.is_none_or(|id| keys.iter().any(|key| execlave_core::certificate::key_id(key) == id))
        };
        // Asked once: what is still unknown after that is nobody's.
        if !looked_up && !known() {
            learn_key(state, &credential).await?;
            looked_up = true;
        }
    }
    Ok(())
}

/// Whether the trace's credential proves that it is its agent's. Without one nothing is proved; with a bad one the trace is refused.
pub(super) fn verify(
    state: &AppState,
    org: OrgId,
    agent: Option<&AgentEntry>,
    credential: Option<&str>,
) -> Result<bool, Refusal> {
    let Some(credential) = credential else { return Ok(false) };
    let (_, proved) =
        check_credential(state, org, credential).map_err(|fault| refusal(fault.as_str()))?;
    if agent.is_some_and(|agent| agent.profile.id == proved.profile.id) {
        return Ok(true);
    }
    Err(refusal("it is another agent's"))
}

fn refusal(why: &str) -> Refusal {
    Refusal {
        code: ErrorCode::InvalidAgentCredential,
        message: format!("`agentCredential`: does not prove that it is this agent: {why}"),
    }
}
