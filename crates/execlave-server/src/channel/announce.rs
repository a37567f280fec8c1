//! What is told, and when: after memory has changed, so that a client which asks at once gets the same answer.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use execlave_core::ids::{AgentId, ApprovalId, OrgId};
use execlave_core::request::AgentStatus;
use execlave_store::approvals::ApprovalStatus;
use execlave_store::changes::{Change, Noun};
use serde::Serialize;
use socketioxide::SocketIo;
use tokio::sync::broadcast::error::RecvError;

use super::{NAMESPACE, room_of_environment, room_of_org, room_of_restricted};
use crate::auth::key::may_be_used;
use crate::directory::{AgentEntry, KeyEntry};
use crate::state::AppState;

/// An agent was paused or resumed. The first three fields are all that published clients read.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AgentStatusUpdated<'a> {
    /// The name its application gave it.
    agent_id: &'a str,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// The agent's UUID, since the same name may stand in several environments.
    id: AgentId,
    environment: &'a str,
    /// Grows with every change of status: an event that comes late undoes nothing.
    epoch: i64,
}

/// A bundle that was fetched before is out of date.
#[derive(Serialize)]
struct BundleUpdated {
    /// The epoch of the organisation's policies.
    epoch: i64,
}

/// An approval is not pending any more.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ApprovalDecided<'a> {
    approval_request_id: ApprovalId,
    status: &'a str,
}

/// How often connections are looked for whose key has expired.
const SWEEP: Duration = Duration::from_secs(30);

/// The epochs that clients were told last.
type Told = HashMap<(OrgId, AgentId), i64>;

/// Tells clients of every change until the server ends.
pub(super) async fn run(state: AppState, io: SocketIo) {
    let mut changes = state.directory.applied();
    // What clients connect to find is what they asked for themselves; only what comes later is told.
    let mut told: Told = epochs(&state).collect();
    let mut sweep = tokio::time::interval(SWEEP);
    loop {
        let received = tokio::select! {
            received = changes.recv() => received,
            _ = sweep.tick() => {
                send_away(&state, &io);
                continue;
            }
        };
        let change = match received {
            Ok(change) => change,
            Err(RecvError::Lagged(_)) => Change::Resync,
            Err(RecvError::Closed) => return,
        };
        match change {
            Change::Row { org_id, noun, id } => {
                tell(&state, &io, &mut told, org_id, noun, id).await;
            }
            Change::Resync => tell_everything(&state, &io, &mut told).await,
        }
    }
}

/// Anything may have changed.
async fn tell_everything(state: &AppState, io: &SocketIo, told: &mut Told) {
    send_away(state, io);
    let mut orgs = BTreeSet::new();
    for (org, agent) in state.directory.all_agents() {
        tell_status(io, told, org, &agent).await;
        orgs.insert(org);
    }
    for org in orgs {
        emit(io, org, "policy.bundle_updated", &bundle_of(state, org)).await;
    }
}

fn epochs(state: &AppState) -> impl Iterator<Item = ((OrgId, AgentId), i64)> {
    let agents = state.directory.all_agents().into_iter();
    agents.map(|(org, agent)| ((org, agent.profile.id), agent.epoch))
}

async fn tell(
    state: &AppState,
    io: &SocketIo,
    told: &mut Told,
    org: OrgId,
    noun: Noun,
    id: uuid::Uuid,
) {
    match noun {
        Noun::Agent => {
            let agent = state.directory.agent(org, &id.to_string(), None);
            let Some(agent) = agent.filter(|agent| agent.profile.id == AgentId::from(id)) else {
                return;
            };
            // Whoever hears of a status knows that bundles are out of date.
            if !tell_status(io, told, org, &agent).await {
                emit(io, org, "policy.bundle_updated", &bundle_of(state, org)).await;
            }
        }
        Noun::Policy | Noun::Settings | Noun::CostRule | Noun::Validator => {
            emit(io, org, "policy.bundle_updated", &bundle_of(state, org)).await;
        }
        Noun::Approval => tell_approval(state, io, org, id.into()).await,
        Noun::Key => send_away(state, io),
        Noun::Session | Noun::Price | Noun::WebhookDelivery | Noun::Credential => {}
    }
}

fn bundle_of(state: &AppState, org: OrgId) -> BundleUpdated {
    BundleUpdated { epoch: state.directory.policies(org).epoch }
}

/// Says how an agent is, unless clients know: most changes of an agent are not of its status. Whether it was said.
async fn tell_status(io: &SocketIo, told: &mut Told, org: OrgId, agent: &Arc<AgentEntry>) -> bool {
    let profile = &agent.profile;
    let known = told.insert((org, profile.id), agent.epoch);
    // An agent that begins as active is no news either; some clients would take it for a resume of another one.
    let is_new = known.is_none() && profile.status == AgentStatus::Active;
    if is_new || known == Some(agent.epoch) {
        return false;
    }
    let event = AgentStatusUpdated {
        agent_id: &profile.external_id,
        status: profile.status.as_str(),
        reason: profile.status_reason.as_deref(),
        id: profile.id,
        environment: &profile.environment,
        epoch: agent.epoch,
    };
    let rooms = [room_of_org(org), room_of_environment(org, &profile.environment)];
    send(io, rooms, "agent.status_updated", &event).await;
    true
}

async fn tell_approval(state: &AppState, io: &SocketIo, org: OrgId, id: ApprovalId) {
    match state.store.find_approval(org, id).await {
        Ok(Some(approval)) if approval.status != ApprovalStatus::Pending => {
            let event =
                ApprovalDecided { approval_request_id: id, status: approval.status.as_str() };
            emit(io, org, "approval.decided", &event).await;
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "an approval could not be read and was not announced"),
    }
}

/// Closes the connections of keys that may not be used any more.
fn send_away(state: &AppState, io: &SocketIo) {
    let Some(namespace) = io.of(NAMESPACE) else { return };
    for socket in namespace.sockets() {
        let key = socket.extensions.get::<Arc<KeyEntry>>();
        if !key.is_some_and(|key| may_be_used(state, &key.hash)) {
            // It may be gone already.
            let _ = socket.disconnect();
        }
    }
}

async fn emit<T: Serialize>(io: &SocketIo, org: OrgId, event: &str, content: &T) {
    send(io, [room_of_org(org), room_of_restricted(org)], event, content).await;
}

async fn send<T: Serialize>(io: &SocketIo, rooms: [String; 2], event: &str, content: &T) {
    let Some(namespace) = io.of(NAMESPACE) else { return };
    if let Err(error) = namespace.to(rooms).emit(event, content).await {
        // Clients that do not read: they ask for the status themselves.
        tracing::debug!(%error, event, "some clients did not get an event");
    }
}
