//! The one door to the server: address, key, signature, deadline, and how an answer is read.
//!
//! Redirects are not followed: a question that changes its method or its host on the way is no longer the question that was asked,
//! and the key must not travel to a place nobody configured.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::Deref;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use execlave_api::enforce::AGENT_HEADER;
use execlave_core::time::Timestamp;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, DATE, ETAG, HeaderValue, IF_NONE_MATCH,
    RETRY_AFTER,
};
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use crate::clock;
use crate::compute::{WorkThread, compute};
use crate::config::{ApiKey, BaseUrl, Config, InvalidSetting};
use crate::error::Error;

mod call;
mod question;
mod quota;
mod reply;
mod signature;
mod websocket;

pub(crate) use self::call::Call;
use self::call::Place;
pub(crate) use self::question::refuse_oversized;
use self::quota::Quota;
pub(crate) use self::reply::Reply;
use self::reply::{REFUSAL_BODY_LIMIT, date, retry_after};
pub(crate) use self::signature::Signature;

/// Larger answers are cut off: nothing the SDK asks for comes near.
const ANSWER_LIMIT: usize = 32 << 20;
/// Questions that are asked at the same time; more wait for their turn.
const QUESTIONS: usize = 256;
/// Smaller bodies are sent as they are: compressing them saves no packet.
const COMPRESSED_FROM: usize = 16 << 10;

/// A connection pool that knows where the server is and what to say to it.
#[derive(Debug)]
pub(crate) struct Http {
    client: reqwest::Client,
    base_url: String,
    prefix: String,
    key: ApiKey,
    sign: bool,
    timeout: Duration,
    /// Until the server refuses it.
    compresses: AtomicBool,
    /// Where large bodies are compressed.
    work_thread: Option<WorkThread>,
    /// Questions that may be under way at the same time.
    turns: Semaphore,
    quota: Quota,
}

impl Http {
    /// A pool with these settings; no connection is made yet.
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // An application that installed a provider of its own keeps it.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        #[expect(clippy::disallowed_methods, reason = "this is the place where it is built")]
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(&config.user_agent)
            .connect_timeout(config.timeout.min(Duration::from_secs(10)))
            .pool_idle_timeout(Duration::from_mins(1))
            .tcp_nodelay(true);
        let collector = config.otlp_endpoint.as_ref();
        if !config.base_url.is_https() && !collector.is_some_and(BaseUrl::is_https) {
            // Without TLS no certificates are needed, and a machine that has none can still be served.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| {
            InvalidSetting(format!(
                "connections cannot be set up ({}); for https the system needs CA certificates, or SSL_CERT_FILE must name some",
                causes(&error)
            ))
        })?;
        let prefix = match config.api_version.as_deref() {
            None | Some("") => "/api".to_owned(),
            Some(version) => format!("/api/{version}"),
        };
        Ok(Self {
            client,
            base_url: config.base_url.as_str().to_owned(),
            prefix,
            key: config.api_key.clone(),
            sign: config.sign_requests,
            timeout: config.timeout,
            compresses: AtomicBool::new(true),
            work_thread: config.work_threads.deliveries.clone(),
            turns: Semaphore::new(QUESTIONS),
            quota: Quota::default(),
        })
    }

    /// Sends one request once, and reads the whole answer within the deadline. A server that does not read compressed bodies gets them as
    /// they are from then on, this one included.
    pub(crate) async fn send(&self, call: Call) -> Result<Reply, Error> {
        let plain = (call.compress && self.may_compress()).then(|| call.clone());
        let reply = self.exchange(call).await?;
        match plain {
            Some(call) if reply.status == 415 => {
                self.compresses.store(false, Ordering::Relaxed);
                self.exchange(call).await
            }
            _ => Ok(reply),
        }
    }

    /// How long to wait for something that should not take longer than this.
    pub(crate) fn patience(&self, most: Duration) -> Duration {
        self.timeout.min(most)
    }

    /// The trace quota, if the server said a short while ago that it is used up.
    pub(crate) fn exhausted_quota(&self) -> Option<Error> {
        self.quota.exhausted()
    }

    async fn exchange(&self, call: Call) -> Result<Reply, Error> {
        let is_ours = call.place != Place::World;
        let (mut response, mut reply) = self.begin(call).await?;
        loop {
            let chunk = match next(&mut response).await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                // A server that stops reading says why before it closes; a refusal whose text is cut off is a refusal.
                Err(_) if (400..500).contains(&reply.status) => break,
                Err(error) => return Err(error),
            };
            if reply.body.len() + chunk.len() > ANSWER_LIMIT {
                return Err(Error::Network(format!(
                    "the answer is larger than {ANSWER_LIMIT} bytes"
                )));
            }
            reply.body.extend_from_slice(&chunk);
        }
        if reply.status == 402 && is_ours {
            self.quota.learn(reply.to_error());
        }
        Ok(reply)
    }

    /// Sends one request once, and hands on a successful answer as it comes, until `sink` says `false`.
    pub(crate) async fn stream(
        &self,
        call: Call,
        mut sink: impl FnMut(&[u8]) -> bool,
    ) -> Result<(), Error> {
        let (mut response, mut reply) = self.begin(call).await?;
        while let Some(chunk) = next(&mut response).await? {
            if !reply.is_success() {
                let room = REFUSAL_BODY_LIMIT.saturating_sub(reply.body.len());
                reply.body.extend(chunk.iter().take(room));
            } else if !sink(&chunk) {
                break;
            }
        }
        if reply.is_success() { Ok(()) } else { Err(reply.to_error()) }
    }

    /// Sends one request, and reads what the answer says before its body.
    async fn begin(&self, call: Call) -> Result<(reqwest::Response, Reply), Error> {
        let url = match call.place {
            Place::Version => format!("{}{}{}", self.base_url, self.prefix, call.path),
            Place::Server => format!("{}{}", self.base_url, call.path),
            Place::World => call.path,
        };
        let mut request = self
            .client
            .request(call.method.clone(), &url)
            .timeout(call.timeout.unwrap_or(self.timeout))
            .header(AUTHORIZATION, self.bearer()?);
        let mut body = call.body;
        if let Some(plain) = body
            .take_if(|plain| call.compress && plain.len() > COMPRESSED_FROM && self.may_compress())
        {
            let gone = || Error::Network("the client is being shut down".to_owned());
            let packed = compute(self.work_thread.as_ref(), move || gzip(&plain)).await;
            body = Some(packed.ok_or_else(gone)??);
            request = request.header(CONTENT_ENCODING, "gzip");
        }
        if self.sign {
            // What is signed is what goes over the wire.
            request = self.signed(request, &call.method, &url, body.as_deref().unwrap_or_default());
        }
        if let Some(tag) = call.if_none_match {
            request = request.header(IF_NONE_MATCH, tag);
        }
        if let Some((id, may_have_arrived)) = call.delivery {
            request = request.header("x-execlave-delivery-id", id.to_string());
            if may_have_arrived {
                request = request.header("x-execlave-redelivery", "1");
            }
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let response = request.send().await.map_err(|error| Error::Network(describe(&error)))?;
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let reply = Reply {
            status: response.status().as_u16(),
            retry_after: header(RETRY_AFTER.as_str())
                .and_then(|text| retry_after(&text, clock::now())),
            request_id: header("x-request-id"),
            location: header("location"),
            tag: header(ETAG.as_str()),
            agent_id: header(AGENT_HEADER).and_then(|id| id.parse().ok()),
            date: header(DATE.as_str()).and_then(|text| date(&text)),
            body: Vec::new(),
        };
        Ok((response, reply))
    }

    /// Sends one request and reads a successful answer, wrapped in `data` or not.
    pub(crate) async fn fetch<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        let reply = self.send_ok(call).await?;
        let mut value = reply.json().ok_or_else(|| reply.unreadable())?;
        let data = match value.get_mut("data") {
            Some(data) => data.take(),
            None => value,
        };
        serde_json::from_value(data).map_err(|_| reply.unreadable())
    }

    /// The same, with what the server's clock says.
    pub(crate) async fn fetch_dated<T: DeserializeOwned>(
        &self,
        call: Call,
    ) -> Result<(T, Option<Timestamp>), Error> {
        let reply = self.send_ok(call).await?;
        let data = reply.json().and_then(|mut body| Some(body.get_mut("data")?.take()));
        let read = data.and_then(|data| serde_json::from_value(data).ok());
        Ok((read.ok_or_else(|| reply.unreadable())?, reply.date))
    }

    /// Sends one request and reads a successful answer as it is.
    pub(crate) async fn fetch_whole<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        let reply = self.send_ok(call).await?;
        serde_json::from_slice(&reply.body).map_err(|_| reply.unreadable())
    }

    async fn send_ok(&self, call: Call) -> Result<Reply, Error> {
        let reply = self.send(call).await?;
        if reply.is_success() { Ok(reply) } else { Err(reply.to_error()) }
    }

    /// A signature covers the body as the application wrote it, so what is signed is not compressed.
    fn may_compress(&self) -> bool {
        !self.sign && self.compresses.load(Ordering::Relaxed)
    }

    fn bearer(&self) -> Result<HeaderValue, Error> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.key.expose()))
            .map_err(|error| Error::Network(error.to_string()))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Adds a signature of the whole request.
    fn signed(
        &self,
        request: RequestBuilder,
        method: &Method,
        url: &str,
        body: &[u8],
    ) -> RequestBuilder {
        // Read as the connection will read it, which may write some characters in another way.
        let target = reqwest::Url::parse(url).map_or_else(
            |_| url.to_owned(),
            |url| match url.query() {
                Some(query) => format!("{}?{query}", url.path()),
                None => url.path().to_owned(),
            },
        );
        let Signature { timestamp, nonce, hmac } =
            Signature::new(self.key.expose(), method.as_str(), &target, body);
        request
            .header("x-execlave-signature-version", "v2")
            .header("x-execlave-timestamp", timestamp)
            .header("x-execlave-nonce", nonce)
            .header("x-execlave-signature", hmac)
    }

    /// What opens the control channel, where requests are signed.
    pub(crate) fn signed_channel(&self, namespace: &str) -> Option<Signature> {
        self.sign.then(|| Signature::new(self.key.expose(), "CONNECT", namespace, b""))
    }
}

async fn next(
    response: &mut reqwest::Response,
) -> Result<Option<impl Deref<Target = [u8]>>, Error> {
    response.chunk().await.map_err(|error| Error::Network(describe(&error)))
}

fn gzip(body: &[u8]) -> Result<Vec<u8>, Error> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder
        .write_all(body)
        .and_then(|()| encoder.finish())
        .map_err(|error| Error::Network(format!("the request cannot be compressed: {error}")))
}

/// A failed exchange with all its causes in one line, without the address (which may carry a password).
fn describe(error: &reqwest::Error) -> String {
    let what = if error.is_timeout() {
        "the server did not answer in time"
    } else if error.is_connect() {
        "the server cannot be reached"
    } else {
        "the connection broke"
    };
    format!("{what}: {}", causes(error))
}

/// What lies beneath an error, each cause said once.
fn causes(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

/// Percent-encodes one path segment or query value.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Infallible: writing to a string.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_the_unreserved_is_encoded() {
        assert_eq!(encode("a b/c?d=é"), "a%20b%2Fc%3Fd%3D%C3%A9");
        assert_eq!(encode("my-agent_1.0~x"), "my-agent_1.0~x");
    }
}
