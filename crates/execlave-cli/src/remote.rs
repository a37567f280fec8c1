//! The running server that a command talks to, through the SDK's own HTTP door.

use clap::Args;
use execlave_api::page::{Data, List};
use execlave_client::{ApiKey, Client, Config, Error, ErrorKind};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// The largest page a list gives.
const PAGE: u32 = 200;

/// Which server, and as whom.
#[derive(Args, Debug)]
pub(crate) struct Remote {
    /// The server's address
    #[arg(
        long,
        value_name = "URL",
        env = "EXECLAVE_BASE_URL",
        default_value = "http://127.0.0.1:4000",
        hide_env_values = true
    )]
    base_url: String,
    /// The API key; better in the variable, where other users of this machine do not see it
    #[arg(long, value_name = "KEY", env = "EXECLAVE_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
}

/// A server that has not been asked anything yet.
#[derive(Debug)]
pub(crate) struct Connection {
    client: Client,
    base_url: String,
}

impl Remote {
    /// A client of this server, with nothing in the background.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let key = self.api_key.as_ref().ok_or_else(|| {
            Failure::usage("no API key is given")
                .hint("set EXECLAVE_API_KEY; `execlave keys create` makes one")
        })?;
        let mut config = Config::new(ApiKey::new(key).map_err(Failure::usage)?);
        config.base_url = self.base_url.parse().map_err(Failure::usage)?;
        config.user_agent = String::from(concat!("execlave-cli/", env!("CARGO_PKG_VERSION")));
        // Nothing runs in the background of a command.
        config.flush_interval = None;
        config.poll_interval = None;
        config.local_decisions = false;
        Ok(config)
    }

    /// Checks the settings; nothing is sent.
    pub(crate) fn connect(self) -> Result<Connection, Failure> {
        let config = self.config()?;
        let base_url = config.base_url.to_string();
        let client = Client::new(config).map_err(Failure::usage)?;
        Ok(Connection { client, base_url })
    }
}

impl Connection {
    /// One thing.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.read::<Data<T>>(path).await.map(|answer| answer.data)
    }

    /// A whole list, page after page. Absent filters are left out.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        filter: &[(&str, Option<String>)],
    ) -> Result<Vec<T>, Failure> {
        let given = filter
            .iter()
            .filter_map(|(name, value)| Some(format!("&{name}={}", segment(value.as_ref()?))));
        let first = format!("{path}?limit={PAGE}{}", given.collect::<String>());
        let mut page: List<T> = self.read(&first).await?;
        let mut items = page.data;
        while let Some(cursor) = page.meta.next_cursor {
            page = self.read(&format!("{first}&cursor={}", segment(&cursor))).await?;
            items.append(&mut page.data);
        }
        Ok(items)
    }

    /// Does something to one thing and answers what it has become.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let answer = self.client.post::<Data<T>>(path, body).await;
        answer.map(|answer| answer.data).map_err(|error| self.failure(&error))
    }

    /// Changes one thing and answers what it has become.
    pub(crate) async fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let answer = self.client.patch::<Data<T>>(path, body).await;
        answer.map(|answer| answer.data).map_err(|error| self.failure(&error))
    }

    /// Hands on an answer of any size as it comes, until `sink` says `false`.
    pub(crate) async fn download(
        &self,
        path: &str,
        sink: impl FnMut(&[u8]) -> bool + Send,
    ) -> Result<(), Failure> {
        self.client.download(path, sink).await.map_err(|error| self.failure(&error))
    }

    async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.client.get(path).await.map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &Error) -> Failure {
        let base_url = &self.base_url;
        match (error.kind(), error.code()) {
            (ErrorKind::Usage, _) => Failure::usage(error),
            (ErrorKind::Outage, _) => Failure::unreachable(format!("no answer from `{base_url}`: {error}"))
                .hint("is `execlave serve` running there? --base-url or EXECLAVE_BASE_URL names the server"),
            (_, Some("SELF_APPROVAL")) => {
                Failure::refused(error).hint("another person decides: use a key that did not make the request")
            }
            (ErrorKind::Auth, _) => Failure::refused(error)
                .hint("is EXECLAVE_API_KEY the right key, with the scope for this? see `execlave keys list`"),
            _ => Failure::refused(error),
        }
    }
}

/// Percent-encodes a path segment or a query value, so that an id with a slash stays one segment.
pub(crate) fn segment(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_one_segment() {
        assert_eq!(segment("a/b c?é"), "a%2Fb%20c%3F%C3%A9");
    }
}
