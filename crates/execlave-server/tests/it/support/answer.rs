//! What came back.

use std::ops::Index;

use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    /// Fails the test unless the status is this one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// Fails the test unless it is an error of the envelope with this status and code.
    #[track_caller]
    pub(crate) fn expect_error(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer["error"]["code"], code, "{}", answer.text);
        assert!(
            answer["error"]["message"].as_str().is_some_and(|message| !message.is_empty()),
            "{}",
            answer.text
        );
        assert_eq!(
            answer["error"]["requestId"].as_str(),
            answer.header("x-request-id"),
            "{}",
            answer.text
        );
        answer
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The path of the first fault.
    pub(crate) fn fault(&self) -> &str {
        self["error"]["fields"][0]["path"].as_str().unwrap_or("no field")
    }
}

impl Index<&str> for Answer {
    type Output = Value;

    fn index(&self, key: &str) -> &Value {
        &self.body[key]
    }
}
