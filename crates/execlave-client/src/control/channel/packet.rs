//! The packets of Socket.IO 5 (in Engine.IO 4) that a listener meets, as text: a digit of Engine.IO, for messages a digit of Socket.IO
//! and the namespace, then JSON.

use serde_json::Value;

pub(super) const NAMESPACE: &str = "/sdk";

/// What the server said.
#[derive(Debug, PartialEq)]
pub(super) enum Packet {
    /// The connection stands: how often the server pings, as JSON.
    Open(String),
    /// The server wants to know whether anybody is there.
    Ping,
    /// The namespace is joined.
    Joined,
    /// The namespace may not be joined, and why.
    Refused(String),
    /// An event and its first argument.
    Event(String, Value),
    /// The connection or the namespace was closed.
    Closed,
    /// Nothing for a listener.
    Other,
}

impl Packet {
    /// The answer to a ping.
    pub(super) const PONG: &str = "3";

    /// Reads one text message.
    pub(super) fn read(text: &str) -> Self {
        if let Some(content) = text.strip_prefix('0') {
            return Self::Open(content.to_owned());
        }
        match text {
            "1" => return Self::Closed,
            "2" => return Self::Ping,
            _ => {}
        }
        let Some(message) = text.strip_prefix('4') else { return Self::Other };
        let Some((kind, content)) = message.split_at_checked(1) else { return Self::Other };
        let Some(content) = content.strip_prefix(NAMESPACE) else { return Self::Other };
        let content = match content.strip_prefix(',') {
            Some(content) => content,
            None if content.is_empty() => content,
            None => return Self::Other,
        };
        match kind {
            "0" => Self::Joined,
            "1" => Self::Closed,
            "2" => event(content).unwrap_or(Self::Other),
            "4" => Self::Refused(reason(content)),
            _ => Self::Other,
        }
    }
}

/// Asks to join the namespace.
pub(super) fn join(hello: &Value) -> String {
    format!("40{NAMESPACE},{hello}")
}

/// `["name", content]`, after the number of an acknowledgement that nobody will send.
fn event(content: &str) -> Option<Packet> {
    let content = content.trim_start_matches(|character: char| character.is_ascii_digit());
    let mut parts: Vec<Value> = serde_json::from_str(content).ok()?;
    if parts.is_empty() {
        return None;
    }
    let content = if parts.len() > 1 { parts.swap_remove(1) } else { Value::Null };
    match parts.swap_remove(0) {
        Value::String(name) => Some(Packet::Event(name, content)),
        _ => None,
    }
}

fn reason(content: &str) -> String {
    let message = serde_json::from_str::<Value>(content).ok();
    let text = message.as_ref().and_then(|message| message.get("message")).and_then(Value::as_str);
    text.unwrap_or("the server gave no reason").chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn packets_are_told_apart() {
        let event = |name: &str, content| Packet::Event(name.to_owned(), content);
        for (text, packet) in [
            ("0{\"sid\":\"x\"}", Packet::Open("{\"sid\":\"x\"}".to_owned())),
            ("2", Packet::Ping),
            ("1", Packet::Closed),
            ("40/sdk,{\"sid\":\"y\"}", Packet::Joined),
            ("41/sdk,", Packet::Closed),
            ("44/sdk,{\"message\":\"no\"}", Packet::Refused("no".to_owned())),
            ("44/sdk,", Packet::Refused("the server gave no reason".to_owned())),
            ("42/sdk,[\"a\",{\"b\":1}]", event("a", json!({"b": 1}))),
            ("42/sdk,17[\"a\"]", event("a", Value::Null)),
            ("42/other,[\"a\"]", Packet::Other),
            ("42/sdkx,[\"a\"]", Packet::Other),
            ("42[\"a\"]", Packet::Other),
            ("42/sdk,[]", Packet::Other),
            ("42/sdk,[1]", Packet::Other),
            ("42/sdk,{", Packet::Other),
            ("4", Packet::Other),
            ("4é", Packet::Other),
            ("", Packet::Other),
            ("6", Packet::Other),
        ] {
            assert_eq!(Packet::read(text), packet, "{text}");
        }
    }
}
