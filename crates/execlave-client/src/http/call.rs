//! One request, before it is sent.

use std::time::Duration;

use reqwest::Method;
use uuid::Uuid;

/// What a path is relative to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    /// The server's versioned prefix.
    Version,
    /// The server.
    Server,
    /// Nothing: it is a whole URL.
    World,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(super) method: Method,
    /// Path and query.
    pub(super) path: String,
    pub(super) place: Place,
    pub(super) body: Option<Vec<u8>>,
    pub(super) timeout: Option<Duration>,
    pub(super) if_none_match: Option<String>,
    pub(super) compress: bool,
    /// The batch that is delivered, and whether it may have arrived before.
    pub(super) delivery: Option<(Uuid, bool)>,
}

impl Call {
    /// Asks for something under the versioned prefix.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            place: Place::Version,
            body: None,
            timeout: None,
            if_none_match: None,
            compress: false,
            delivery: None,
        }
    }

    /// Sends a JSON body there.
    pub(crate) fn post(path: impl Into<String>, body: Vec<u8>) -> Self {
        Self { method: Method::POST, body: Some(body), ..Self::get(path) }
    }

    /// Changes what is there.
    pub(crate) fn patch(path: impl Into<String>, body: Vec<u8>) -> Self {
        Self { method: Method::PATCH, ..Self::post(path, body) }
    }

    /// Asks outside the versioned prefix.
    pub(crate) fn unversioned(mut self) -> Self {
        self.place = Place::Server;
        self
    }

    /// Asks another server; the path is a whole URL.
    pub(crate) fn elsewhere(mut self) -> Self {
        self.place = Place::World;
        self
    }

    /// Asks only for something else than what has this `ETag`.
    pub(crate) fn unless(mut self, tag: &str) -> Self {
        self.if_none_match = Some(tag.to_owned());
        self
    }

    /// Compresses a large body.
    pub(crate) fn compressed(mut self) -> Self {
        self.compress = true;
        self
    }

    /// Names the batch in the body, so that the server stores it once.
    pub(crate) fn delivery(mut self, id: Uuid, may_have_arrived: bool) -> Self {
        self.delivery = Some((id, may_have_arrived));
        self
    }

    /// Waits this long instead of the configured time.
    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}
