//! Any other request: what the API offers and the SDK has no call for, such as the lists an operator reads.
//!
//! The same door as everything else: key, signature, deadline, errors.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::error::Error;
use crate::http::Call;

impl Client {
    /// Reads `path` (with its query, relative to the versioned prefix). The answer is read as it is, with `data` and `meta`.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.http().fetch_whole(Call::get(path)).await
    }

    /// Hands on what is at `path` as it comes, until `sink` says `false`: for answers of any size. Nothing is asked twice.
    pub async fn download(
        &self,
        path: &str,
        sink: impl FnMut(&[u8]) -> bool + Send,
    ) -> Result<(), Error> {
        const LONGEST: Duration = Duration::from_hours(24);
        self.http().stream(Call::get(path).timeout(LONGEST), sink).await
    }

    /// Sends `body` to `path` and reads the answer as it is.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        self.http().fetch_whole(Call::post(path, to_json(body))).await
    }

    /// Changes what is at `path` and reads the answer as it is.
    pub async fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        self.http().fetch_whole(Call::patch(path, to_json(body))).await
    }
}

fn to_json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("a request type is JSON")
}
