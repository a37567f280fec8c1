//! Who an agent is, and whom it may call.

use execlave_client::{Client, Error};
use serde_json::{Map, Value};

/// A credential that proves which agent it is, as the server issued it.
pub(crate) async fn credential(client: Client, agent: String) -> Result<Map<String, Value>, Error> {
    let issued = client.get_agent_credential(&agent).await?;
    let mut fields = issued.more;
    fields.insert("credential".to_owned(), issued.credential.into());
    fields.insert("expiresAt".to_owned(), issued.expires_at.into());
    Ok(fields)
}

/// Whether one agent may call another: the server's answer, as it is.
pub(crate) async fn authorize(
    client: Client,
    [caller, target, action]: [String; 3],
) -> Result<Value, Error> {
    client.authorize_agent_call(&caller, &target, &action).await
}

/// Active agents that can do something.
pub(crate) async fn discover(client: Client, capability: Option<String>) -> Result<Value, Error> {
    client.discover_agents(capability.as_deref()).await.map(Value::from)
}
