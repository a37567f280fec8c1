//! Credentials: short-lived proofs of which agent it is, asked for when they are needed and kept until shortly before they end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use execlave_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::agents::Registry;
use crate::client::Client;
use crate::clock;
use crate::error::Error;
use crate::http::{Call, Http, encode};

/// A credential that ends sooner than this is not handed out any more.
const MARGIN: Duration = Duration::from_mins(1);

/// What the server issued. It says more than this on the wire; everything is handed on.
#[derive(Clone, Serialize, Deserialize)]
pub struct AgentCredential {
    /// `exe_agt_…`, to be shown to whoever asks which agent it is.
    pub credential: String,
    /// When it ends; RFC 3339.
    #[serde(rename = "expiresAt")]
    pub expires_at: String,
    /// `kid`, `jti`, and what newer servers add.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Without the credential.
impl std::fmt::Debug for AgentCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgentCredential")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// The credentials of one client's agents.
#[derive(Debug)]
pub(crate) struct Credentials {
    http: Arc<Http>,
    registry: Arc<Registry>,
    kept: Mutex<HashMap<String, (Instant, AgentCredential)>>,
}

impl Credentials {
    pub(crate) fn new(http: Arc<Http>, registry: Arc<Registry>) -> Self {
        Self { http, registry, kept: Mutex::default() }
    }

    /// The credential of an agent, from memory while it is good.
    pub(crate) async fn of(
        &self,
        agent: &str,
        environment: &str,
    ) -> Result<AgentCredential, Error> {
        let known = self.registry.find(agent, environment);
        let key = known.map_or_else(|| agent.to_owned(), |known| known.id.clone());
        let now = Instant::now();
        let kept = |kept: &HashMap<String, (Instant, AgentCredential)>| {
            kept.get(&key).filter(|(end, _)| *end > now).map(|(_, credential)| credential.clone())
        };
        if let Some(credential) = kept(&self.lock()) {
            return Ok(credential);
        }
        let call = Call::post(format!("/agents/{}/credential", encode(&key)), Vec::new());
        let (credential, date) = self.http.fetch_dated::<AgentCredential>(call).await?;
        // Counted from the server's clock: this machine's may be wrong by more than the margin.
        if let Ok(end) = credential.expires_at.parse::<Timestamp>() {
            let left = end.millis_since(date.unwrap_or_else(clock::now));
            let left = Duration::from_millis(u64::try_from(left).unwrap_or_default());
            let mut kept = self.lock();
            kept.retain(|_, (end, _)| *end > now);
            kept.insert(key, (now + left.saturating_sub(MARGIN), credential.clone()));
        }
        Ok(credential)
    }

    /// The agents they are for.
    pub(crate) fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry)
    }

    /// Forgets all of them: the server did not like one.
    pub(crate) fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Instant, AgentCredential)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    /// A credential that proves which agent it is, for whoever the agent speaks to. Kept until a minute before it ends.
    pub async fn get_agent_credential(&self, agent_id: &str) -> Result<AgentCredential, Error> {
        self.ensure_open()?;
        self.credentials().of(agent_id, &self.config().environment).await
    }
}
