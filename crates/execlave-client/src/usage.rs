//! What the deployment holds, and how much it may hold.

use execlave_api::paths;
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::Error;
use crate::http::Call;

const BUCKETS: [&str; 4] = ["agents", "traces", "users", "policies"];

impl Client {
    /// Whether the server answers at all. Never fails: no answer is an answer here.
    pub async fn ping(&self) -> bool {
        self.http().answers(self.config().timeout).await
    }

    /// Plan, the four counted resources as `{current, max}`, and where to get more. Older servers put the resources next to the plan;
    /// both forms read the same.
    pub async fn check_usage(&self) -> Result<Value, Error> {
        self.ensure_open()?;
        let data: Value = self.http().fetch(Call::get(paths::USAGE)).await?;
        let buckets = data.get("usage").unwrap_or(&data);
        let mut usage = json!({
            "plan": data.get("plan").and_then(Value::as_str).unwrap_or("unknown"),
            "upgradeUrl": data.get("upgradeUrl").and_then(Value::as_str)
                .map_or_else(|| format!("{}/", self.config().base_url), str::to_owned),
        });
        for name in BUCKETS {
            let number = |field: &str| {
                buckets.get(name).and_then(|bucket| bucket.get(field)).and_then(Value::as_i64)
            };
            usage[name] = json!({
                "current": number("current").unwrap_or(0),
                "max": number("max").unwrap_or(0),
            });
        }
        Ok(usage)
    }
}
