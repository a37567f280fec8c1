//! The tools that an agent is known to use.

use execlave_api::tool_baselines::ReportBaseline;
use execlave_core::digest;
use serde_json::{Map, Value};

use crate::agents::to_body;
use crate::client::Client;
use crate::error::Error;
use crate::http::{Call, encode};

/// The fingerprint of a tool's descriptor: SHA-256 of its RFC 8785 form, so that the order of keys, the spelling of characters and `1.0`
/// for `1` make no difference, in whatever language it was computed.
pub fn descriptor_hash(descriptor: &Value) -> String {
    let [canonical, _] = digest::descriptor_hashes(descriptor);
    canonical
}

impl Client {
    /// Pins the tools of an agent, as the next decisions expect them.
    pub async fn report_tool_baseline(
        &self,
        agent_id: &str,
        baseline: &ReportBaseline,
    ) -> Result<Map<String, Value>, Error> {
        self.ensure_open()?;
        let key = self.key_of(agent_id, None);
        let path = format!("/tool-integrity/agents/{}/baseline", encode(&key));
        self.http().fetch(Call::post(path, to_body(baseline)?)).await
    }
}
