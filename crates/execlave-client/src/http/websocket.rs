//! WebSocket connections (RFC 6455) through the same door: the same pool settings, certificates and proxies as every other request.

use reqwest::Upgraded;
use reqwest::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::{Http, describe};
use crate::error::Error;

/// Larger messages end the connection: nothing the server says comes near.
const MESSAGE_LIMIT: usize = 1 << 20;

/// Bytes read at once. The library's own 128 KiB are cleared before every read, which costs more than all that a status says.
const READ_BYTES: usize = 4 << 10;

impl Http {
    /// Opens a connection to a path of the server.
    pub(crate) async fn open_websocket(
        &self,
        path: &str,
    ) -> Result<WebSocketStream<Upgraded>, Error> {
        let key = generate_key();
        let request = self
            .client
            .get(format!("{}{path}", self.base_url))
            .header(CONNECTION, HeaderValue::from_static("Upgrade"))
            .header(UPGRADE, HeaderValue::from_static("websocket"))
            .header(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))
            .header(SEC_WEBSOCKET_KEY, &key);
        let late = |_| Error::Network("the server did not answer in time".to_owned());
        let sent = timeout(self.timeout, request.send()).await.map_err(late)?;
        let response = sent.map_err(|error| Error::Network(describe(&error)))?;
        let accepted = response.headers().get("sec-websocket-accept");
        let is_right = accepted.is_some_and(|accept| *accept == derive_accept_key(key.as_bytes()));
        if response.status().as_u16() != 101 || !is_right {
            let status = response.status().as_u16();
            return Err(Error::Network(format!("the server does not open a WebSocket ({status})")));
        }
        let stream = response.upgrade().await.map_err(|error| Error::Network(describe(&error)))?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_LIMIT))
            .read_buffer_size(READ_BYTES);
        Ok(WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await)
    }

    /// The key, for a connection that presents it in a message.
    pub(crate) fn key(&self) -> &str {
        self.key.expose()
    }
}
