//! Agents that call each other: whether they may, and whom there is to call.

use execlave_api::paths;
use serde_json::{Value, json};

use crate::agents::to_body;
use crate::client::Client;
use crate::error::Error;
use crate::http::{Call, encode};

impl Client {
    /// Asks whether one agent may call another, such as for `query`. The answer is the server's, as it is; a refusal is
    /// [`Error::Auth`]. Nothing is kept: a grant that was revoked is void at once.
    pub async fn authorize_agent_call(
        &self,
        caller: &str,
        target: &str,
        action: &str,
    ) -> Result<Value, Error> {
        self.ensure_open()?;
        let body = json!({ "callerAgentId": caller, "calleeAgentId": target, "action": action });
        self.http().fetch_whole(Call::post(paths::AUTHORIZE, to_body(&body)?)).await
    }

    /// Active agents, with this capability if one is named.
    pub async fn discover_agents(&self, capability: Option<&str>) -> Result<Vec<Value>, Error> {
        self.ensure_open()?;
        let query = capability.map(|capability| format!("?capability={}", encode(capability)));
        let path = format!("{}{}", paths::DISCOVER, query.unwrap_or_default());
        self.http().fetch(Call::get(path)).await
    }
}
