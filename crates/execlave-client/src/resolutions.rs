//! What became of a trace whose effect was not certain when it ended.

use execlave_api::resolutions::AddResolution;
use serde_json::{Map, Value};

use crate::agents::to_body;
use crate::client::Client;
use crate::error::Error;
use crate::http::{Call, encode};

impl Client {
    /// Adds an entry to the ledger of a trace. The trace itself stays as it was reported.
    pub async fn resolve_trace(
        &self,
        trace_id: &str,
        resolution: &AddResolution,
    ) -> Result<Map<String, Value>, Error> {
        self.ensure_open()?;
        let path = format!("/traces/{}/resolutions", encode(trace_id));
        self.http().fetch(Call::post(path, to_body(resolution)?)).await
    }
}
