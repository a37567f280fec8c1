//! A Socket.IO client that shows every packet, with a WebSocket library and nothing of ours between.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async, connect_async};

/// Longer than anything takes that happens at all.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Listener(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Listener {
    /// Presents `hello` and gives back the server's answer to it.
    pub(crate) async fn connect(addr: SocketAddr, hello: Value) -> (Self, String) {
        let url = format!("ws://{addr}/socket.io/?EIO=4&transport=websocket");
        let (socket, _) = connect_async(url).await.expect("a WebSocket");
        let mut listener = Self(socket);
        let opened = listener.packet().await.expect("it is open");
        assert!(opened.starts_with("0{"), "{opened}");
        let hello = format!("40/sdk,{hello}");
        listener.0.send(Message::Text(hello.into())).await.expect("it is sent");
        let answer = listener.packet().await.unwrap_or_default();
        (listener, answer)
    }

    /// A connection that takes in as little as a socket can, for as long as it is kept.
    pub(crate) async fn connect_and_never_read(addr: SocketAddr, hello: Value) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(2_048).expect("a small buffer");
        let socket = socket.connect(addr).await.expect("a connection");
        let url = format!("ws://{addr}/socket.io/?EIO=4&transport=websocket");
        let (socket, _) =
            client_async(url, MaybeTlsStream::Plain(socket)).await.expect("a WebSocket");
        let mut listener = Self(socket);
        listener.packet().await.expect("it is open");
        let hello = format!("40/sdk,{hello}");
        listener.0.send(Message::Text(hello.into())).await.expect("it is sent");
        let answer = listener.packet().await.expect("an answer");
        assert!(answer.starts_with("40/sdk,"), "{answer}");
        listener
    }

    /// The next packet that is no ping; `None` once the connection is closed.
    pub(crate) async fn packet(&mut self) -> Option<String> {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("the server says something") {
                Some(Ok(Message::Text(text))) if text.as_str() == "2" => {
                    self.0.send(Message::Text("3".into())).await.ok()?;
                }
                Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The content of the next event of that name.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        loop {
            let packet = self.packet().await.expect("the connection stands");
            let Some(content) = packet.strip_prefix("42/sdk,") else { continue };
            let content: Value = serde_json::from_str(content).expect("JSON");
            if content[0] == name {
                return content[1].clone();
            }
        }
    }

    /// Reads until the server closes the connection.
    pub(crate) async fn until_closed(mut self) {
        while let Some(packet) = self.packet().await {
            if packet == "41/sdk," {
                return;
            }
        }
    }
}
