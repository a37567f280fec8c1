//! Puts credentials into traces at the moment they are sent, so that a trace which has waited, on the disk perhaps, carries one that is
//! still good.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::batch::Batch;
use super::flush::RejectedTrace;
use crate::credentials::Credentials;

/// What the server says to a trace whose credential proves nothing.
const REFUSED: &str = "INVALID_AGENT_CREDENTIAL";

/// Whose trace it is, and where it ran.
#[derive(Clone, Deserialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
struct Whose {
    agent_id: Option<String>,
    environment: Option<String>,
}

/// The traces of a batch as JSON, separated by commas, each with its agent's credential. One that cannot be had costs the proof and not
/// the trace.
pub(super) async fn stamp(credentials: &Credentials, batch: &Batch, environment: &str) -> String {
    let list = format!("[{}]", batch.json);
    let Ok(traces) = serde_json::from_str::<Vec<&RawValue>>(&list) else {
        return batch.json.clone();
    };
    let mut had: HashMap<Whose, Option<String>> = HashMap::new();
    let mut stamped = Vec::with_capacity(traces.len());
    for trace in traces {
        let whose = serde_json::from_str::<Whose>(trace.get()).ok();
        let Some(whose) = whose.filter(|whose| whose.agent_id.is_some()) else {
            stamped.push(trace.get().to_owned());
            continue;
        };
        if !had.contains_key(&whose) {
            had.insert(whose.clone(), credential_of(credentials, &whose, environment).await);
        }
        let credential = had.get(&whose).and_then(Option::as_deref);
        stamped.push(with_credential(trace.get(), credential));
    }
    stamped.join(",")
}

/// Whether something was refused for its credential: it was revoked, perhaps, or the deployment's keys have changed. Either costs the
/// proof and not the trace, so the batch goes out again without.
pub(super) fn is_doubted(rejected: &[RejectedTrace]) -> bool {
    rejected.iter().any(|one| one.code == REFUSED)
}

async fn credential_of(
    credentials: &Credentials,
    whose: &Whose,
    environment: &str,
) -> Option<String> {
    let agent = whose.agent_id.as_deref()?;
    let issued = credentials.of(agent, whose.environment.as_deref().unwrap_or(environment)).await;
    let issued = issued.inspect_err(|error| {
        tracing::warn!(%error, agent, "traces are sent without a credential");
    });
    issued.ok().map(|issued| issued.credential)
}

fn with_credential(json: &str, credential: Option<&str>) -> String {
    // A trace has an id, so there is something before the last brace.
    match (json.strip_suffix('}'), credential) {
        (Some(fields), Some(credential)) => {
            format!("{fields},\"agentCredential\":{}}}", serde_json::Value::from(credential))
        }
        _ => json.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_becomes_the_last_field() {
        let stamped = with_credential(r#"{"traceId":"t"}"#, Some("exe_agt_x"));
        assert_eq!(stamped, r#"{"traceId":"t","agentCredential":"exe_agt_x"}"#);
        assert_eq!(with_credential(r#"{"traceId":"t"}"#, None), r#"{"traceId":"t"}"#);
    }
}
