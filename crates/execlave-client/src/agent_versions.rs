//! Versions of agents: telling the server which build of an agent it is.

use execlave_api::agent_versions::CreateAgentVersion;
use serde_json::Value;

use crate::agents::to_body;
use crate::client::Client;
use crate::error::Error;
use crate::http::{Call, encode};

impl Client {
    /// Records an agent's registration as its next version. The answer is the server's, as it is, with the record in `data`.
    pub async fn report_agent_metadata(
        &self,
        agent_id: &str,
        version: &CreateAgentVersion,
    ) -> Result<Value, Error> {
        self.ensure_open()?;
        let path = format!("/agents/{}/versions", encode(&self.key_of(agent_id, None)));
        self.http().fetch_whole(Call::post(path, to_body(version)?)).await
    }
}
