//! An answer, and what it means to whoever asked.

use std::fmt::Write as _;
use std::time::Duration;

use execlave_core::time::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::error::{Error, Refusal};

/// How much of a refused request's body is kept for the error.
pub(super) const REFUSAL_BODY_LIMIT: usize = 64 << 10;

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(super) request_id: Option<String>,
    pub(super) location: Option<String>,
    /// The `ETag`.
    pub(crate) tag: Option<String>,
    /// The agent it is about, as the server knows it.
    pub(crate) agent_id: Option<Uuid>,
    /// What the server's clock says, to the second.
    pub(crate) date: Option<Timestamp>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON, if it is.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    pub(super) fn unreadable(&self) -> Error {
        Error::Network(format!(
            "the answer ({}) is not what an Execlave server sends; check the base URL",
            self.status
        ))
    }

    /// What a status that is no success means to the caller.
    pub(crate) fn to_error(&self) -> Error {
        let refusal = Box::new(self.refusal());
        match refusal.status {
            401 | 403 => Error::Auth(refusal),
            402 => limit(self.json().as_ref(), refusal),
            _ => Error::Refused(refusal),
        }
    }

    /// The envelope's code and sentence, or the best that can be said without one.
    pub(crate) fn refusal(&self) -> Refusal {
        let json = self.json();
        // Other servers have been seen to send a bare string where the object belongs.
        let error = json.as_ref().and_then(|body| body.get("error"));
        let text = |name: &str| {
            error.and_then(|error| error.get(name)).and_then(Value::as_str).map(str::to_owned)
        };
        let mut message = text("message")
            .or_else(|| error.and_then(Value::as_str).map(str::to_owned))
            .unwrap_or_else(|| match &self.location {
                Some(to) => {
                    format!("the server redirects to `{to}`; set the base URL to that place")
                }
                None => "the server gave no reason".to_owned(),
            });
        let fields = error.and_then(|error| error.get("fields")).and_then(Value::as_array);
        for field in fields.into_iter().flatten().take(10) {
            let part = |name: &str| field.get(name).and_then(Value::as_str).unwrap_or_default();
            if !message.contains(part("message")) || !message.contains(part("path")) {
                // Infallible: writing to a string.
                let _ = write!(message, "; `{}`: {}", part("path"), part("message"));
            }
        }
        let kept = self.body.get(..REFUSAL_BODY_LIMIT).unwrap_or(&self.body);
        Refusal {
            status: self.status,
            code: text("code"),
            message,
            request_id: text("requestId").or_else(|| self.request_id.clone()),
            retry_after: self.retry_after,
            body: String::from_utf8_lossy(kept).into_owned(),
        }
    }
}

/// Reads the body of a 402.
fn limit(body: Option<&Value>, refusal: Box<Refusal>) -> Error {
    let field = |name: &str| body.and_then(|body| body.get("error")?.get(name));
    let number = |name: &str| field(name).and_then(Value::as_i64).unwrap_or(0);
    Error::PlanLimit {
        resource: field("resource").and_then(Value::as_str).unwrap_or("unknown").to_owned(),
        current: number("current"),
        max: number("max"),
        refusal,
    }
}

/// Seconds, or the date until which to wait.
pub(super) fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let millis = date(text)?.as_millis() - now.as_millis();
    Some(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
}

/// The date in the one form that HTTP writes (RFC 9110, 5.6.7), which is also one of RFC 2822.
pub(super) fn date(text: &str) -> Option<Timestamp> {
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(Timestamp::from_millis(date.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_clock_is_read() {
        let noon = date("Tue, 24 Nov 2026 12:00:00 GMT").map(|date| date.to_string());
        assert_eq!(noon.as_deref(), Some("2026-11-24T12:00:00.000Z"));
        assert_eq!(date("noon"), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = date("Wed, 21 Oct 2026 07:28:00 GMT").expect("a date");
        assert_eq!(retry_after(" 7 ", now), Some(Duration::from_secs(7)));
        let later = retry_after("Wed, 21 Oct 2026 07:28:09 GMT", now);
        assert_eq!(later, Some(Duration::from_secs(9)));
        assert_eq!(retry_after("Wed, 21 Oct 2026 07:27:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("-1", now), None);
    }
}
