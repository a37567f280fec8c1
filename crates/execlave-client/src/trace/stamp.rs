//! Puts credentials into traces at the moment they are sent, so that a trace which has waited carries one that is still good.

use std::collections::HashMap;

use super::flush::RejectedTrace;
use super::prepare::Ready;
use crate::credentials::Credentials;

/// What the server says to a trace whose credential proves nothing.
const REFUSED: &str = "INVALID_AGENT_CREDENTIAL";

/// The traces as JSON, each with its agent's credential. One that cannot be had costs the proof and not the trace.
pub(super) async fn stamp(credentials: &Credentials, traces: &[Ready]) -> Vec<String> {
    let mut had: HashMap<&(String, String), Option<String>> = HashMap::new();
    let mut stamped = Vec::with_capacity(traces.len());
    for trace in traces {
        let Some(agent) = &trace.agent else {
            stamped.push(trace.json.clone());
            continue;
        };
        if !had.contains_key(agent) {
            let (id, environment) = agent;
            let credential = credentials.of(id, environment).await;
            let credential = credential.inspect_err(|error| {
                tracing::warn!(%error, agent = id, "traces are sent without a credential");
            });
            had.insert(agent, credential.ok().map(|issued| issued.credential));
        }
        let credential = had.get(agent).and_then(Option::as_deref);
        stamped.push(with_credential(&trace.json, credential));
    }
    stamped
}

/// Takes the traces that were refused for their credential alone out of the refused ones: to be sent again, without it. It was revoked,
/// perhaps, or this deployment's keys have changed; either costs the proof and not the trace. Of an id that several traces share, all
/// must have been refused, or some would be stored twice.
pub(super) fn unproved(traces: &[Ready], rejected: &mut Vec<RejectedTrace>) -> Vec<Ready> {
    let is_refused = |one: &&RejectedTrace, id: &str| one.code == REFUSED && one.trace_id == id;
    let again: Vec<Ready> = traces
        .iter()
        .filter(|trace| trace.agent.is_some())
        .filter(|trace| {
            let refused = rejected.iter().filter(|one| is_refused(one, &trace.trace_id)).count();
            refused > 0
                && refused == traces.iter().filter(|one| one.trace_id == trace.trace_id).count()
        })
        .map(|trace| Ready { agent: None, ..trace.clone() })
        .collect();
    rejected.retain(|one| !again.iter().any(|trace| is_refused(&one, &trace.trace_id)));
    again
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
