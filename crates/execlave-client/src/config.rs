//! How a client behaves: every setting, its default and its unit.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use execlave_core::redact::Hash;
use tokio_util::task::TaskTracker;

use crate::compute::WorkThreads;

mod base_url;

pub use self::base_url::{BaseUrl, DEFAULT_BASE_URL};

/// The settings of a [`Client`](crate::Client). Start from [`Config::new`] and change what differs.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub struct Config {
    /// The key that every request carries.
    pub api_key: ApiKey,
    /// Where the server is.
    pub base_url: BaseUrl,
    /// Sent with every registration, question and trace that names no other.
    pub environment: String,
    /// `Some("v1")` asks under `/api/v1`, `None` under the unversioned `/api`.
    pub api_version: Option<String>,
    /// Whether every trace that names an agent carries a credential which proves that it is that agent.
    pub stamp_identity: bool,
    /// Whether every request carries an HMAC signature.
    pub sign_requests: bool,
    /// How long one exchange with the server may take.
    pub timeout: Duration,
    /// What happens to a question that nobody answers.
    pub on_outage: FailMode,
    /// What happens to a question that the plan no longer covers (HTTP 402).
    pub on_plan_limit: FailMode,
    /// What is removed from traces and questions before they leave the process.
    pub privacy: Privacy,
    /// Where traces go instead of the server: an OTLP/HTTP collector, without `/v1/traces`. Decisions are asked from the server all the
    /// same.
    pub otlp_endpoint: Option<BaseUrl>,
    /// Whether the collector stands in for the server; otherwise traces go to both.
    pub otlp_only: bool,
    /// Whether traces are tagged with signs of prompt injection in their input.
    pub scan_injections: bool,
    /// Most traces in one request.
    pub batch_size: usize,
    /// How often the background task hands traces in; `None` leaves it to [`Client::flush`](crate::Client::flush).
    pub flush_interval: Option<Duration>,
    /// A folder in which traces wait for their delivery, so that they outlive the process; several processes may share it.
    pub spool_dir: Option<PathBuf>,
    /// Most bytes that one client keeps there.
    pub spool_bytes: u64,
    /// Whether actions that went ahead without a decision are reported to the server afterwards.
    pub report_bypasses: bool,
    /// How often the status of each registered agent is asked for; `None` turns the control channel off, heartbeat included.
    pub poll_interval: Option<Duration>,
    /// The pause between two looks at an approval, with a server that does not hold the question until somebody has decided.
    pub approval_interval: Duration,
    /// How long an approval is waited for at most.
    pub approval_timeout: Duration,
    /// How often each registered agent is reported alive.
    pub heartbeat_interval: Duration,
    /// Whether actions that need nobody else are decided in this process, from the server's signed bundle of policies.
    pub local_decisions: bool,
    /// Whether the server is asked first all the same, so that a policy counts from the moment it is saved: this process then decides only
    /// what the server does not answer about.
    pub ask_server_first: bool,
    /// Where what takes longer to compute runs.
    pub work_threads: WorkThreads,
    /// The longest between two looks for another bundle. The server holds the question for as long, up to 25 s, and answers as soon as
    /// something changes.
    pub bundle_interval: Duration,
    /// A decision is made here only if the server has confirmed the bundle within this time; otherwise the server is asked first, and the
    /// bundle counts for what it does not answer about. Zero is what [`ask_server_first`](Self::ask_server_first) says.
    pub bundle_ttl: Duration,
    /// How long [`Client::shutdown`](crate::Client::shutdown) tries to deliver what is left.
    pub shutdown_timeout: Duration,
    /// The language of the application, as reports name it.
    pub language: String,
    /// The name under which requests appear in the server's log.
    pub user_agent: String,
    /// Where background tasks are counted, for an application that waits for all of them itself.
    pub tasks: TaskTracker,
}

impl Config {
    /// The defaults, with this key.
    pub fn new(api_key: ApiKey) -> Self {
        Self {
            api_key,
            base_url: BaseUrl::default(),
            environment: "production".to_owned(),
            api_version: Some("v1".to_owned()),
            stamp_identity: false,
            sign_requests: false,
            timeout: Duration::from_secs(30),
            on_outage: FailMode::Open,
            on_plan_limit: FailMode::Open,
            privacy: Privacy::default(),
            otlp_endpoint: None,
            otlp_only: true,
            scan_injections: true,
            batch_size: 100,
            flush_interval: Some(Duration::from_secs(10)),
            spool_dir: None,
            spool_bytes: 256 << 20,
            report_bypasses: true,
            poll_interval: Some(Duration::from_secs(15)),
            approval_interval: Duration::from_secs(5),
            approval_timeout: Duration::from_mins(30),
            heartbeat_interval: Duration::from_mins(10),
            local_decisions: true,
            ask_server_first: false,
            work_threads: WorkThreads::default(),
            bundle_interval: Duration::from_secs(15),
            bundle_ttl: Duration::from_mins(1),
            shutdown_timeout: Duration::from_secs(10),
            language: "rust".to_owned(),
            user_agent: concat!("execlave-rust-sdk/", env!("CARGO_PKG_VERSION")).to_owned(),
            tasks: TaskTracker::new(),
        }
    }
}

/// What to do when no decision can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailMode {
    /// The action goes ahead, and the missing decision is reported.
    Open,
    /// The action does not happen.
    Closed,
}

/// What is removed before anything leaves the process.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "seven independent switches")]
pub struct Privacy {
    /// Whether personal data is removed at all.
    pub enabled: bool,
    /// Whether the input of a trace is scrubbed.
    pub input: bool,
    /// Whether its output is.
    pub output: bool,
    /// Whether its metadata are. Whatever else is text in it always is, except ids.
    pub metadata: bool,
    /// Whether short hashes of what was removed are kept, so that equal values can be told from different ones.
    pub hash: bool,
    /// How they are hashed: as published clients do, or with a key of the application's own.
    pub hashing: Hash,
    /// Whether the keys of objects are scrubbed like their values.
    pub keys: bool,
    /// Whether names of persons that a phrase introduces are removed.
    pub names: bool,
}

impl Default for Privacy {
    fn default() -> Self {
        Self {
            enabled: false,
            input: true,
            output: true,
            metadata: true,
            hash: true,
            hashing: Hash::Plain,
            keys: true,
            names: false,
        }
    }
}

/// An API key: never printed, fit for a header.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// Takes a key as a user typed it; spaces and line ends around it are dropped.
    pub fn new(key: &str) -> Result<Self, InvalidSetting> {
        let key = key.trim();
        if key.is_empty() {
            return Err(InvalidSetting("the API key is empty".to_owned()));
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidSetting(
                "the API key contains characters that no key has; copy it again".to_owned(),
            ));
        }
        Ok(Self(key.to_owned()))
    }

    /// The key itself, for the header and the signature.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

/// A setting that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSetting(pub(crate) String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_trimmed_checked_and_never_printed() {
        let key = ApiKey::new(" exe_dev_abc\n").expect("a key");
        assert_eq!(key.expose(), "exe_dev_abc");
        assert_eq!(format!("{key:?}"), "ApiKey(…)");
        assert!(ApiKey::new("  ").is_err());
        assert!(ApiKey::new("exe\ndev").is_err());
        assert!(ApiKey::new("exé").is_err());
    }
}
