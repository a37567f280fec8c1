//! Agents that this process registered: who they are on the server, and which one is meant when none is named.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use execlave_api::agents::RegisterAgent;
use execlave_api::paths;
use execlave_core::bundle::AGENTS;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::client::Client;
use crate::error::Error;
use crate::http::{Call, encode};

/// How long the server is not asked again whom it means by a name that was not registered here.
const NAME_TTL: Duration = Duration::from_mins(1);

/// What the SDK needs to know of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisteredAgent {
    /// The server's id for it.
    pub id: String,
    /// The application's own name for it.
    pub agent_id: String,
    /// A name for people.
    #[serde(default)]
    pub name: String,
    /// Where it runs.
    #[serde(default)]
    pub environment: String,
    /// Its status when it was registered.
    #[serde(default = "active")]
    pub status: String,
    /// Why it has that status, if somebody said so.
    #[serde(default)]
    pub status_reason: Option<String>,
    /// Grows with every change of the status.
    #[serde(default)]
    pub epoch: Option<i64>,
}

fn active() -> String {
    "active".to_owned()
}

/// The agents of one client, in the order in which they were registered.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    agents: Mutex<Vec<Arc<RegisteredAgent>>>,
    guests: Mutex<Vec<Guest>>,
}

/// An agent that was asked about without having been registered here: its policies can be held all the same.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    name: String,
    environment: String,
    /// The server's id of it.
    pub(crate) id: String,
    /// When the server last meant this agent by the name.
    confirmed: Instant,
}

impl Registry {
    /// Remembers an agent, in the place of an earlier registration of the same one.
    pub(crate) fn remember(&self, agent: RegisteredAgent) {
        let agent = Arc::new(agent);
        let mut agents = self.lock();
        match agents.iter_mut().find(|known| known.id == agent.id) {
            Some(known) => *known = agent,
            None => agents.push(agent),
        }
    }

    /// The agent that is called so, the one in this environment if several are.
    pub(crate) fn find(&self, name: &str, environment: &str) -> Option<Arc<RegisteredAgent>> {
        let agents = self.lock();
        let mut matching = agents.iter().filter(|agent| agent.agent_id == name || agent.id == name);
        let first = matching.clone().next()?;
        Some(matching.find(|agent| agent.environment == environment).unwrap_or(first).clone())
    }

    /// The agent that is meant when none is named: the one that was registered first.
    pub(crate) fn first(&self) -> Option<RegisteredAgent> {
        self.lock().first().map(|agent| (**agent).clone())
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<RegisteredAgent> {
        self.lock().iter().map(|agent| (**agent).clone()).collect()
    }

    /// The server's ids of those that were registered first, and of guests where there is room.
    pub(crate) fn ids(&self, most: usize) -> Vec<String> {
        let mut ids: Vec<String> =
            self.lock().iter().take(most).map(|agent| agent.id.clone()).collect();
        for guest in &*self.lock_guests() {
            if ids.len() < most && !ids.contains(&guest.id) {
                ids.push(guest.id.clone());
            }
        }
        ids
    }

    /// Learns which agent the server means by a name that was not registered here. Says whether that is news.
    pub(crate) fn welcome(&self, name: &str, environment: &str, id: &str) -> bool {
        let mut guests = self.lock_guests();
        if let Some(guest) = guests.iter_mut().find(|guest| guest.is(name, environment)) {
            let is_news = guest.id != id;
            id.clone_into(&mut guest.id);
            guest.confirmed = Instant::now();
            return is_news;
        }
        let has_room = guests.len() < AGENTS;
        if has_room {
            let [name, environment, id] = [name, environment, id].map(str::to_owned);
            guests.push(Guest { name, environment, id, confirmed: Instant::now() });
        }
        has_room
    }

    /// Whom the server means by a name that was not registered here.
    pub(crate) fn guest(&self, name: &str, environment: &str) -> Option<Guest> {
        self.lock_guests().iter().find(|guest| guest.is(name, environment)).cloned()
    }

    fn lock_guests(&self) -> MutexGuard<'_, Vec<Guest>> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of them, unless somebody is writing at this moment.
    pub(crate) fn try_all(&self) -> Option<Vec<RegisteredAgent>> {
        let agents = self.agents.try_lock().ok()?;
        Some(agents.iter().map(|agent| (**agent).clone()).collect())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<RegisteredAgent>>> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
    /// Whether the server need not be asked again whom the name means: it may have come to mean somebody else.
    pub(crate) fn is_fresh(&self) -> bool {
        self.confirmed.elapsed() < NAME_TTL
    }

    fn is(&self, name: &str, environment: &str) -> bool {
        self.name == name && self.environment == environment
    }
}

impl Client {
    /// Registers an agent, or finds the one that is registered already: calling it again at every start is what it is for.
    ///
    /// Where the server refuses a second registration, the agent is searched for. It is not searched for with a key that was refused,
    /// nor when the request itself was wrong, nor by a client that asks too often already.
    pub async fn register_agent(&self, agent: &RegisterAgent) -> Result<RegisteredAgent, Error> {
        self.ensure_open()?;
        let body = to_body(agent)?;
        let answer: Result<Value, Error> = self.http().fetch(Call::post(paths::AGENTS, body)).await;
        let found = match answer {
            Ok(answer) => pick_registered(answer, &agent.agent_id)?,
            Err(error) if may_exist(&error) => match self.search_agent(agent).await {
                Some(found) => found,
                None => return Err(error),
            },
            Err(error) => return Err(error),
        };
        self.registry().remember(found.clone());
        self.states().saw_agent(&found);
        self.local().refresh_soon();
        Ok(found)
    }

    /// The agent that was registered first; traces that name no agent belong to it.
    pub fn default_agent(&self) -> Option<RegisteredAgent> {
        self.registry().first()
    }

    /// Looks for exactly one agent that can only be the wanted one.
    async fn search_agent(&self, wanted: &RegisterAgent) -> Option<RegisteredAgent> {
        for text in [&wanted.agent_id, &wanted.name] {
            let call = Call::get(format!("{}?search={}", paths::AGENTS, encode(text)));
            let Ok(Value::Array(found)) = self.http().fetch::<Value>(call).await else { continue };
            let named: Vec<RegisteredAgent> = found
                .into_iter()
                .filter_map(|agent| serde_json::from_value(agent).ok())
                .filter(|agent: &RegisteredAgent| agent.agent_id == wanted.agent_id)
                .collect();
            let here: Vec<_> =
                named.iter().filter(|agent| agent.environment == wanted.environment).collect();
            match (here.as_slice(), named.as_slice()) {
                ([only], _) => return Some((*only).clone()),
                ([], [only]) => return Some(only.clone()),
                _ => {}
            }
        }
        None
    }
}

/// Whether a failed registration may mean that the agent is there.
fn may_exist(error: &Error) -> bool {
    match error {
        Error::PlanLimit { .. } => true,
        Error::Refused(refusal) => matches!(refusal.status, 408 | 409) || refusal.status >= 500,
        _ => false,
    }
}

/// Reads the registered agent out of an answer: the object, or a list that holds it.
fn pick_registered(answer: Value, agent_id: &str) -> Result<RegisteredAgent, Error> {
    let candidates = match answer {
        Value::Array(list) => list,
        other => vec![other],
    };
    candidates
        .into_iter()
        .filter_map(|value| serde_json::from_value(value).ok())
        .find(|agent: &RegisteredAgent| agent.agent_id == agent_id)
        .ok_or_else(|| Error::Network(format!("the answer did not include agentId '{agent_id}'")))
}

/// Serializes a request body.
pub(crate) fn to_body<T: Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value)
        .map_err(|error| Error::Network(format!("the request cannot be written as JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(id: &str, agent_id: &str, environment: &str) -> RegisteredAgent {
        RegisteredAgent {
            id: id.to_owned(),
            agent_id: agent_id.to_owned(),
            name: String::new(),
            environment: environment.to_owned(),
            status: active(),
            status_reason: None,
            epoch: None,
        }
    }

    #[test]
    fn the_same_environment_is_preferred_and_the_first_is_the_default() {
        let registry = Registry::default();
        registry.remember(agent("1", "bot", "staging"));
        registry.remember(agent("2", "bot", "production"));
        registry.remember(agent("1", "bot", "staging"));
        let id = |name, environment| registry.find(name, environment).map(|agent| agent.id.clone());
        assert_eq!(id("bot", "production").as_deref(), Some("2"));
        assert_eq!(id("bot", "development").as_deref(), Some("1"));
        assert_eq!(id("2", "staging").as_deref(), Some("2"));
        assert_eq!(id("other", "staging"), None);
        assert_eq!(registry.first().map(|agent| agent.id).as_deref(), Some("1"));
        assert_eq!(registry.all().len(), 2);
    }

    #[test]
    fn a_guest_is_held_after_the_registered_and_is_none_of_them() {
        let registry = Registry::default();
        assert!(registry.welcome("guest", "production", "7"));
        assert!(!registry.welcome("guest", "production", "7"));
        assert!(registry.welcome("guest", "production", "8"));
        registry.remember(agent("1", "bot", "production"));
        registry.remember(agent("8", "guest", "staging"));
        let guest = registry.guest("guest", "production").expect("a guest");
        assert!(guest.id == "8" && guest.is_fresh());
        let confirmed = Instant::now().checked_sub(NAME_TTL).expect("a clock that runs");
        assert!(!Guest { confirmed, ..guest }.is_fresh());
        assert!(registry.guest("guest", "staging").is_none());
        assert_eq!(registry.ids(9), ["1", "8"]);
        assert_eq!(registry.ids(1), ["1"]);
        assert_eq!(registry.first().map(|agent| agent.id).as_deref(), Some("1"));
        for number in 0..2 * AGENTS {
            registry.welcome(&number.to_string(), "production", "9");
        }
        assert_eq!(registry.lock_guests().len(), AGENTS);
    }

    #[test]
    fn an_answer_about_somebody_else_is_refused() {
        let answer = serde_json::json!({"id": "1", "agentId": "other"});
        let error = pick_registered(answer, "bot").expect_err("another agent");
        assert!(error.to_string().contains("did not include agentId 'bot'"));
    }
}
